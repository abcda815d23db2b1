from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from metric_assets.errors import TargetError
from metric_assets.stores.layout import PARTS, Layout
from metric_assets.stores.layout_query import place
from metric_assets.stores.target_checks import ENGINES, check_compensation, check_layout

pytestmark = pytest.mark.unit

COLUMNS = {
    "entityType": "LowCardinality(String)",
    "entityId": "Int32",
    "userId": "Int32",
    "metricType": "LowCardinality(String)",
    "metricValue": "Int32",
    "createdAt": "DateTime64(3)",
}
TYPES = (
    "`entityType` LowCardinality(String), `entityId` Int32, `userId` Int32,"
    " `metricType` LowCardinality(String), `metricValue` Int32, `createdAt` DateTime64(3)"
)
KEYS = "PARTITION BY toYYYYMM(createdAt) PRIMARY KEY entityType ORDER BY (entityType, createdAt)"


def layout(
    engine: str = "MergeTree",
    arguments: str = "",
    *,
    columns: str = TYPES,
    keys: str = KEYS,
    rest: str = "",
    settings: str = "index_granularity = 8192",
    **facts: Any,
) -> Layout:
    """A table as a server describes it."""
    definition = f"CREATE TABLE d.t ({columns}) ENGINE = {engine}{arguments} {keys}{rest} SETTINGS {settings}"
    return replace(
        Layout(engine, "toYYYYMM(createdAt)", "entityType, createdAt", (), COLUMNS),
        definition=definition,
        patching=True,
        **facts,
    )


@pytest.mark.parametrize("engine", ENGINES)
def test_an_engine_that_keeps_every_row_is_a_target(engine: str) -> None:
    """Plain, replicated, shared."""
    check_layout(layout(engine), "t")


@pytest.mark.promise(
    "Refused by name before the first row, by `backfill` as by `doctor`.",
    when="an engine that merges, forwards or forgets rows (Replacing, Summing, Memory, a view …)",
    area="targets",
)
@pytest.mark.parametrize(
    "engine",
    [
        "ReplacingMergeTree",
        "ReplicatedReplacingMergeTree",
        "SharedReplacingMergeTree",
        "SummingMergeTree",
        "CollapsingMergeTree",
        "VersionedCollapsingMergeTree",
        "AggregatingMergeTree",
        "CoalescingMergeTree",
        "GraphiteMergeTree",
        "Memory",
        "Buffer",
        "Null",
        "View",
        "MaterializedView",
        "Log",
        "Distributed",
        "Merge",
        "Kafka",
        "",
    ],
)
def test_any_other_engine_is_refused_by_name(engine: str) -> None:
    """Rows would be merged away, forwarded or lost."""
    with pytest.raises(TargetError, match=f"its engine is {engine or 'unknown'},"):
        check_layout(layout(engine), "t")


@pytest.mark.promise(
    "Refused; a TTL that only moves or compresses is accepted.",
    when="a TTL that deletes or changes old events",
    area="targets",
)
@pytest.mark.parametrize(
    "rest",
    [
        " TTL toDateTime(createdAt) + toIntervalYear(1)",
        " TTL createdAt + toIntervalDay(30) TO VOLUME 'cold', createdAt + toIntervalYear(2)",
        " TTL createdAt + toIntervalYear(1) DELETE WHERE metricValue = 0",
        " TTL createdAt + toIntervalYear(1) GROUP BY entityType SET metricValue = sum(metricValue)",
    ],
)
def test_a_ttl_that_deletes_is_refused(rest: str) -> None:
    """Backfilled events are old: it would take them at once."""
    with pytest.raises(TargetError, match="TTL"):
        check_layout(layout(rest=rest), "t")


def test_a_ttl_of_a_column_is_refused() -> None:
    """It would reset values of old events."""
    columns = TYPES.replace(
        "`metricValue` Int32", "`metricValue` Int32 TTL createdAt + INTERVAL 1 DAY"
    )
    with pytest.raises(TargetError, match="TTL"):
        check_layout(layout(columns=columns), "t")


@pytest.mark.parametrize(
    "rest",
    [
        "",
        " TTL createdAt + toIntervalDay(30) TO VOLUME 'cold'",
        " TTL f(createdAt, 1) TO DISK 'a', createdAt + toIntervalYear(1) RECOMPRESS CODEC(ZSTD(9))",
        " COMMENT 'no TTL here'",
    ],
)
def test_what_only_moves_rows_is_no_danger(rest: str) -> None:
    """Tiered storage and compression keep every row."""
    check_layout(layout(rest=rest), "t")


def test_a_value_that_is_computed_is_refused() -> None:
    """What is inserted would not be what is kept."""
    with pytest.raises(TargetError, match="column createdAt is MATERIALIZED"):
        check_layout(replace(layout(), kinds={"createdAt": "MATERIALIZED"}), "t")


