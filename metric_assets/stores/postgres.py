"""The door to Postgres: read-only sessions, one snapshot a reading, Arrow out.

Belongs here: what a session is told, quoting of binds, advisory locks, translation of driver
errors. Does not belong here: how long the driver is waited for (postgres_session), what is read
(sql/) or why (pipeline, reconcile).
"""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime, timezone
from typing import Any

import adbc_driver_manager
import polars as pl
import psycopg
import pyarrow.lib
from psycopg import sql as quoting
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from metric_assets.errors import (
    BusyError,
    SchemaDriftError,
    SettingsError,
    SourceError,
    UnavailableError,
    UnreachableError,
)
from metric_assets.settings import POSTGRES_URL
from metric_assets.sql import Statement, load
from metric_assets.stores.arrow import frame_of
from metric_assets.stores.bounded import Caller
from metric_assets.stores.ports import Binds, Scope
from metric_assets.stores.postgres_cures import cure
from metric_assets.stores.postgres_session import ANSWER, CONNECT_TIMEOUT, PATIENCE, Session

APPLICATION = "metric_assets"
#: What one Arrow batch may weigh on its way from the driver; bounds memory whatever the range.
BATCH_BYTES = 16 << 20
#: Milliseconds after which the network is given up that does not acknowledge what was sent; with
#: the keepalives of _conninfo, which ask where nothing is sent, about as long after the last word.
UNACKNOWLEDGED = 60_000

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

    ``statement_timeout`` is in seconds, ``name`` is the setting that holds the URL. Every session
    is read-only and says so to the server.
    """

    def __init__(
        self, url: str, *, statement_timeout: int = 1800, name: str = POSTGRES_URL
    ) -> None:
        self._url = url
        self._name = name
        self._timeout = statement_timeout
        try:
            self._password = conninfo_to_dict(url).get("password")
        except psycopg.Error:
            # Not the driver's words: they repeat what could not be read, password and all.
            raise SettingsError(f"{name}: libpq cannot read it as a URL") from None
        # Connecting costs more than a small range; readings of one run follow one another.
        self._idle: list[Session] = []

    @contextmanager
    def read(self, statement: Statement, binds: Binds, owner: str) -> Iterator[PostgresReading]:
        """Open a reading in one read-only REPEATABLE READ transaction."""
        text = render(statement, binds)
        with self._translated(statement.name):
            session = self._begin(owner)
            try:
                yield PostgresReading(session, text)
                session.close_cursor()
                session.ask("postgres/end")
            except BaseException:
                session.give_up()
                raise
        self._idle.append(session)

    def _begin(self, owner: str) -> Session:
        """A session in a new transaction: a kept one if it still lives, else a new one."""
        while self._idle:
            kept = self._idle.pop()
            try:
                kept.ask("postgres/begin")
            except _BROKEN:
                kept.give_up()
            else:
                return kept
        session = Session(self._conninfo(owner), self._timeout)
        try:
            session.ask("postgres/begin")
        except BaseException:
            session.give_up()
            raise
        return session

    def __enter__(self) -> Postgres:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close sessions kept for the next reading."""
        while self._idle:
            self._idle.pop().end()

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
            turn = PostgresTurn(self._conninfo("lock"), scope)
        try:
            for metric in sorted(scope.metrics):
                key = _lock_key(f"{scope.entity}/{metric}/{scope.ids.key}")
                with self._translated(scope.label):
                    held = turn.ask(render(load("postgres/lock"), {"key": key}))
                if not held:
                    raise BusyError(
                        f"{scope.entity}/{metric}/{scope.ids.key}: another run is materializing"
                        " this partition right now; nothing was written. Wait for it, or end it"
                    )
            yield turn
        finally:
            turn.leave()

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
            tcp_user_timeout=UNACKNOWLEDGED,
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
        advice = cure(text, state, self._name)
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
        if advice:
            return UnreachableError(f"{what}: Postgres cannot be reached: {text}. {advice}")
        broken = not state and not _REFUSED.search(text)
        if broken or state.startswith(_TRANSIENT):
            return UnavailableError(f"{what}: Postgres cannot be reached or broke off: {text}")
        return SourceError(f"{what}: Postgres refused: {text}")


class PostgresReading:
    """One statement being read; frames come as the server sends them."""

    def __init__(self, session: Session, text: str) -> None:
        self._session = session
        self._text = text
        self._snapshot = str(session.ask("postgres/snapshot") or "")
        self._cursor = session.open()

    @property
    def snapshot(self) -> str:
        """The transaction snapshot in Postgres' own notation."""
        return self._snapshot

    def frames(self) -> Iterator[pl.DataFrame]:
        """Rows in batches of at most BATCH_BYTES."""
        began = time.monotonic()

        def execute() -> Any:
            options = {"adbc.postgresql.batch_size_hint_bytes": str(BATCH_BYTES)}
            self._cursor.adbc_statement.set_options(**options)
            self._cursor.execute(self._text)
            return self._cursor.fetch_record_batch()

        reader = self._session.statement(execute, began)
        yield frame_of(reader.schema.empty_table())
        while (batch := self._session.statement(lambda: next(reader, None), began)) is not None:
            yield frame_of(batch)

    def columns(self) -> pl.DataFrame:
        """The columns the statement would return, as a frame without rows; it is not run."""
        schema = self._session.statement(lambda: self._cursor.adbc_execute_schema(self._text))
        return frame_of(schema.empty_table())

    def plan(self) -> dict[str, Any]:
        """How the planner would run the statement, the top node; it is not run."""

        def explain() -> Any:
            # COPY, in which the driver wraps what it reads, does not take EXPLAIN.
            self._cursor.adbc_statement.set_options(**{"adbc.postgresql.use_copy": "false"})
            self._cursor.execute(f"{load('postgres/explain').text}\n{self._text}")
            return self._cursor.fetchone()[0]

        top: dict[str, Any] = json.loads(self._session.statement(explain))[0]["Plan"]
        return top

    def cancel(self) -> None:
        """Have the server end the statement; ends within PATIENCE even if the server does not."""
        self._session.cancel()


class PostgresTurn:
    """Advisory locks held by one session."""

    def __init__(self, conninfo: str, scope: Scope) -> None:
        self._scope = scope
        self._caller = Caller("postgres-lock")
        self._connection: psycopg.Connection[Any] = self._caller.call(
            lambda: psycopg.connect(conninfo, autocommit=True), 4 * CONNECT_TIMEOUT
        )

    def ask(self, text: str) -> Any:
        """The first value of a statement that a living server answers at once."""

        def asked() -> Any:
            row = self._connection.execute(text.encode()).fetchone()
            return row[0] if row else None

        return self._caller.call(asked, ANSWER)

    def confirm(self) -> None:
        """Ask the server on the locks' own session: if that is gone, so are they."""
        try:
            self.ask(load("postgres/alive").text)
        except (psycopg.Error, TimeoutError) as error:
            raise BusyError(
                f"{self._scope.label}: lost the hold on this partition ({type(error).__name__});"
                " another run may have taken over, so this one stops before it writes"
            ) from None

    def leave(self) -> None:
        """Let go and close, within PATIENCE; never raises."""
        connection = self._connection

        def close() -> None:
            with suppress(psycopg.Error):
                connection.execute(load("postgres/unlock").text.encode())
            connection.close()

        self._caller.end(close, PATIENCE)


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


def _lock_key(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big", signed=True)
