"""The door to Postgres: read-only sessions, one snapshot a reading, Arrow out.

Belongs here: connections, quoting of binds, cancelling, advisory locks, translation of driver
errors. Does not belong here: what is read (sql/) or why (pipeline, reconcile).
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime, timezone
from typing import Any

import adbc_driver_manager
import adbc_driver_postgresql.dbapi as adbc
import polars as pl
import psycopg
import pyarrow.lib
from psycopg import sql as quoting
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from metric_assets.errors import BusyError, SchemaDriftError, SourceError, UnavailableError
from metric_assets.sql import Statement, load
from metric_assets.stores.arrow import frame_of
from metric_assets.stores.ports import Binds, Scope

APPLICATION = "metric_assets"
#: What one Arrow batch may weigh on its way from the driver; bounds memory whatever the range.
BATCH_BYTES = 8 << 20
CONNECT_TIMEOUT = 15

#: SQLSTATE classes and codes that another attempt can outlive: connection lost, shutdown,
#: deadlock, serialization, resources, a replica's conflict with recovery.
_TRANSIENT = ("08", "40", "53", "57P", "58", "55P03")
#: Undefined or wrongly typed tables and columns.
_DRIFT = ("42703", "42P01", "42804", "42883", "42846", "22P02")
_TIMED_OUT = "57014"
#: What a refused or broken statement raises; in the middle of a stream it is Arrow that raises.
_BROKEN = (adbc_driver_manager.Error, psycopg.Error, OSError, pyarrow.lib.ArrowException)
#: How the server says so, and that it refuses, where only the text is known.
_ENDED = re.compile(r"ERROR: +canceling statement due to (statement timeout|user request)")
_REFUSED = re.compile(r"ERROR: +(?!canceling statement|terminating connection)")


class Postgres:
    """A Postgres database reached by ``url`` (libpq), as a source and as a turnstile.

    ``statement_timeout`` is in seconds. Every session is read-only and says so to the server.
    """

    def __init__(self, url: str, *, statement_timeout: int = 1800) -> None:
        self._url = url
        self._timeout = statement_timeout
        self._password = conninfo_to_dict(url).get("password")
        # Connecting costs more than a small range; readings of one run follow one another.
        self._idle: list[Any] = []

    @contextmanager
    def read(self, statement: Statement, binds: Binds, owner: str) -> Iterator[PostgresReading]:
        """Open a reading in one read-only REPEATABLE READ transaction."""
        text = render(statement, binds)
        with self._translated(statement.name):
            connection = self._begin(owner)
            reading = None
            try:
                reading = PostgresReading(connection, text)
                yield reading
                reading.close()
                _execute(connection, "postgres/end")
            except BaseException:
                # Closing waits for a statement under way; the server must end it first.
                _quietly(connection.adbc_cancel)
                if reading is not None:
                    _quietly(reading.close)
                _quietly(connection.close)
                raise
        self._idle.append(connection)

    def _begin(self, owner: str) -> Any:
        """A connection in a new transaction: a kept one if it still lives, else a new one."""
        while self._idle:
            kept = self._idle.pop()
            try:
                _execute(kept, "postgres/begin")
            except adbc_driver_manager.Error:
                _quietly(kept.close)
            else:
                return kept
        # Outside autocommit the driver would leave the session in a transaction for good.
        connection = adbc.connect(self._conninfo(owner), autocommit=True)
        _execute(connection, "postgres/begin")
        return connection

    def __enter__(self) -> Postgres:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close connections kept for the next reading."""
        while self._idle:
            _quietly(self._idle.pop().close)

    def frame(self, statement: Statement, binds: Binds) -> pl.DataFrame:
        """All rows of a small statement."""
        with self.read(statement, binds, "query") as reading:
            return pl.concat(reading.frames())

    @contextmanager
    def enter(self, scope: Scope) -> Iterator[PostgresTurn]:
        """Hold an advisory lock a pair and range, as long as this session lives.

        The server lets go when the client dies, so whoever gets the lock knows that what an
        earlier attempt left behind belongs to nobody.
        """
        with self._translated(scope.label):
            connection = psycopg.connect(self._conninfo("lock"), autocommit=True)
        with connection:
            statement = load("postgres/lock")
            for metric in sorted(scope.metrics):
                key = _lock_key(f"{scope.entity}/{metric}/{scope.ids.key}")
                with self._translated(scope.label):
                    row = connection.execute(render(statement, {"key": key}).encode()).fetchone()
                if row is None or not row[0]:
                    raise BusyError(
                        f"{scope.entity}/{metric}/{scope.ids.key}: another run is materializing"
                        " this partition right now; nothing was written. Wait for it, or end it"
                    )
            try:
                yield PostgresTurn(connection, scope)
            finally:
                _quietly(lambda: connection.execute(load("postgres/unlock").text.encode()))

    def _conninfo(self, owner: str) -> str:
        given = conninfo_to_dict(self._url).get("options") or ""
        options = (
            f"{given} -c default_transaction_read_only=on"
            " -c default_transaction_isolation=repeatable\\ read"
            f" -c statement_timeout={self._timeout}s"
            f" -c idle_in_transaction_session_timeout={self._timeout}s"
            " -c client_connection_check_interval=5s"
            " -c timezone=UTC"
        )
        name = f"{APPLICATION}:{owner}"[:63]
        return make_conninfo(
            self._url,
            options=options.strip(),
            application_name=name,
            connect_timeout=CONNECT_TIMEOUT,
            keepalives_idle=30,
            keepalives_interval=10,
            keepalives_count=3,
        )

    @contextmanager
    def _translated(self, what: str) -> Iterator[None]:
        try:
            yield
        except _BROKEN as error:
            raise self._translate(what, error) from None

    def _translate(self, what: str, error: Exception) -> Exception:
        state = getattr(error, "sqlstate", None) or ""
        text = str(error).strip()
        # An error in the middle of a stream comes through Arrow, which knows no code.
        if not state and _ENDED.search(text):
            state = _TIMED_OUT
        if self._password:
            text = text.replace(str(self._password), "***")
        if state == _TIMED_OUT:
            return SourceError(
                f"{what}: the source ended the statement after {self._timeout} s or on request:"
                f" {text}. Smaller ranges, an index (`metric-assets doctor`) or"
                " METRIC_ASSETS_STATEMENT_TIMEOUT_SECONDS help"
            )
        if state.startswith(_DRIFT):
            return SchemaDriftError(f"{what}: the source is not as the statement expects: {text}")
        broken = not state and not _REFUSED.search(text)
        if broken or state.startswith(_TRANSIENT):
            return UnavailableError(f"{what}: Postgres cannot be reached or broke off: {text}")
        return SourceError(f"{what}: Postgres refused: {text}")


