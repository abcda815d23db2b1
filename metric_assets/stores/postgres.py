"""The Postgres client: read-only transactions of one snapshot, and the partition lock.

Belongs here: what a session and a transaction are told, and that it holds. Does not belong here:
how rows are streamed (postgres_reading), how long the driver is waited for (postgres_session), or
the lock's own connection (postgres_lock).
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import polars as pl
import psycopg
from psycopg.conninfo import conninfo_to_dict

from metric_assets import defaults
from metric_assets.errors import MetricAssetsError, SettingsError, SourceError
from metric_assets.settings import POSTGRES_URL
from metric_assets.source_state import SourceState
from metric_assets.sql import Statement
from metric_assets.stores.ports import Binds, Scope
from metric_assets.stores.postgres_errors import BROKEN, translate
from metric_assets.stores.postgres_lock import PostgresLock, label_of
from metric_assets.stores.postgres_reading import PostgresReading
from metric_assets.stores.postgres_session import Session, application_name, conninfo
from metric_assets.stores.postgres_standing import Standing
from metric_assets.stores.postgres_state import state_of, unknown_state
from metric_assets.stores.postgres_text import render, text_of

#: Codes by which a server refuses to say what it is: no privilege, not supported, unknown.
_UNTOLD = ("42501", "0A000", "42883", "42P01", "42703", "55000")


class Postgres:
    """A Postgres database reached by ``url`` (libpq), as a source and for the partition lock.

    ``statement_timeout`` is in seconds, ``name`` is the setting that holds the URL. Every reading
    is read-only and says so to the server. Its sessions stand by in ``standing`` when it is closed.
    """

    def __init__(
        self,
        url: str,
        *,
        statement_timeout: int = defaults.STATEMENT_TIMEOUT,
        name: str = POSTGRES_URL,
        standing: Standing | None = None,
    ) -> None:
        self._url = url
        self._standing = standing
        self._place = f"{statement_timeout} {url}"
        self._name = name
        self._timeout = statement_timeout
        try:
            self._password = conninfo_to_dict(url).get("password")
        except psycopg.Error:
            # Not the driver's words: they repeat what could not be read, password and all.
            raise SettingsError(f"{name}: libpq cannot read it as a URL") from None
        # Connecting costs more than a small range; readings of one run follow one another.
        self._idle: list[Session] = []
        self._taking = threading.Lock()

    @contextmanager
    def read(
        self, statement: Statement, binds: Binds, owner: str, tables: Sequence[str] = ()
    ) -> Iterator[PostgresReading]:
        """Open a reading in one read-only REPEATABLE READ transaction.

        With ``tables``, the source tables that the statement reads, the reading knows the state of
        the source. Raises SourceError if the transaction is not as it was asked for.
        """
        text = render(statement, binds)
        what = f"{statement.name} ({binds['table']})" if "table" in binds else statement.name
        with self._translated(what), self._session(owner) as session:
            state = self._opened(session, what, owner, tables)
            yield PostgresReading(session, text, state)
            session.close_cursor()

    def expected(self, statement: Statement, binds: Binds, owner: str) -> int:
        """The most rows that the planner expects of a step of a statement; it is not run."""
        with self.read(statement, binds, owner) as reading:
            return reading.expected()

    def now(self) -> None:
        """A reading's snapshot says what it shows."""

    @contextmanager
    def _session(self, owner: str) -> Iterator[Session]:
        """A session in a new reading transaction, kept for the next one if nothing goes wrong."""
        session = self._connected(owner)
        try:
            yield session
            session.finish()
        except BaseException:
            session.give_up()
            raise
        self._idle.append(session)

    def _connected(self, owner: str) -> Session:
        """A session in a new reading transaction: a kept one if it lives, else a new one."""
        while (kept := self._taken()) is not None:
            try:
                kept.begin(text_of("begin"))
            except BROKEN:  # noqa: PERF203 - one of few.
                kept.give_up()
            else:
                return kept
        session = Session(conninfo(self._url, owner), self._timeout)
        try:
            session.begin(text_of("begin"))
        except BaseException:
            session.give_up()
            raise
        return session

    def _taken(self) -> Session | None:
        """A kept session, for one thread."""
        with self._taking:
            if self._idle:
                return self._idle.pop()
        return self._standing.take(self._place) if self._standing else None

    def _opened(
        self, session: Session, what: str, owner: str, tables: Sequence[str]
    ) -> SourceState:
        """Make a new transaction a reading, and find out what the source is."""
        snapshot = self._bounded(session, what, owner)
        if not tables:
            return unknown_state(snapshot, "it was not asked")
        try:
            return state_of(session.ask(text_of("state", tables=list(tables))), snapshot)
        except BROKEN as error:
            if getattr(error, "sqlstate", None) not in _UNTOLD:
                raise
            why = str(error).strip()
        # The refusal has ended the transaction: another, which is not asked.
        session.finish()
        session.begin(text_of("begin"))
        return unknown_state(self._bounded(session, what, owner), why)

    def _bounded(self, session: Session, what: str, owner: str) -> str:
        """Set the transaction's name and bounds, and see that they hold; the snapshot."""
        name = application_name(owner)
        found = session.ask(text_of("bounds", application=name, timeout=f"{self._timeout}s"))
        asked = {
            "isolation": "repeatable read",
            "readOnly": "on",
            "zone": "UTC",
            "rowSecurity": "off",
            "statement": float(self._timeout),
            "idle": float(self._timeout),
        }
        broken = [f"{name} {found.get(name)}, not {value}" for name, value in asked.items()
                  if found.get(name) != value]  # fmt: skip
        if broken:
            raise SourceError(
                f"{self._name}: {what}: the transaction is not as it was asked for"
                f" ({'; '.join(broken)}), so nothing was read. Something between us and the server"
                " changes what is sent: point the URL at the server itself or at a pool in"
                " transaction or session mode"
            )
        return str(found["snapshot"])

    def __enter__(self) -> Postgres:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close sessions kept for the next reading, or have them stand by."""
        while self._idle:
            session = self._idle.pop()
            self._standing.keep(self._place, session) if self._standing else session.end()

    def frame(self, statement: Statement, binds: Binds) -> pl.DataFrame:
        """All rows of a small statement."""
        with self.read(statement, binds, "query") as reading:
            return pl.concat(reading.frames())

    @contextmanager
    def acquire(self, *scopes: Scope) -> Iterator[PostgresLock]:
        """Hold the partition lock of every pair of the scopes, verified from a second session.

        Raises BusyError if another run holds one, SourceError if the lock excludes nobody.
        """
        with self._locking(scopes) as lock:
            with self._translated(lock.label):
                lock.acquire()
                self._verify(lock)
            yield lock

    @contextmanager
    def watch(self, attempt: str, *scopes: Scope) -> Iterator[PostgresLock]:
        """Look on at the scopes' pairs without holding them up, and say that an attempt lives.

        Raises BusyError if a run is at them.
        """
        with self._locking(scopes) as lock:
            with self._translated(lock.label):
                lock.watch(attempt)
            yield lock

    @contextmanager
    def _locking(self, scopes: Sequence[Scope]) -> Iterator[PostgresLock]:
        label = label_of(scopes)
        with self._translated(label):
            lock = PostgresLock(conninfo(self._url, "lock"), scopes)
        try:
            with self._translated(label):
                lock.begin()
            yield lock
        finally:
            lock.release()

    def _verify(self, lock: PostgresLock) -> None:
        """See that another session, the one that reads, is refused what the lock holds."""
        with self._session(lock.label) as session:
            granted = session.ask(text_of("lock_granted", keys=lock.keys))["granted"]
        if granted:
            lock.verify()
            raise SourceError(
                f"{self._name}: {lock.label}: the partition lock excludes nobody: while one"
                f" session held it, another was granted {granted} of {len(lock.keys)} locks, so two"
                " runs could write at once; nothing was written. A pooler that parts transactions"
                " from their server sessions, or a balancer over several servers, is in between:"
                " point the URL at one server, or at a pool of one in transaction or session mode"
            )

    @contextmanager
    def _translated(self, what: str) -> Iterator[None]:
        try:
            yield
        except BROKEN as error:
            raise self._translate(what, error) from None

    def _translate(self, what: str, error: Exception) -> MetricAssetsError:
        secret = str(self._password) if self._password else None
        return translate(what, error, self._name, self._timeout, secret)
