"""``python -m metric_assets_tests.promises``: docs/results/promises.md, made from the tests' markers.

A test that holds a promise to users says so::

    @pytest.mark.promise("What is promised.", when="in which situation", area="races")

Belongs here: reading the markers and writing the page. The tests that hold them are not run.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "results" / "promises.md"
#: The page's sections, in this order.
AREAS = {
    "counter": "The counter and its source",
    "targets": "Target layouts",
    "sources": "Sources that show less, and locks",
    "kills": "Killed processes",
    "stalls": "Stalls",
    "networks": "Networks",
    "races": "Races",
    "protection": "Protection of the source",
    "refusals": "Refusals by the target",
    "rows": "Wrong rows",
    "drift": "Schema drift",
    "settings": "Settings and names",
    "undo": "Undo",
    "operators": "What operators see and are told",
}
_HEAD = """# Promises and their tests

What is promised in which situation, and the test that fails if it is broken. `make test` runs them all, those below
`integration/` and `end_to_end/` against real engines; those marked *by URL* need
[a server](../how-to/testing-against-a-server.md). `pytest -m promise` runs these alone.

Written by `python -m metric_assets_tests.promises` from the markers of the tests.
"""


class PromiseError(Exception):
    """A marker that cannot be put on the page."""


@dataclass(frozen=True)
class Promise:
    """A marker of a test; ``file`` is relative to the repository."""

    area: str
    when: str
    text: str
    file: Path
    test: str


def read(file: Path, root: Path = ROOT) -> Iterator[Promise]:
    """The promises of a test module below ``root``, in its order."""
    for node in ast.parse((root / file).read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef):
            for decorator in node.decorator_list:
                if (
                    isinstance(decorator, ast.Call)
                    and ast.unparse(decorator.func) == "pytest.mark.promise"
                ):
                    yield _promise(decorator, file, node.name)


def _promise(marker: ast.Call, file: Path, test: str) -> Promise:
    """A marker's promise; raises PromiseError unless it has literal text, when and area."""
    try:
        (text,) = map(ast.literal_eval, marker.args)
        named = {str(keyword.arg): ast.literal_eval(keyword.value) for keyword in marker.keywords}
        promise = Promise(named.pop("area"), named.pop("when"), text, file, test)
    except (KeyError, ValueError) as error:
        raise PromiseError(f"{file}::{test}: promise(text, when=…, area=…), all literal") from error
    if named or promise.area not in AREAS:
        raise PromiseError(f"{file}::{test}: text, when and area, which is one of {list(AREAS)}")
    return promise


def document() -> str:
    """The page."""
    files = sorted((ROOT / "metric_assets_tests").rglob("test_*.py"))
    promises = [promise for file in files for promise in read(file.relative_to(ROOT))]
    lines = [_HEAD]
    for area, title in AREAS.items():
        lines += [f"## {title}", "", "| situation | promise | test |", "|---|---|---|"]
        lines += [_line(promise) for promise in promises if promise.area == area]
        lines.append("")
    return "\n".join(lines)


def _line(promise: Promise) -> str:
    test = f"[`{promise.file.stem}::{promise.test}`](../../{promise.file.as_posix()})"
    cells = [cell.replace("|", "\\|") for cell in (promise.when, promise.text)]
    return f"| {cells[0]} | {cells[1]} | {test} |"


def main() -> int:
    """Write the page."""
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(document(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
