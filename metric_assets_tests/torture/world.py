"""The stores of a torture, what drifts in them, and whether the target is right.

Belongs here: sources, targets, drift, live events, and an oracle written by hand that shares no
statement with the scans. Does not belong here: the production doors.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import clickhouse_connect
import psycopg
from clickhouse_connect.driver.client import Client

from metric_assets.local import stack
from metric_assets.local.demo_stores import DemoPostgres, clickhouse_run
from metric_assets.local.layout import Layout
from metric_assets.local.stack import Endpoints, LocalStackError
from metric_assets_tests.torture.child import kill, processes_in

CUTOFF = "2025-10-01T00:00:00+00:00"
#: The partitions of every case.
RANGES = ("0-99", "100-199", "200-299")
#: Which copies a drift touches, of a hundred; the second number moves with the round.
_SOME = "(cityHash64(entityId, userId, createdAt, {salt}) % 100) < {share}"


@dataclass(frozen=True)
class Case:
    """A scan, and by hand what it implies: events as entityId, userId, metricType, value, ms."""

    scan: str
    entity: str
    metrics: tuple[str, ...]
    fill: str
    shrink: str
    oracle: str


_MS = "(extract(epoch from date_trunc('milliseconds', {0})) * 1000)::bigint"
_WHEN = (
    "timestamp '2025-06-10' + (n * 7919 % 10000000) * interval '1 second'"
    " + n % 1000 * interval '1 millisecond'"
)

ITEMS = Case(
    "collection/items",
    "Collection",
    ("Item",),
    f"""INSERT INTO "CollectionItem" (id, "createdAt", "updatedAt", "collectionId", "addedById", "imageId")
        SELECT n, CASE WHEN n % 50 <> 0 THEN {_WHEN} END, CASE WHEN n % 100 <> 0 THEN {_WHEN} END,
               n * 31 % 310, CASE WHEN n % 9 <> 0 THEN n % 977 END, n
        FROM generate_series({{first}}, {{last}}) n""",
    'DELETE FROM "CollectionItem" WHERE (id + {salt}) % 41 = 0',
    f"""SELECT "collectionId", coalesce("addedById", 0), 'Item', 1, {_MS.format("t")}
        FROM (SELECT *, coalesce("createdAt", "updatedAt", 'epoch') AS t FROM "CollectionItem") ci
        WHERE "collectionId" < 300 AND t < '2025-10-01'""",
)
ENGAGED = Case(
    "user/engaged",
    "User",
    ("Follower", "Hidden"),
    f"""INSERT INTO "UserEngagement" ("userId", "targetUserId", type, "createdAt")
        SELECT n, n * 37 % 310,
               (ARRAY['Follow', 'Follow', 'Hide', 'Block'])[1 + n % 4]::"UserEngagementType", {_WHEN}
        FROM generate_series({{first}}, {{last}}) n""",
    'DELETE FROM "UserEngagement" WHERE ("userId" + {salt}) % 41 = 0',
    f"""SELECT "targetUserId", "userId", CASE type WHEN 'Follow' THEN 'Follower' ELSE 'Hidden' END, 1,
               {_MS.format('"createdAt"')}
        FROM "UserEngagement"
        WHERE type <> 'Block' AND "targetUserId" < 300 AND "createdAt" < '2025-10-01'""",
)
REACTIONS = Case(
    "image/reactions",
    "Image",
    ("ReactionLike", "ReactionDislike", "ReactionLaugh", "ReactionCry", "ReactionHeart"),
    f"""INSERT INTO "ImageReaction" (id, "imageId", "userId", reaction, "createdAt", "updatedAt")
        SELECT n, n * 41 % 310, n,
               (ARRAY['Like', 'Dislike', 'Laugh', 'Cry', 'Heart'])[1 + n % 5]::"ReviewReactions", {_WHEN}, now()
        FROM generate_series({{first}}, {{last}}) n""",
    'DELETE FROM "ImageReaction" WHERE (id + {salt}) % 41 = 0',
    f"""SELECT "imageId", "userId", 'Reaction' || reaction, 1, {_MS.format('"createdAt"')}
        FROM "ImageReaction"
        WHERE "imageId" IN (SELECT id FROM "Image" WHERE id < 300) AND "createdAt" < '2025-10-01'""",
)
CASES = (ITEMS, ENGAGED, REACTIONS)

#: Ours; the customer's by month, in which a handover is many steps; the customer's unpartitioned.
TABLES = {
    "ownEvents": "PARTITION BY entityType ORDER BY (entityType, metricType, entityId, createdAt)",
    "monthlyEvents": "PARTITION BY toYYYYMM(createdAt) ORDER BY (entityType, entityId, createdAt)",
    "plainEvents": "ORDER BY (entityType, entityId, createdAt)",
}


def _ids(key: str) -> range:
    first, last = map(int, key.split("-"))
    return range(first, last + 1)


@dataclass
class Damage:
    """What is wrong after a round, in rows and things."""

    lost: int = 0
    doubled: int = 0
    live: int = 0
    debris: list[str] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        """Nothing."""
        return not (self.lost or self.doubled or self.live or self.debris)


class World:
    """An embedded stack of its own, filled with sources and empty targets."""

    def __init__(self, home: Path, port: int, rows: int) -> None:
        self.home = home
        self._port = port
        self.endpoints: Endpoints = stack.up(home, clickhouse_port=port)
        self._last = rows
        self._growth = rows // 60
        with self.postgres() as session:
            demo = DemoPostgres(session, {})
            for part in ("postgres", "postgres_indexes"):
                demo.run(f"schema/{part}")
            session.execute(
                'INSERT INTO "Image" (id, url, "userId", "updatedAt")'
                " SELECT n, '', 1, now() FROM generate_series(0, 310) n WHERE n % 13 <> 5"
            )
            for case in CASES:
                session.execute(case.fill.format(first=1, last=rows).encode())
            session.execute("ANALYZE")
        with self.clickhouse() as client:
            for name, layout in TABLES.items():
                clickhouse_run(client, "schema/target", target="model")
                client.command(f"CREATE TABLE {name} AS model ENGINE = MergeTree {layout}")
                client.command("DROP TABLE model SYNC")

    def up(self) -> None:
        """Start again what was killed."""
        try:
            self.endpoints = stack.up(self.home, clickhouse_port=self._port)
        except LocalStackError:
            # A session that outlived its postmaster keeps the memory that a new one needs.
            kill(self.processes("postgres"))
            self.endpoints = stack.up(self.home, clickhouse_port=self._port)

    def down(self) -> None:
        """Stop both."""
        stack.down(self.home)

    def victims(self, store: str) -> dict[str, Any]:
        """Whom a trap has to kill; nobody but itself for the client."""
        layout = Layout.of(self.home)
        if store == "postgres":
            return {"folder": str(layout.postgres)}
        return {"victims": self.processes(store) if store == "clickhouse" else []}

    def processes(self, store: str) -> list[int]:
        """The processes of a store now: of Postgres its sessions, too."""
        layout = Layout.of(self.home)
        if store == "clickhouse":
            return [int(layout.clickhouse_lock.read_text())]
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
        with closing(
            clickhouse_connect.get_client(dsn=self.endpoints.clickhouse_url, settings=settings)
        ) as client:
            yield client

    def drift(self, case: Case, table: str, kind: str, chance: random.Random) -> None:
        """Move source and target apart: ``empty``, ``partial`` (one metric is gone), ``differs``;
        ``level`` does nothing.
        """
        salt = chance.randrange(1000)
        ours = (
            f"entityType = '{case.entity}' AND metricType IN {[*case.metrics]}"
            " AND createdAt < toDateTime64('2025-10-01', 3, 'UTC')"
        )
        with self.clickhouse() as client:
            if kind == "empty":
                client.command(f"DELETE FROM {table} WHERE {ours}")
            if kind == "partial":
                client.command(
                    f"DELETE FROM {table} WHERE {ours} AND metricType = '{case.metrics[0]}'"
                )
            if kind == "differs":
                some = _SOME.format(salt=salt, share=4)
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

    def damage(self, case: Case, table: str, ranges: Iterable[str] = RANGES) -> Damage:
        """Compare the target with the oracle, row by row, in some ranges."""
        inside = {number for key in ranges for number in _ids(key)}
        with self.postgres() as session, self.clickhouse() as client:
            wanted = session.execute(case.oracle.encode()).fetchall()
            metrics = [*case.metrics]
            present = client.query(
                "SELECT entityId, userId, toString(metricType), metricValue,"
                f" toUnixTimestamp64Milli(createdAt) FROM {table} WHERE entityType = {{e:String}}"
                " AND metricType IN {m:Array(String)} AND entityId < 300"
                " AND createdAt < toDateTime64('2025-10-01', 3, 'UTC')",
                parameters={"e": case.entity, "m": metrics},
            ).result_rows
        left = Counter(tuple(row) for row in wanted if row[0] in inside)
        right = Counter(tuple(row) for row in present if row[0] in inside)
        missing, surplus = (left - right).total(), (right - left).total()
        return Damage(missing, surplus)

    def debris(self, table: str) -> list[str]:
        """Tables, statements, mutations, sessions and locks of ours that nobody needs."""
        with self.postgres() as session, self.clickhouse() as client:
            found = client.query(
                "SELECT 'table ' || name FROM system.tables WHERE database = currentDatabase()"
                f" AND startsWith(name, '{table}__')"
                " UNION ALL SELECT 'query ' || query FROM system.processes"
                " WHERE startsWith(Settings['log_comment'], 'metric_assets ')"
                " UNION ALL SELECT 'mutation ' || command FROM system.mutations"
                f" WHERE database = currentDatabase() AND table = '{table}' AND NOT is_done"
            ).result_rows
            found += session.execute(
                "SELECT 'lock ' || objid FROM pg_locks WHERE locktype = 'advisory'"
                " UNION ALL SELECT 'session ' || query FROM pg_stat_activity"
                " WHERE application_name LIKE 'metric_assets%' AND state <> 'idle'"
            ).fetchall()
        return [row[0] for row in found]
