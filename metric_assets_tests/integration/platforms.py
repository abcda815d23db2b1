"""Both stores of a platform under names nobody else has, and the production stores to them.

Belongs here: making and dropping databases of the shared embedded stack, putting rows into source
tables, reading events back. Does not belong here: what any test expects.

A test asks for the fixture ``platform`` (empty) or ``demo`` (seeded, to be read only) of
conftest.py, adds rows, loads, and compares literal tuples::

    platform.add("TagEngagement", userId=7, tagId=1, type="Follow", createdAt="2024-01-01")
    load(platform, "Tag/Follower")
    assert platform.events() == [(1, 7, "Follower", 1, "2024-01-01 00:00:00.000")]
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
from clickhouse_connect.driver.client import Client
from psycopg import sql

from metric_assets.actor import Actor
from metric_assets.catalog import CATALOG
from metric_assets.catalog.scan import Scan, Store
from metric_assets.load.loading import Stores
from metric_assets.load.pipeline import materialize
from metric_assets.load_result import LoadResult
from metric_assets.local import demo_sql
from metric_assets.local.demo_stores import DemoPostgres, clickhouse, target_text
from metric_assets.local.demo_tables import make_keys, make_tables
from metric_assets.local.stack import Endpoints
from metric_assets.ranges import IdRange
from metric_assets.stores.clickhouse import ClickHouse
from metric_assets.stores.dimension import Mirror
from metric_assets.stores.postgres import Postgres
from metric_assets.stores.repairs import Repairs
from metric_assets.stores.target import ClickHouseTarget
from metric_assets_tests.integration.servers import PLAIN, Server, own_database, with_engine

TARGET = "entityMetricEvents"
#: Source tables of ClickHouse; every other table that rows are added to is one of Postgres.
CLICKHOUSE_TABLES = frozenset(
    {"reactions", "modelVersionEvents", "daily_user_resource", "buzz_resource_compensation"}
)
#: The cutoff and the ids of ``load`` unless a test says otherwise.
CUTOFF = datetime(2025, 10, 1, tzinfo=timezone.utc)
IDS = IdRange(0, 1_000)

#: An event as tests write it: entityId, userId, metricType, metricValue, createdAt in UTC.
Event = tuple[int, int, str, int, str]

_FILLERS = {"integer": 0, "text": "", "timestamp without time zone": "2020-01-01"}


@dataclass
class OpenStores:
    """The production stores to a platform, made once: connections are kept between loads."""

    postgres: Postgres
    clickhouse: ClickHouse
    target: ClickHouseTarget
    mirror: Mirror

    def stores(self, scan: Scan) -> Stores:
        """What a scan goes through; one that reads the mirror of ModelVersion finds it fresh."""
        if scan.store is Store.POSTGRES:
            return Stores(self.postgres, self.target, self.postgres)
        if not scan.dimensions:
            return Stores(self.clickhouse, self.target, self.postgres)
        self.mirror.refresh(self.postgres)
        return Stores(self.clickhouse, self.target, self.postgres, {"versions": self.mirror})


@dataclass
class Platform:
    """A Postgres and a ClickHouse database, with plain clients that share nothing with the stores."""

    postgres_url: str
    clickhouse_url: str
    postgres: psycopg.Connection[Any]
    clickhouse: Client
    #: Engine of targets that are made here.
    engine: str = PLAIN
    #: Rows of a range that are compared in memory by what is loaded here.
    memory_rows: int = 0
    _required: dict[str, dict[str, Any]] = field(default_factory=dict)
    _touched: dict[str, None] = field(default_factory=dict)
    _open: tuple[Postgres, ClickHouse] | None = None
    _last_id: int = 1_000_000

    def add(self, table: str, **values: object) -> None:
        """Insert a row of either store. Columns that must not be NULL and are not given are filled
        with zero, '' or 2020-01-01, ``id`` with one that is new; arrays are written as '{A,B}'.
        """
        self._touched[table] = None
        if table in CLICKHOUSE_TABLES:
            self.clickhouse.raw_insert(
                table, insert_block=json.dumps(values).encode(), fmt="JSONEachRow"
            )
            return
        row = {**self._fillers(table), **values}
        if "id" not in values and "id" in row:
            self._last_id += 1
            row["id"] = self._last_id
        self.postgres.execute(
            sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
                sql.Identifier(table),
                sql.SQL(", ").join(map(sql.Identifier, row)),
                sql.SQL(", ").join(sql.Placeholder() * len(row)),
            ),
            list(row.values()),
        )

    def run(self, text: str) -> None:
        """Run statements in Postgres."""
        self.postgres.execute(text.encode())

    def rows(self, text: str) -> list[tuple[Any, ...]]:
        """Rows of a query in Postgres."""
        return self.postgres.execute(text.encode()).fetchall()

    def command(self, text: str) -> None:
        """Run a statement in ClickHouse; mutations are waited for."""
        self.clickhouse.command(
            text, settings={"mutations_sync": 2, "lightweight_deletes_sync": 2, "async_insert": 0}
        )

    def create(self, text: str) -> None:
        """Run a CREATE TABLE of a plain MergeTree in ClickHouse, with the engine of targets."""
        self.command(with_engine(text, self.engine, self.clickhouse))

    @property
    def deletes(self) -> bool:
        """Whether surplus is deleted from targets: replicated ones get compensating events."""
        query = (
            "SELECT engine FROM system.tables WHERE database = currentDatabase()"
            f" AND name = '{TARGET}'"
        )
        return not str(self.query(query)[0][0]).startswith(("Replicated", "Shared"))

    def query(self, text: str) -> list[tuple[Any, ...]]:
        """Rows of a query in ClickHouse."""
        return [tuple(row) for row in self.clickhouse.query(text).result_rows]

    def events(self, where: str = "true", *, table: str = TARGET) -> list[Event]:
        """Events of the target, sorted."""
        return self.query(
            "SELECT entityId, userId, toString(metricType), metricValue,"
            " toString(toDateTime64(createdAt, 3, 'UTC'))"
            f" FROM {table} WHERE {where} ORDER BY ALL"
        )

    def standing(self, where: str = "true", *, table: str = TARGET) -> list[Event]:
        """Events of the target, sorted, as ``events``; where surplus is not deleted but compensated, as
        many copies of each as there are less the copies of its negation.
        """
        if self.deletes:
            return self.events(where, table=table)
        rows = self.query(
            "SELECT entityId, userId, toString(metricType) AS metric, abs(metricValue) AS size,"
            " toString(toDateTime64(createdAt, 3, 'UTC')) AS at,"
            " sum(if(metricValue < 0, -1, 1)) AS copies"
            f" FROM {table} WHERE {where} GROUP BY entityId, userId, metric, size, at"
        )
        return sorted(
            (entity, user, metric, size if copies > 0 else -size, at)
            for entity, user, metric, size, at, copies in rows
            for _ in range(abs(copies))
        )

    def changes(self, inserted: int, removed: int) -> tuple[int, int]:
        """Rows inserted and removed that a load result tells: where surplus is not deleted, each row of
        it is compensated by one that is inserted.
        """
        return (inserted, removed) if self.deletes else (inserted + removed, 0)

    def checksum(self, where: str = "true", *, table: str = TARGET) -> tuple[int, int]:
        """Rows of the target and a hash that adds up over them, whatever their order."""
        columns = "entityType, entityId, userId, metricType, metricValue, createdAt"
        query = f"SELECT count(), sumWithOverflow(sipHash64({columns})) FROM {table} WHERE {where}"
        return self.query(query)[0]

    def clear(self) -> None:
        """Take all rows away that were added, and all events: cheaper than another platform."""
        for table in self._touched:
            if table in CLICKHOUSE_TABLES:
                self.command(f"TRUNCATE TABLE {table}")
            else:
                self.run(f'DELETE FROM "{table}"')
        self._touched.clear()
        self.command(f"TRUNCATE TABLE {TARGET}")

    def close(self) -> None:
        """Close the connections that stores keep."""
        if self._open:
            self._open[0].close()

    def _fillers(self, table: str) -> dict[str, Any]:
        if table not in self._required:
            found = self.postgres.execute(
                "SELECT column_name, data_type FROM information_schema.columns WHERE"
                " table_schema = 'public' AND table_name = %s AND is_nullable = 'NO'"
                " AND column_default IS NULL",
                [table],
            )
            self._required[table] = {name: _FILLERS.get(kind) for name, kind in found}
        return self._required[table]


def stores_of(
    platform: Platform, *, table: str = TARGET, mode: str = "auto", run: str = "run 1"
) -> OpenStores:
    """The production stores to a platform, which record what ``run`` changes. The target is looked
    at anew with every call.
    """
    if platform._open is None:
        platform._open = Postgres(platform.postgres_url), ClickHouse(platform.clickhouse_url)
    postgres, store = platform._open
    mirror = Mirror(store, table, CATALOG.dimensions[0])
    repairs = Repairs(store, table, 90, Actor("somebody", "here", "a test", run))
    target = ClickHouseTarget(store, table, mode, memory_rows=platform.memory_rows, repairs=repairs)
    return OpenStores(postgres, store, target, mirror)


def load(
    platform: Platform,
    keys: str | list[str],
    ids: IdRange = IDS,
    cutoff: datetime = CUTOFF,
    *,
    through: OpenStores | None = None,
    **options: Any,
) -> list[LoadResult]:
    """Materialize pairs that share a scan, ``Entity/Metric``, as production does."""
    pairs = [CATALOG.pairs[key] for key in ([keys] if isinstance(keys, str) else keys)]
    scan = CATALOG.scan[pairs[0].key]
    assert all(CATALOG.scan[pair.key] is scan for pair in pairs), "one scan a load"
    stores = (through or stores_of(platform)).stores(scan)
    return materialize(scan, pairs, ids, cutoff, stores, **options)


def add_template(endpoints: Endpoints) -> str:
    """A Postgres database with the demo's tables, keys and indexes, to be copied from."""
    name = _unique("template")
    with _administrator(endpoints) as administrator:
        administrator.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    url = _with_database(endpoints.postgres_url, name)
    with psycopg.connect(url, autocommit=True) as connection:
        session = DemoPostgres(connection, {})
        make_tables(session)
        make_keys(session)
    return name