class PostgresReading:
    """One statement being read; frames come as the server sends them."""

    def __init__(self, connection: Any, text: str) -> None:
        self._connection = connection
        self._text = text
        self._cursor = connection.cursor()
        self._cursor.execute(load("postgres/snapshot").text)
        row = self._cursor.fetchone()
        self._snapshot = "" if row is None else str(row[0])

    @property
    def snapshot(self) -> str:
        """The transaction snapshot in Postgres' own notation."""
        return self._snapshot

    def close(self) -> None:
        """Let go of the statement; its connection may be used again."""
        self._cursor.close()

    def frames(self) -> Iterator[pl.DataFrame]:
        """Rows in batches of at most BATCH_BYTES."""
        options = {"adbc.postgresql.batch_size_hint_bytes": str(BATCH_BYTES)}
        self._cursor.adbc_statement.set_options(**options)
        self._cursor.execute(self._text)
        reader = self._cursor.fetch_record_batch()
        yield frame_of(reader.schema.empty_table())
        for batch in reader:
            yield frame_of(batch)

    def columns(self) -> pl.DataFrame:
        """The columns the statement would return, as a frame without rows; it is not run."""
        return frame_of(self._cursor.adbc_execute_schema(self._text).empty_table())

    def plan(self) -> dict[str, Any]:
        """How the planner would run the statement, the top node; it is not run."""
        # COPY, in which the driver wraps what it reads, does not take EXPLAIN.
        self._cursor.adbc_statement.set_options(**{"adbc.postgresql.use_copy": "false"})
        self._cursor.execute(f"{load('postgres/explain').text}\n{self._text}")
        top: dict[str, Any] = json.loads(self._cursor.fetchone()[0])[0]["Plan"]
        return top

    def cancel(self) -> None:
        """Have the server end the statement."""
        _quietly(self._connection.adbc_cancel)


class PostgresTurn:
    """Advisory locks held by one session."""

    def __init__(self, connection: psycopg.Connection[Any], scope: Scope) -> None:
        self._connection = connection
        self._scope = scope
        self._guard = threading.Lock()

    def confirm(self) -> None:
        """Ask the server on the locks' own session: if that is gone, so are they."""
        try:
            with self._guard:
                self._connection.execute(load("postgres/alive").text.encode())
        except psycopg.Error as error:
            raise BusyError(
                f"{self._scope.label}: lost the hold on this partition ({type(error).__name__});"
                " another run may have taken over, so this one stops before it writes"
            ) from None


def render(statement: Statement, binds: Binds) -> str:
    """The statement with typed literals, quoted by psycopg, in place of its placeholders.

    COPY, which ADBC streams from, takes no parameters. Raises StatementError for other binds than
    the text asks for.
    """
    statement.check(binds)
    literals: Mapping[str, str] = {name: _literal(value) for name, value in binds.items()}
    return statement.fill(lambda name, _: literals[name])


def _literal(value: object) -> str:
    if isinstance(value, datetime):
        # Source times are UTC without zone (reference/schema.md).
        value = value.astimezone(timezone.utc).replace(tzinfo=None)
    return quoting.Literal(value).as_string(None)


def _execute(connection: Any, name: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(load(name).text)


def _lock_key(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big", signed=True)


def _quietly(action: Any) -> None:
    # The connection is being given up: the error that led here is the news.
    with suppress(Exception):
        action()
