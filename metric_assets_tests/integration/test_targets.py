"""Targets of every making: refused before the first row, or loaded and repaired at the cost of what
is changed.

Belongs here: what an engine, a partition key or a number of parts means for a load. Does not belong
here: replicated targets, which take a server by URL (test_replicated_target).
"""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from metric_assets.catalog import CATALOG
from metric_assets.errors import TargetError
from metric_assets.load.loading import Stores
from metric_assets.load.pipeline import materialize
from metric_assets.load_result import LoadResult
from metric_assets.sql import Statement
from metric_assets.stores.clickhouse import ClickHouse
from metric_assets.stores.layout import PARTS
from metric_assets.stores.ports import Binds
from metric_assets.stores.postgres import Postgres
from metric_assets.stores.target import ClickHouseTarget
from metric_assets_tests.integration.platforms import (
    CUTOFF,
    IDS,
    TARGET,
    OpenStores,
    Platform,
    load,
    stores_of,
)

pytestmark = pytest.mark.integration

COLUMNS = (
    "entityType LowCardinality(String), entityId Int32, userId Int32,"
    " metricType LowCardinality(String), metricValue Int32, createdAt DateTime64(3)"
)
ORDER = "ORDER BY (entityType, entityId, createdAt)"
#: Days of follows, one a day from 2024-01-01 on: more than a server takes partitions in one insert.
DAYS = 130
PATCHES = "enable_block_number_column = 1, enable_block_offset_column = 1"

UNFIT = {
    "ReplacingMergeTree": f"({COLUMNS}) ENGINE = ReplacingMergeTree {ORDER}",
    "SummingMergeTree": f"({COLUMNS}) ENGINE = SummingMergeTree {ORDER}",
    "AggregatingMergeTree": f"({COLUMNS}) ENGINE = AggregatingMergeTree {ORDER}",
    "CoalescingMergeTree": f"({COLUMNS}) ENGINE = CoalescingMergeTree {ORDER}",
    "CollapsingMergeTree": f"({COLUMNS}, sign Int8 DEFAULT 1) ENGINE = CollapsingMergeTree(sign) {ORDER}",
    "Memory": f"({COLUMNS}) ENGINE = Memory",
    "Log": f"({COLUMNS}) ENGINE = Log",
    "Null": f"({COLUMNS}) ENGINE = Null",
    "Buffer": f"({COLUMNS}) ENGINE = Buffer(currentDatabase(), {TARGET}, 1, 9, 9, 9, 9, 9, 9)",
    "View": f"AS SELECT * FROM {TARGET}",
    "TTL": f"({COLUMNS}) ENGINE = MergeTree {ORDER} TTL toDateTime(createdAt) + INTERVAL 9 YEAR",
    "MATERIALIZED": f"({COLUMNS.replace('userId Int32', 'userId Int32 MATERIALIZED 1')})"
    f" ENGINE = MergeTree {ORDER}",
}


def follows_a_day(platform: Platform) -> None:
    """Users 1 to 130 follow user 5, one a day."""
    platform.run(
        'INSERT INTO "UserEngagement" ("userId", "targetUserId", type, "createdAt")'
        " SELECT n, 5, 'Follow', timestamp '2024-01-01' + (n - 1) * interval '1 day'"
        f" FROM generate_series(1, {DAYS}) n"
    )


