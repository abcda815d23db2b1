"""Statements as Postgres is sent them, and keys of advisory locks.

Belongs here: quoting of binds. Does not belong here: a connection.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime, timezone

from psycopg import sql as quoting

from metric_assets.sql import Statement, load
from metric_assets.stores.ports import Binds


def render(statement: Statement, binds: Binds) -> str:
    """The statement with typed literals, quoted by psycopg, in place of its placeholders.

    COPY, which ADBC streams from, takes no parameters. Raises StatementError for other binds than
    the text asks for.
    """
    statement.check(binds)
    literals: Mapping[str, str] = {name: _literal(value) for name, value in binds.items()}
    return statement.fill(lambda name, _: literals[name])


def text_of(name: str, **binds: int | str | list[int] | list[str]) -> str:
    """The statement of a name below sql/postgres, rendered."""
    return render(load(f"postgres/{name}"), binds)


def lock_key(text: str) -> int:
    """The key, a signed 64-bit number, of the advisory lock that stands for a text."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big", signed=True)


def _literal(value: object) -> str:
    if isinstance(value, datetime):
        # Source times are UTC without zone.
        value = value.astimezone(timezone.utc).replace(tzinfo=None)
    return quoting.Literal(value).as_string(None)