@contextmanager
def open_platform(
    endpoints: Endpoints, template: str = "template1", server: Server | None = None
) -> Iterator[Platform]:
    """Two databases made for the caller and dropped at the end.

    Postgres is a copy of ``template`` (``template1``: empty); ClickHouse, that of ``server`` if one
    is given, has the source tables that pairs read and the target.
    """
    name = _unique("platform")
    postgres_url = _with_database(endpoints.postgres_url, name)
    made = {"name": sql.Identifier(name), "template": sql.Identifier(template)}
    address = server.url if server else endpoints.clickhouse_url
    engine = server.engine if server else PLAIN
    with _administrator(endpoints) as administrator, own_database(address) as clickhouse_url:
        administrator.execute(sql.SQL("CREATE DATABASE {name} TEMPLATE {template}").format(**made))
        try:
            with (
                psycopg.connect(postgres_url, autocommit=True) as connection,
                clickhouse(clickhouse_url) as client,
                closing(
                    Platform(postgres_url, clickhouse_url, connection, client, engine)
                ) as platform,
            ):
                _make_tables(platform)
                yield platform
        finally:
            administrator.execute(sql.SQL("DROP DATABASE {name} WITH (FORCE)").format(**made))


def _make_tables(platform: Platform) -> None:
    """The tables that pairs read, none in another database than the platform's, and the target."""
    for name in demo_sql.names("schema_clickhouse"):
        for statement in demo_sql.text(name).split(";"):
            if statement.strip() and "orchestration" not in statement:
                platform.command(statement)
    platform.create(target_text(TARGET))


@contextmanager
def _administrator(endpoints: Endpoints) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(endpoints.postgres_url, autocommit=True) as connection:
        yield connection


def _unique(what: str) -> str:
    return f"{what}_{uuid.uuid4().hex[:12]}"


def _with_database(url: str, database: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{database}"))