def test_a_row_policy_on_the_target_is_refused() -> None:
    """What it hides would be found missing and inserted again."""
    with pytest.raises(TargetError, match="row policy"):
        check_layout(layout(filtered=True), "t")


def test_keys_of_a_staging_table_are_the_targets_word_by_word() -> None:
    """Parts are attached only between tables of equal keys."""
    assert layout(rest=" TTL createdAt + toIntervalDay(1) TO DISK 'a'").staging_keys == KEYS
    assert layout(keys="ORDER BY tuple()").staging_keys == "ORDER BY tuple()"
    assert layout(keys="ORDER BY (entityType, createdAt DESC)").staging_keys == ""
    assert layout("ReplicatedMergeTree", "('/t', 'r')").staging_keys == ""
    assert replace(layout(), views=("v",)).staging_keys == ""


@pytest.mark.promise(
    "Nothing is deleted: surplus is compensated, and no mutation names a table of ours.",
    when="several replicas hold a copy",
    area="targets",
)
@pytest.mark.parametrize("engine", ["ReplicatedMergeTree", "SharedMergeTree"])
def test_nothing_is_deleted_from_a_replicated_table(engine: str) -> None:
    """The text of a mutation would name a table that other replicas do not have."""
    assert engine in layout(engine).append_only


def test_nothing_is_deleted_where_others_read_the_inserts() -> None:
    """Views and projections."""
    assert "v" in replace(layout(), views=("v",)).append_only
    projected = layout(
        columns=TYPES + ", PROJECTION p (SELECT entityId, count() GROUP BY entityId)"
    )
    assert "projections" in projected.append_only
    named = layout(columns=TYPES + ", `PROJECTION ` Int32")
    assert named.append_only == ""


def test_deletes_that_cost_by_the_size_of_the_table() -> None:
    """Few parts or patch parts are cheap; a mutation of many parts is not."""
    assert layout(parts=PARTS).costly == ""
    assert str(PARTS + 1) in layout(parts=PARTS + 1).costly
    patched = "enable_block_number_column = 1, enable_block_offset_column = 1"
    assert layout(parts=500, settings=patched).costly == ""
    old_server = replace(layout(parts=500, settings=patched), patching=False)
    assert old_server.costly != ""
    half = layout(parts=500, settings="enable_block_number_column = 1")
    assert half.costly != ""


def test_a_table_that_cannot_hold_a_compensation_is_refused() -> None:
    """Where surplus may not be deleted, negative values must be possible."""
    replicated = layout("ReplicatedMergeTree")
    check_compensation(replicated, "t")
    unsigned = replace(replicated, columns={**COLUMNS, "metricValue": "UInt32"})
    with pytest.raises(TargetError, match="metricValue is UInt32"):
        check_compensation(unsigned, "t")
    constrained = layout(columns=TYPES + ", CONSTRAINT c CHECK `metricValue` > 0")
    with pytest.raises(TargetError, match="CHECK"):
        check_compensation(constrained, "t")
    check_compensation(layout(columns=TYPES + ", CONSTRAINT c CHECK userId >= -1"), "t")


def test_a_partition_is_told_by_the_columns_of_an_event() -> None:
    """A key over any other column cannot be computed for an event that is not inserted yet."""
    assert layout().partition == "toYYYYMM(createdAt)"
    other = replace(layout(), partition_key="version", columns={**COLUMNS, "version": "Int32"})
    assert other.partition == ""
    assert replace(layout(), partition_key="").partition == ""
    assert replace(layout(), partition_key="(entityType)").partition == ""


@pytest.mark.parametrize(
    ("engine", "replicas", "clusters", "count", "cluster"),
    [
        ("ReplicatedMergeTree", [1], [("all", 3)], 1, ""),
        ("ReplicatedMergeTree", [3], [("all", 3)], 3, "all"),
        ("ReplicatedMergeTree", [2], [("big", 6), ("pair", 2), ("alone", 1)], 2, "pair"),
        ("ReplicatedMergeTree", [3], [("pair", 2)], 3, ""),
        ("ReplicatedMergeTree", [], [], 1, ""),
        ("SharedMergeTree", [], [("default", 3), ("alone", 1)], 3, "default"),
        ("SharedMergeTree", [], [], 1, ""),
    ],
)
def test_servers_of_a_table(
    engine: str, replicas: list[int], clusters: list[tuple[str, int]], count: int, cluster: str
) -> None:
    """As many as hold the table, and the smallest name that covers all of them."""
    placed = place(layout(engine), replicas, clusters)
    assert (placed.replicas, placed.cluster) == (count, cluster)


def test_statements_are_looked_for_where_they_may_run() -> None:
    """On every server that holds the table, where a name covers them."""
    alone, three = layout(), replace(layout("SharedMergeTree"), cluster="de`fault", replicas=3)
    assert (alone.processes, alone.everywhere) == ("system.processes", "")
    assert three.processes == r"clusterAllReplicas(`de\`fault`, system, processes)"
    assert three.everywhere == r"ON CLUSTER `de\`fault`"
