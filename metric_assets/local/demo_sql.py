"""The demo's SQL: name in, text out, placeholders filled with typed literals.

Belongs here: finding the files under ``sql/demo`` and rendering them for Postgres. ClickHouse
files keep their ``{name:Type}`` parameters, which its server binds. Does not belong here: running
anything; the statements of production runs, which are never rendered (``metric_assets.sql``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Final

from metric_assets import sql

Value = int | str | datetime

_PLACEHOLDER: Final = re.compile(r"(?<![:\w]):([a-z_]+)")
_COMMENT: Final = re.compile(r"--[^\n]*")


class Fragment(str):
    """Text of another .sql file, put in as it is."""

    __slots__ = ()


def root() -> Path:
    """Return the folder of the demo's SQL."""
    return sql.root() / "demo"


def names(part: str) -> list[str]:
    """Return the files of a part (schema, data …), those of all entities, in running order.

    A part is a file of an entity's folder, or a folder of numbered files in it. Numbered files come
    first, by number; of the others what entities share.
    """
    files = [*root().glob(f"*/{part}.sql"), *root().glob(f"*/{part}/*.sql")]
    found = [path.relative_to(root()).with_suffix("").as_posix() for path in files]

    def order(name: str) -> tuple[str, bool, str]:
        numbered = name.partition(f"/{part}/")[2]
        return numbered or "~", not name.startswith("shared/"), name

    return sorted(found, key=order)


def own(entity: str, part: str) -> str | None:
    """Return an entity's own file of a part; None if it has none."""
    name = f"{entity.lower()}/{part}"
    return name if (root() / f"{name}.sql").is_file() else None


def text(name: str) -> str:
    """Return a file's text without comments (which may hold colons and semicolons)."""
    source = (root() / f"{name}.sql").read_text(encoding="utf-8")
    return _COMMENT.sub("", source).strip().removesuffix(";")


def render(name: str, values: dict[str, Value]) -> str:
    """Return a Postgres file's text with every ``:name`` replaced by a typed literal."""

    def literal(match: re.Match[str]) -> str:
        if match[1] not in values:
            raise KeyError(f"sql/demo/{name}.sql: nothing bound to :{match[1]}")
        return _literal(values[match[1]])

    return _PLACEHOLDER.sub(literal, text(name))


def fill(statement: sql.Statement, values: Mapping[str, Value]) -> str:
    """Return a production statement of Postgres with its placeholders replaced by literals."""
    return statement.fill(lambda name, _kind: _literal(values[name]))


def _literal(value: Value) -> str:
    if isinstance(value, Fragment):
        return str(value)
    if isinstance(value, datetime):
        moment = value.astimezone(timezone.utc).replace(tzinfo=None)
        return f"TIMESTAMP '{moment.isoformat(sep=' ', timespec='milliseconds')}'"
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return str(value)
