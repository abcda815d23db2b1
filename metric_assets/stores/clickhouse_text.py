"""Statements as ClickHouse is sent them: what is quoted into their text, what the server binds."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from clickhouse_connect.driver.binding import format_str, quote_identifier

from metric_assets.sql import IDENTIFIER, Statement, StatementError
from metric_assets.stores.ports import Binds


def render(statement: Statement, binds: Binds) -> tuple[str, dict[str, Any]]:
    """The text and the parameters that the server binds itself.

    Names of tables and literals in places where ClickHouse takes no parameter are quoted by the
    driver's own functions. A Clause is put in as it is: it is the server's own text (keys and types
    of the target) or a number of a setting, never text that a user gave. Raises StatementError for
    other binds than the text asks for.
    """
    statement.check(binds)
    served: dict[str, Any] = {}

    def place(name: str, kind: str | None) -> str:
        value = binds[name]
        if kind == IDENTIFIER:
            return quote_identifier(str(value))
        if kind == "Literal":
            return str(format_str(str(value)))
        if kind == "Clause":
            return str(value)
        served[name] = _instant(value) if isinstance(value, datetime) else value
        return f"{{{name}:{kind}}}"

    return statement.fill(place), served


def fragment(statement: Statement, binds: Binds) -> str:
    """A piece of a statement, in parentheses, with its names put in.

    Raises StatementError as render() does, and for a value: the server could not bind it there.
    """
    text, served = render(statement, binds)
    if served:
        raise StatementError(f"sql/{statement.name}.sql: a fragment cannot bind {sorted(served)}")
    return f"({text})"


def name_of(statement: Statement, binds: Binds) -> str:
    """How messages name a statement: with the table that it is about."""
    tables = ("target", "table", "stage", "difference", "surplus")
    table = next((binds[name] for name in tables if name in binds), "")
    return f"{statement.name} ({table})" if table else statement.name


def _instant(value: datetime) -> str:
    value = value.astimezone(timezone.utc)
    return f"{value:%Y-%m-%d %H:%M:%S}.{value.microsecond // 1000:03d}"
