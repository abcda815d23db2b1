"""The ClickHouse client: statements by name, Arrow both ways, settings pinned.

Belongs here: the client, and what every statement carries. Does not belong here: binding
(clickhouse_text), where the server is (clickhouse_address), or what an error means
(clickhouse_errors).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime, timezone
from functools import cached_property
from typing import Any

import polars as pl
from clickhouse_connect.driver.binding import quote_identifier
from clickhouse_connect.driver.client import Client

from metric_assets import defaults
from metric_assets.errors import UnavailableError
from metric_assets.source_state import SourceState
from metric_assets.sql import Statement, load
from metric_assets.stores.arrow import frame_of
from metric_assets.stores.clickhouse_address import Address
from metric_assets.stores.clickhouse_clients import CLIENTS, SERVERS
from metric_assets.stores.clickhouse_errors import BROKEN, translate
from metric_assets.stores.clickhouse_state import read_state
from metric_assets.stores.clickhouse_text import name_of, render
from metric_assets.stores.ports import Binds

#: Arrow reads come in blocks of at most this many rows; bounds memory whatever the range.
BLOCK_ROWS = 131_072
#: Connections made to find out how many servers answer: of two that take turns by chance, one stays
#: unseen once in 128 times.
CONNECTIONS = 8

_PINNED: Mapping[str, object] = {
    # On by default since 26.3: it would acknowledge before the rows are in the table.
    "async_insert": 0,
    "wait_end_of_query": 1,
    # Grouping and sorting spill to disk instead of growing with the range.
    "max_bytes_before_external_group_by": 2 << 30,
    "max_bytes_before_external_sort": 2 << 30,
    "lightweight_deletes_sync": 2,
    "mutations_sync": 2,
    # A small patch part where the table allows it, else a mutation of every part.
    "lightweight_delete_mode": "lightweight_update",
    # What goes into the target is cut into portions; a staging table has as many as there are.
    "max_partitions_per_insert_block": 0,
    # A profile that prefers half an answer to an error would make a plan of half a scope.
    "read_overflow_mode": "throw",
    "group_by_overflow_mode": "throw",
    "result_overflow_mode": "throw",
    "timeout_overflow_mode": "throw",
    # Since 26.9 a mirror could otherwise not be replaced by one of no rows.
    "allow_replace_partition_from_empty_source": 1,
}

#: A dedup log drops a block that was inserted before, deleted since and is right again. The name
#: of the switch depends on the server's version; the old one alone no longer helps on 26.x.
_DEDUP_OFF: Mapping[str, object] = {
    "insert_deduplicate": 0,
    "deduplicate_insert": "disable",
    "deduplicate_insert_select": "disable",
}


class ClickHouse:
    """A ClickHouse server reached over HTTP by ``url``; one object serves many threads.

    ``timeout`` (seconds) bounds the silence of the server within one statement.
    """

    def __init__(self, url: str, *, timeout: int = defaults.STATEMENT_TIMEOUT) -> None:
        self._address = Address.parse(url)
        self._timeout = timeout
        #: What stands for this server among those that the process knows.
        self._known_as = f"{timeout} {url}"
        #: Settings of every statement besides the pinned ones, where the server knows them.
        self.more_settings: dict[str, object] = {}

    @property
    def address(self) -> str:
        """Host and port, for messages."""
        return self._address.where

    @cached_property
    def client(self) -> Client:
        """The driver's client, connected, which other stores of this process may use as well;
        raises UnavailableError or TargetError.
        """
        with self._translated("connect"):
            return CLIENTS.of(self._known_as, lambda: self._address.connect(self._timeout))

    @cached_property
    def servers(self) -> list[str]:
        """The servers that answer at the address, each by its name and what no other server has;
        as they were a minute ago at most.
        """
        return SERVERS.of(self._known_as, self._asked_servers)

    def _asked_servers(self) -> list[str]:
        """Several connections are made, one after the other: a balancer gives each to whom it
        likes.
        """
        found: set[str] = set()
        pool = self._address.pool()
        with self._translated("connect"):
            client = self._address.connect(self._timeout, pool)
        text = load("clickhouse/server").text
        try:
            for _ in range(CONNECTIONS):
                with self._translated("servers"):
                    row = frame_of(client.query_arrow(text, use_strings=True)).row(0, named=True)
                found.add(f"{row['host']} ({row['id']})")
                # The next question takes a new connection.
                pool.clear()
        finally:
            client.close()
        return sorted(found)

    def __enter__(self) -> ClickHouse:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the client."""
        self.__dict__.pop("client", None)

    def frame(self, statement: Statement, binds: Binds, owner: str = "") -> pl.DataFrame:
        """All rows of a small statement."""
        text, parameters = render(statement, binds)
        with self._translated(name_of(statement, binds)):
            table = self.client.query_arrow(
                text, parameters=parameters, settings=self._settings(owner), use_strings=True
            )
        return frame_of(table)

    def run(self, statement: Statement, binds: Binds, owner: str, **settings: object) -> None:
        """Run a statement that returns nothing; done when this returns."""
        text, parameters = render(statement, binds)
        with self._translated(name_of(statement, binds)):
            self.client.command(
                text, parameters=parameters, settings={**self._settings(owner), **settings}
            )

    def answer(self, statement: Statement, binds: Binds) -> str:
        """The one value of a statement that cannot be asked for in a format."""
        text, parameters = render(statement, binds)
        with self._translated(statement.name):
            found = self.client.command(text, parameters=parameters, settings=self._settings(""))
        return str(found)

    def insert(self, table: str, frame: pl.DataFrame, owner: str) -> None:
        """Insert a frame by column names; durable when this returns."""
        # String views and large offsets are not understood by every server version.
        arrow = frame.to_arrow(compat_level=pl.CompatLevel.oldest())
        with self._translated(f"insert into {table}"):
            self.client.insert_arrow(quote_identifier(table), arrow, settings=self._settings(owner))

    @contextmanager
    def read(
        self, statement: Statement, binds: Binds, owner: str, tables: Sequence[str] = ()
    ) -> Iterator[ClickHouseReading]:
        """Open a reading: one SELECT, whose parts are fixed when it begins."""
        state = read_state(self, tables) if tables else SourceState("ClickHouse")
        text, parameters = render(statement, binds)
        settings = {
            **self._settings(owner),
            "wait_end_of_query": 0,
            "max_block_size": BLOCK_ROWS,
        }
        with self._translated(statement.name):
            stream = self.client.query_arrow_stream(
                text, parameters=parameters, settings=settings, use_strings=True
            )
            with stream as batches:
                yield ClickHouseReading(batches, stream, state)

    def expected(self, _statement: Statement, _binds: Binds, _owner: str) -> None:
        """Not known: the server counts granules of thousands of rows."""

    def now(self) -> datetime:
        """The server's instant, UTC: no snapshot says up to when a reading shows rows."""
        found: datetime = self.frame(load("clickhouse/now"), {})["instant"][0]
        return found

    def _settings(self, owner: str) -> dict[str, Any]:
        known = self.client.server_settings
        dedup = {name: value for name, value in _DEDUP_OFF.items() if name in known}
        pinned = {
            name: value
            for name, value in {**_PINNED, **self.more_settings}.items()
            if name in known
        }
        return {**pinned, **dedup, **({"log_comment": owner} if owner else {})}

    def profile(self, name: str) -> str | None:
        """What the server's profile gives a setting; None if the server does not know it."""
        known = self.client.server_settings.get(name)
        return None if known is None else str(known.value)

    @contextmanager
    def _translated(self, what: str) -> Iterator[None]:
        try:
            yield
        except BROKEN as error:
            found = translate(what, error, self._address)
            if isinstance(found, UnavailableError):
                # What comes back may be another server.
                CLIENTS.forget(self._known_as)
                SERVERS.forget(self._known_as)
            raise found from None


class ClickHouseReading:
    """One SELECT being streamed."""

    def __init__(self, batches: Any, stream: Any, state: SourceState) -> None:
        self.state = state
        self._batches = batches
        self._stream = stream

    @property
    def snapshot(self) -> str:
        """ClickHouse names no snapshot: the instant, UTC, at which the statement began."""
        return f"clickhouse {datetime.now(timezone.utc):%Y-%m-%dT%H:%M:%S}Z"

    def frames(self) -> Iterator[pl.DataFrame]:
        """Rows, a frame a block."""
        for batch in self._batches:
            yield frame_of(batch)

    def cancel(self) -> None:
        """Hang up: a server cancels a SELECT whose reader has gone."""
        with suppress(Exception):
            self._stream.source.close()
