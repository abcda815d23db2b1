"""The stores of a torture, and what drifts in them.

Belongs here: sources, targets, drift, plain clients. Does not belong here: the production stores, or
whether a target is right (damage).
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from itertools import cycle
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import clickhouse_connect
import psycopg
from clickhouse_connect.driver.client import Client

from metric_assets.local import stack
from metric_assets.local.demo_stores import DemoPostgres, make_target
from metric_assets.local.demo_tables import make_tables
from metric_assets.local.layout import Layout
from metric_assets.local.stack import Endpoints, LocalStackError
from metric_assets_tests.integration.servers import (
    REPLICATED,
    Server,
    engine_of_database,
    own_database,
    with_engine,
)
from metric_assets_tests.torture.cases import (
    CASES,
    PATCHES,
    SUMMED,
    SUMS,
    TABLES,
    VIEW,
    Case,
)
from metric_assets_tests.torture.child import kill, processes_in
from metric_assets_tests.torture.live import announce

#: Which copies a drift touches, of a hundred; the second number moves with the round.
_SOME = "(cityHash64(entityId, userId, createdAt, {salt}) % 100) < {share}"


#: How long replicas that came back may be read-only.
_READ_ONLY_SECONDS = 60.0


class World:
    """An embedded stack of its own, filled with sources and empty targets; the targets are in a
    database of their own on ``server``, if one is given.
    """

    def __init__(self, home: Path, port: int, rows: int, server: Server | None = None) -> None:
        self.home = home
        self.server = server
        self._port = port
        self._last = rows
        self._growth = rows // 60
        self._ending = ExitStack()
        self._clickhouse_url = ""
        #: Whether surplus is compensated in all tables, not deleted: their engine is replicated.
        self.compensates = False
        #: Tables that surplus is always deleted from: they are right only row by row.
        self.deleting: frozenset[str] = frozenset()
        self.endpoints: Endpoints = stack.up(home, clickhouse_port=port)
        try:
            self._fill()
        except BaseException:
            self.down()
            raise

    def _fill(self) -> None:
        """Sources, and targets without events."""
        if self.server is not None:
            self._clickhouse_url = self._ending.enter_context(own_database(self.server.url))
            self.endpoints = replace(self.endpoints, clickhouse_url=self._clickhouse_url)
        with self.postgres() as session:
            demo = DemoPostgres(session, {})
            make_tables(demo)
            demo.run_all("indexes")
            session.execute(
                'INSERT INTO "Image" (id, url, "userId", "updatedAt")'
                " SELECT n, '', 1, now() FROM generate_series(0, 310) n WHERE n % 13 <> 5"
            )
            for case in CASES:
                session.execute(case.fill.format(first=1, last=self._last).encode())
            session.execute("ANALYZE")
        with self.clickhouse() as client:
            self._make_targets(client)
        for case in CASES:
            announce(self, case)

    def _make_targets(self, client: Client) -> None:
        """A target of every layout; if they are replicated, paths take turns."""
        engines = cycle([self.server.engine] if self.server else ["MergeTree"])
        if self.server and self.server.engine == "ReplicatedMergeTree":
            own = urlsplit(self._clickhouse_url).path.strip("/")
            given = [engine.replace("DATABASE", own) for engine in REPLICATED.values()]
            # Other databases than Atomic ones choose the path themselves.
            engines = cycle(given if engine_of_database(client) == "Atomic" else given[:1])
        make_target(client, "model")
        for name, layout in TABLES.items():
            text = f"CREATE TABLE {name} AS model ENGINE = MergeTree {layout}"
            client.command(with_engine(text, next(engines), client))
        client.command("DROP TABLE model SYNC")
        client.command(SUMS)
        client.command(VIEW)
        made = client.query(
            "SELECT DISTINCT engine FROM system.tables WHERE database = currentDatabase()"
            f" AND name IN {tuple(TABLES)}"
        ).result_rows
        self.compensates = all(row[0].startswith(("Replicated", "Shared")) for row in made)
        patching = "SELECT count() FROM system.settings WHERE name = 'lightweight_delete_mode'"
        if not self.compensates and client.query(patching).result_rows != [(0,)]:
            self.deleting = frozenset(name for name, layout in TABLES.items() if PATCHES in layout)

    def up(self) -> None:
        """Start again what was killed; a server that was given has been started by its killer."""
        try:
            self.endpoints = stack.up(self.home, clickhouse_port=self._port)
        except LocalStackError:
            # A session that outlived its postmaster keeps the memory that a new one needs.
            kill(self.processes("postgres"))
            self.endpoints = stack.up(self.home, clickhouse_port=self._port)
        if self.server is not None:
            self.endpoints = replace(self.endpoints, clickhouse_url=self._clickhouse_url)
            self.server.until_up()

    def down(self) -> None:
        """Stop both; drop the database on a server that was given."""
        self._ending.close()
        stack.down(self.home)

    def victims(self, store: str) -> dict[str, Any]:
        """Whom a trap has to kill, and how; nobody but itself for the client."""
        if store == "postgres":
            return {"folder": str(Layout.of(self.home).postgres)}
        if store == "clickhouse" and self.server is not None:
            return {"restart": self.server.restart_command}
        return {"victims": self.processes(store) if store == "clickhouse" else []}

    def kill(self, store: str) -> None:
        """SIGKILL for a store, at this very moment."""
        if store == "clickhouse" and self.server is not None:
            self.server.restart()
        else:
            kill(self.processes(store))

    def processes(self, store: str) -> list[int]:
        """The processes of an embedded store now: of Postgres its sessions, too."""
        layout = Layout.of(self.home)
        if store == "clickhouse":
            return [int(layout.clickhouse.lock.read_text())]
        return processes_in(layout.postgres)

    @contextmanager
    def postgres(self) -> Iterator[psycopg.Connection[Any]]:
        """A plain session."""
        with psycopg.connect(
            self.endpoints.postgres_url, autocommit=True, application_name="torture"
        ) as session:
            yield session

    @contextmanager
    def clickhouse(self) -> Iterator[Client]:
        """A plain client."""
        settings = {"async_insert": 0, "mutations_sync": 2, "lightweight_deletes_sync": 2}
        client = clickhouse_connect.get_client(
            dsn=self.endpoints.clickhouse_url,
            settings=settings,
            autogenerate_session_id=False,
            compress=False,
        )
        with closing(client):
            yield client

    def drift(self, case: Case, table: str, kind: str, chance: random.Random) -> None:
        """Move source and target apart: ``empty``, ``partial`` (one metric is gone), ``differs``;
        ``in sync`` does nothing.
        """
        self._until_writable(table)
        salt = chance.randrange(1000)
        metrics = [*case.metrics[:1]] if kind == "partial" else [*case.metrics]
        pairs = f"entityType = '{case.entity}' AND metricType IN {metrics}"
        ours = f"{pairs} AND createdAt < toDateTime64('2025-10-01', 3, 'UTC')"
        with self.clickhouse() as client:
            if kind in {"empty", "partial"}:
                client.command(f"DELETE FROM {table} WHERE {ours}")
            if kind in {"empty", "partial"} and table == SUMMED:
                # A view sees no delete: whoever empties the table empties its sums.
                client.command(f"DELETE FROM {SUMMED}Sums WHERE {pairs} AND ours")
            if kind == "differs":
                some = _SOME.format(salt=salt, share=4)
                if table != SUMMED:
                    client.command(f"DELETE FROM {table} WHERE {ours} AND {some}")
                some = _SOME.format(salt=salt + 1, share=4)
                client.command(f"INSERT INTO {table} SELECT * FROM {table} WHERE {ours} AND {some}")
                client.command(
                    f"INSERT INTO {table} SELECT '{case.entity}', number % 300, 7, '{case.metrics[0]}',"
                    f" 1, toDateTime64('2025-07-07', 3, 'UTC') FROM numbers(60)"
                )
        if kind == "differs":
            with self.postgres() as session:
                session.execute(case.shrink.format(salt=salt).encode())
                first = self._last + 1
                self._last += self._growth
                session.execute(case.fill.format(first=first, last=self._last).encode())
            announce(self, case)

    def _until_writable(self, table: str) -> None:
        """Wait for a replica whose server has come back: until it is in its Keeper again it is
        read-only.
        """
        end = time.monotonic() + _READ_ONLY_SECONDS
        query = (
            "SELECT count() FROM system.replicas WHERE database = currentDatabase()"
            f" AND table = '{table}' AND is_readonly"
        )
        with self.clickhouse() as client:
            while client.query(query).result_rows != [(0,)] and time.monotonic() < end:
                time.sleep(0.2)
