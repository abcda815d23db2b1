"""Holds a document of --json to what cli/documents.py says of it: every key, its type, its codes.

Belongs here: that comparison, which tests of all kinds make. Does not belong here: a document.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from metric_assets.cli.documents import COMMON, DOCUMENTS
from metric_assets.cli.shape import CODES, Shape
from metric_assets.cli.shapes import ROWS

#: What the last word of another document of the same command begins with.
_MARKS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ-"
_PLAIN: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
}


def hold(command: str | None, document: Any) -> None:
    """Fail unless the document is what its command promises; None for one that is only an error.

    A command that ends with an error has what it has got so far: what is there is what is promised.
    """
    shapes = [
        shape
        for name, shape in DOCUMENTS.items()
        if name == command
        or (name.startswith(f"{command} ") and name.split()[-1].startswith(tuple(_MARKS)))
    ]
    if isinstance(document, dict) and document.get("error") is not None:
        shapes = [
            {name: shape[name] for name in shape.keys() & document.keys()} for shape in shapes
        ]
    found = [
        list(_object({**COMMON, **shape}, document, command or "error")) for shape in shapes or [{}]
    ]
    if all(found):
        raise AssertionError("\n\n".join("\n".join(wrong) for wrong in found))


def _object(shape: Shape, value: Any, place: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{place}: is no object: {value!r}"
        return
    for name in shape.keys() ^ value.keys():
        yield f"{place}.{name}: {'is absent' if name in shape else 'is not described'}"
    for name in shape.keys() & value.keys():
        yield from _value(shape[name].type, value[name], f"{place}.{name}")


def _value(kind: str, value: Any, place: str) -> Iterator[str]:
    if kind.endswith("?"):
        if value is not None:
            yield from _value(kind[:-1], value, place)
    elif kind.startswith(("[", "{")):
        expected = list if kind.startswith("[") else dict
        if not isinstance(value, expected):
            yield f"{place}: expected {kind}, found {value!r}"
            return
        parts = value.items() if isinstance(value, dict) else enumerate(value)
        for name, one in parts:
            yield from _value(kind[1:-1], one, f"{place}[{name}]")
    elif kind in ROWS:
        yield from _object(ROWS[kind], value, place)
    elif not _fits(kind, value):
        yield f"{place}: expected {kind}, found {value!r}"


def _fits(kind: str, value: Any) -> bool:
    if kind in CODES:
        return value in CODES[kind]
    if kind == "any":
        return True
    if kind == "instant":
        return isinstance(value, str) and datetime.fromisoformat(value).tzinfo is not None
    # A truth value is an int of Python's, and no number of JSON's.
    return isinstance(value, _PLAIN[kind]) and isinstance(value, bool) is (kind == "boolean")
