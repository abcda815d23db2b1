"""Statements as Postgres is sent them, and keys of advisory locks.

Belongs here: quoting of binds. Does not belong here: a connection.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime, timezone

from psycopg import sql as quoting

from metric_assets.sql import IDENTIFIER, Statement, StatementError, load
from metric_assets.stores.ports import Bind, Binds


def render(statement: Statement, binds: Binds) -> str:
    """The statement with typed literals and names, quoted by psycopg, in place of its placeholders.

    COPY, which ADBC streams from, takes no parameters. Raises StatementError for other binds than
    the text asks for.
    """
    statement.check(binds)

    def place(name: str, kind: str | None) -> str:
        return _names(binds[name]) if kind == IDENTIFIER else _literal(binds[name])

    return statement.fill(place)


def text_of(name: str, **binds: int | str | list[int] | list[str]) -> str:
    """The statement of a name below sql/postgres, rendered."""
    return render(load(f"postgres/{name}"), binds)


def lock_key(text: str) -> int:
    """The key, a signed 64-bit number, of the advisory lock that stands for a text."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big", signed=True)


def _names(value: Bind) -> str:
    """A name of a table or column as an identifier; several with commas between them."""
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, Sequence) or not names:
        raise StatementError(f"{value!r} is no name of a table or column")
    return ", ".join(quoting.Identifier(str(name)).as_string(None) for name in names)


def _literal(value: object) -> str:
    if isinstance(value, datetime):
        # Source times are UTC without zone.
        value = value.astimezone(timezone.utc).replace(tzinfo=None)
    return quoting.Literal(value).as_string(None)