class Watched(ClickHouse):
    """A client that remembers the statements it was given, and their portions of partitions."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.ran: list[tuple[str, int]] = []

    def run(self, statement: Statement, binds: Binds, owner: str, **settings: object) -> None:
        portion = binds.get("portion", ())
        assert isinstance(portion, Sequence)
        self.ran.append((statement.name, len(portion)))
        super().run(statement, binds, owner, **settings)


def watched_load(platform: Platform, table: str) -> tuple[LoadResult, list[tuple[str, int]]]:
    """Load the follows, and what ClickHouse was given besides queries."""
    scan = CATALOG.scan["User/Follower"]
    store = Watched(platform.clickhouse_url)
    with Postgres(platform.postgres_url) as source, store:
        stores = Stores(source, ClickHouseTarget(store, table), source)
        (result,) = materialize(scan, [CATALOG.pairs["User/Follower"]], IDS, CUTOFF, stores)
    return result, store.ran


def held(platform: Platform, table: str) -> list[tuple[int, int]]:
    """Users and copies of their follow that weigh something, net of compensations."""
    return platform.query(
        f"SELECT userId, sum(metricValue) AS copies FROM {table} WHERE entityType = 'User'"
        " GROUP BY userId, createdAt HAVING copies != 0 ORDER BY userId"
    )


def leftovers(platform: Platform, table: str) -> list[tuple[str, ...]]:
    """Tables of ours beside the target."""
    return platform.query(
        f"SELECT name FROM system.tables WHERE database = currentDatabase()"
        f" AND startsWith(name, '{table}__')"
    )


@pytest.mark.promise(
    "Refused before the first row; nothing is left.",
    when="every unfit engine, a TTL, a computed column, on a real engine",
    area="targets",
)
@pytest.mark.parametrize("engine", UNFIT)
def test_what_cannot_be_right_is_refused_before_the_first_row(
    platform: Platform, engine: str
) -> None:
    """An engine that loses or merges rows, an expiry or a computed column: nothing is written."""
    follows_a_day(platform)
    kind = "VIEW" if engine == "View" else "TABLE"
    platform.command(f"CREATE {kind} unfit {UNFIT[engine]}")
    with pytest.raises(TargetError, match=f"unfit: .*{engine}") as refused:
        load(platform, "User/Follower", through=stores_of(platform, table="unfit"))
    assert not refused.value.transient
    assert platform.query("SELECT count() FROM unfit") == [(0,)]
    assert platform.events() == []
    assert leftovers(platform, "unfit") == []


def test_an_unsigned_value_is_refused_where_surplus_is_compensated(platform: Platform) -> None:
    """A surplus could never be repaired later."""
    follows_a_day(platform)
    unsigned = COLUMNS.replace("metricValue Int32", "metricValue UInt32")
    platform.command(f"CREATE TABLE unsigned ({unsigned}) ENGINE = MergeTree {ORDER}")
    with pytest.raises(TargetError, match="metricValue is UInt32"):
        load(
            platform,
            "User/Follower",
            through=stores_of(platform, table="unsigned", mode="append"),
        )
    assert platform.query("SELECT count() FROM unsigned") == [(0,)]
    load(platform, "User/Follower", through=stores_of(platform, table="unsigned"))
    assert platform.query("SELECT count() FROM unsigned") == [(DAYS,)]


@pytest.mark.promise(
    "Loaded, repaired and loaded again in portions.",
    when="more partitions than a server takes in one insert (by day)",
    area="targets",
)
@pytest.mark.parametrize("mode", ["auto", "append"])
@pytest.mark.parametrize(
    "key",
    [
        "toYYYYMMDD(createdAt)",
        "(entityType, toDate(createdAt))",
        "(toMonday(createdAt), userId % 9)",
    ],
)
def test_a_target_of_many_partitions_is_loaded_in_portions(
    platform: Platform, key: str, mode: str
) -> None:
    """More partitions than a server takes in one insert: first load, repair and re-run."""
    follows_a_day(platform)
    platform.command(f"CREATE TABLE fine ({COLUMNS}) ENGINE = MergeTree PARTITION BY {key} {ORDER}")

    def through() -> OpenStores:
        """Stores that look at the target anew."""
        return stores_of(platform, table="fine", mode=mode)

    wanted = [(user, 1) for user in range(1, DAYS + 1)]
    (first,) = load(platform, "User/Follower", through=through())
    assert (first.inserted, first.removed) == (DAYS, 0)
    assert held(platform, "fine") == wanted
    (again,) = load(platform, "User/Follower", through=through())
    assert (again.inserted, again.removed, again.unchanged) == (0, 0, DAYS)
    # Half of it gone, a part of the rest doubled: both sides of the difference are many partitions.
    platform.command("DELETE FROM fine WHERE userId % 2 = 0")
    platform.command(
        "INSERT INTO fine SELECT * FROM fine WHERE userId % 6 = 1"
        " SETTINGS max_partitions_per_insert_block = 0"
    )
    load(platform, "User/Follower", through=through())
    assert held(platform, "fine") == wanted
    assert leftovers(platform, "fine") == []


@pytest.mark.promise(
    "No mutation: a patch part, or compensated; the next run is in sync.",
    when="100 surplus rows in a table of many parts",
    area="targets",
)
@pytest.mark.parametrize(
    ("settings", "mode", "removed"),
    [("", "append", 0), (f" SETTINGS {PATCHES}", "replace", 100)],
    ids=["compensated", "patched"],
)
def test_a_removal_touches_no_part_of_a_large_table(
    platform: Platform, settings: str, mode: str, removed: int
) -> None:
    """100 surplus rows of a table of many parts: no mutation, so the cost is that of 100 rows."""
    follows_a_day(platform)
    platform.command(
        f"CREATE TABLE wide ({COLUMNS}) ENGINE = MergeTree"
        f" PARTITION BY toYYYYMM(createdAt) {ORDER}{settings}"
    )
    platform.command("SYSTEM STOP MERGES wide")
    for _ in range(3):
        platform.command(
            "INSERT INTO wide SELECT 'Other', number, 1, 'x', 1,"
            " toDateTime64('2022-01-15', 3, 'UTC') + toIntervalMonth(number) FROM numbers(36)"
        )
    load(platform, "User/Follower", through=stores_of(platform, table="wide"))
    assert platform.query(_PARTS)[0][0] > PARTS
    platform.command(
        "INSERT INTO wide SELECT * FROM wide WHERE entityType = 'User' AND userId <= 100"
    )
    assert stores_of(platform, table="wide").target.mode.value == mode
    repaired, ran = watched_load(platform, "wide")
    assert (repaired.removed, repaired.inserted) == (removed, 100 - removed)
    # Verified by the summaries alone: an event and its compensation cancel in them.
    assert [name for name, _ in ran].count("clickhouse/difference") == 1
    assert held(platform, "wide") == [(user, 1) for user in range(1, DAYS + 1)]
    assert platform.query("SELECT count() FROM wide WHERE entityType = 'Other'") == [(108,)]
    assert platform.query("SELECT command FROM system.mutations WHERE table = 'wide'"
                          " AND database = currentDatabase()") == []  # fmt: skip
    again = [name for name, _ in watched_load(platform, "wide")[1]]
    assert "clickhouse/difference" not in again


_PARTS = "SELECT count() FROM system.parts WHERE database = currentDatabase() AND table = 'wide' AND active"


def test_a_table_of_few_parts_loses_its_surplus_for_good(platform: Platform) -> None:
    """There a delete is cheap, and the target ends as if nothing had been wrong."""
    follows_a_day(platform)
    platform.command(f"CREATE TABLE small ({COLUMNS}) ENGINE = MergeTree {ORDER}")
    load(platform, "User/Follower", through=stores_of(platform, table="small"))
    platform.command("INSERT INTO small SELECT * FROM small WHERE userId <= 100")
    (repaired,) = load(platform, "User/Follower", through=stores_of(platform, table="small"))
    assert (repaired.inserted, repaired.removed) == (0, 100)
    assert platform.query("SELECT count(), countIf(metricValue < 0) FROM small") == [(DAYS, 0)]


def test_projections_are_appended_to(platform: Platform) -> None:
    """ClickHouse deletes nothing from such a table: surplus is compensated."""
    follows_a_day(platform)
    platform.command(
        f"CREATE TABLE projected ({COLUMNS},"
        " PROJECTION totals (SELECT entityId, sum(metricValue) GROUP BY entityId))"
        f" ENGINE = MergeTree {ORDER}"
    )
    load(platform, "User/Follower", through=stores_of(platform, table="projected"))
    platform.command("INSERT INTO projected SELECT * FROM projected WHERE userId <= 100")
    (repaired,) = load(platform, "User/Follower", through=stores_of(platform, table="projected"))
    assert (repaired.inserted, repaired.removed) == (100, 0)
    assert held(platform, "projected") == [(user, 1) for user in range(1, DAYS + 1)]


@pytest.mark.promise(
    "It is split, so that no statement touches more than a few.",
    when="an insert into many partitions",
    area="targets",
)
def test_an_insert_touches_few_partitions(platform: Platform) -> None:
    """A server with a limit of its own, and one that holds a part open for each, can take it."""
    follows_a_day(platform)
    platform.command(
        f"CREATE TABLE fine ({COLUMNS}) ENGINE = MergeTree PARTITION BY toDate(createdAt) {ORDER}"
    )
    _, first = watched_load(platform, "fine")
    assert [size for name, size in first if name == "clickhouse/publish"] == [50, 50, 30]
    platform.command("DELETE FROM fine WHERE userId % 2 = 0 AND userId <= 120")
    _, repaired = watched_load(platform, "fine")
    assert [size for name, size in repaired if name == "clickhouse/insert_missing"] == [50, 10]
    assert held(platform, "fine") == [(user, 1) for user in range(1, DAYS + 1)]
