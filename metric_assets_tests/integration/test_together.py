"""Neighbouring ranges loaded together on the real engines: each is what it would be alone."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from pydantic import SecretStr

from metric_assets import settings as names
from metric_assets.actor import Actor
from metric_assets.errors import MetricAssetsError
from metric_assets.load.undo import Undo
from metric_assets.operations.listener import Results
from metric_assets.orchestration import scan_run
from metric_assets.orchestration.build import build_definitions
from metric_assets.orchestration.sensors import RANGE_START, RANGE_STOP
from metric_assets.ranges import Grid, IdRange
from metric_assets.settings import Settings
from metric_assets.stores import postgres_reading
from metric_assets.stores.clickhouse import ClickHouse
from metric_assets.stores.ports import Scope
from metric_assets.stores.postgres import Postgres
from metric_assets.stores.repairs import Repairs
from metric_assets.stores.target import ClickHouseTarget
from metric_assets_tests.integration.platforms import CUTOFF, TARGET, Platform

pytestmark = pytest.mark.integration

KEYS = [dg.AssetKey(["Tag", "Follower"]), dg.AssetKey(["Tag", "Hidden"])]
#: Five ranges of four tags; each tag has three follows and one hide.
RANGES = [IdRange(first, first + 4) for first in range(0, 20, 4)]
FOLLOWS, HIDES = 12, 4


@pytest.fixture
def settings(platform: Platform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Twenty tags."""
    monkeypatch.setenv(names.POSTGRES_URL, platform.postgres_url)
    monkeypatch.setenv(names.CLICKHOUSE_URL, platform.clickhouse_url)
    platform.run(
        'INSERT INTO "Tag" (id, name, "createdAt")'
        " SELECT n, n::text, '2024-01-01' FROM generate_series(0, 19) n"
    )
    platform.run(
        'INSERT INTO "TagEngagement" ("tagId", "userId", type, "createdAt")'
        " SELECT t, u, (CASE WHEN u < 4 THEN 'Follow' ELSE 'Hide' END)::\"TagEngagementType\","
        " '2024-02-02' FROM generate_series(0, 19) t, generate_series(1, 4) u"
    )
    return Settings(
        postgres_url=SecretStr(platform.postgres_url),
        clickhouse_url=SecretStr(platform.clickhouse_url),
        home=tmp_path,
        target_table=TARGET,
        cutoff=CUTOFF,
        grids={"Tag": Grid(4, 20)},
    )


def run(settings: Settings, instance: dg.DagsterInstance) -> tuple[bool, Results, str]:
    """Load both pairs over all ranges in one run: whether it succeeded, what was told, its error."""
    told = Results()
    job = build_definitions(settings, told).resolve_implicit_global_asset_job_def()
    done = job.execute_in_process(
        instance=instance,
        asset_selection=KEYS,
        tags={RANGE_START: "0-3", RANGE_STOP: "16-19"},
        raise_on_error=False,
    )
    errors = [str(event.step_failure_data.error) for event in done.get_step_failure_events()]
    return bool(done.success), told, " ".join(errors)


def held(platform: Platform) -> list[tuple[Any, ...]]:
    """Rows and sum of what the target holds, by range and metric."""
    return platform.query(
        "SELECT intDiv(entityId, 4) AS part, toString(metricType), count(), sum(metricValue)"
        f" FROM {TARGET} GROUP BY ALL ORDER BY ALL"
    )


def recorded(platform: Platform) -> list[tuple[Any, ...]]:
    """Changes that were written down: range, metric, kind, rows before and after, in how many goes."""
    return platform.query(
        "SELECT start, stop, toString(metricType), kind, sum(beforePositive),"
        " sum(afterPositive), uniqExact(change) FROM metricRepairs GROUP BY ALL ORDER BY ALL"
    )


ALL = [
    row
    for part in range(5)
    for row in ((part, "Follower", FOLLOWS, FOLLOWS), (part, "Hidden", HIDES, HIDES))
]


@pytest.mark.promise(
    "Each has its load result, its record and its way back, as if it had been loaded alone.",
    when="ranges that hold little are loaded together",
    area="protection",
)
def test_each_range_is_what_it_would_be_alone(
    settings: Settings, instance: dg.DagsterInstance, platform: Platform
) -> None:
    """One insert and one record for five ranges, told and recorded range by range; a second run
    writes nothing; and one range can be put back without the others.
    """
    success, told, _ = run(settings, instance)
    assert success
    assert held(platform) == ALL
    results = {(one.ids, one.pair.metric): one for one in told.load_results}
    assert len(results) == len(told.load_results) == 10
    for ids in RANGES:
        for metric, rows in (("Follower", FOLLOWS), ("Hidden", HIDES)):
            one = results[ids, metric]
            facts = (one.rows_read, one.wanted, one.inserted, one.removed, one.events, one.total)
            assert facts == (16, rows, rows, 0, rows, rows)
            assert one.verified
    assert recorded(platform) == [
        (ids.start, ids.stop, metric, "scope", 0, rows, 1)
        for ids in RANGES
        for metric, rows in (("Follower", FOLLOWS), ("Hidden", HIDES))
    ]
    assert platform.query("SELECT uniqExact(change) FROM metricRepairs") == [(1,)]
    for key in KEYS:
        assert len(instance.get_materialized_partitions(key)) == 5

    success, told, _ = run(settings, instance)
    assert success
    assert [one.inserted + one.removed for one in told.load_results] == [0] * 10
    assert held(platform) == ALL

    client = ClickHouse(platform.clickhouse_url)
    repairs = Repairs(client, TARGET, 90, Actor("somebody", "here", "a test", "an undo"))
    target = ClickHouseTarget(client, TARGET, repairs=repairs)
    first_run = platform.query("SELECT any(run) FROM metricRepairs")[0][0]
    (changed,) = (
        one for one in repairs.ranges(first_run) if (one.ids, one.metric) == (RANGES[1], "Follower")
    )
    with Postgres(platform.postgres_url) as locks:
        Undo(target, locks).run(changed)
    assert held(platform) == [row for row in ALL if row[:2] != (1, "Follower")]


def test_what_differs_is_repaired_in_each_range(
    settings: Settings, instance: dg.DagsterInstance, platform: Platform
) -> None:
    """One range lacks a row, one has a row too many, one holds nothing, two are right; what is
    written down is of the range that it is of.
    """
    assert run(settings, instance)[0]
    platform.query("TRUNCATE TABLE metricRepairs")
    platform.query(f"DELETE FROM {TARGET} WHERE entityId = 1 AND userId = 1")
    platform.query(
        f"INSERT INTO {TARGET} (entityType, entityId, userId, metricType, metricValue, createdAt)"
        " VALUES ('Tag', 6, 77, 'Hidden', 1, '2024-03-03')"
    )
    platform.query(f"DELETE FROM {TARGET} WHERE entityId >= 16")
    success, told, _ = run(settings, instance)
    assert success
    assert held(platform) == ALL
    changed = {
        (one.ids.key, one.pair.metric): (one.inserted, one.removed)
        for one in told.load_results
        if one.inserted or one.removed
    }
    assert changed == {
        ("0-3", "Follower"): (1, 0),
        ("4-7", "Hidden"): (0, 1),
        ("16-19", "Follower"): (FOLLOWS, 0),
        ("16-19", "Hidden"): (HIDES, 0),
    }
    assert [row[:6] for row in recorded(platform)] == [
        (0, 4, "Follower", "rows", 0, 1),
        (4, 8, "Hidden", "rows", 1, 0),
        (16, 20, "Follower", "scope", 0, FOLLOWS),
        (16, 20, "Hidden", "scope", 0, HIDES),
    ]


@pytest.mark.promise(
    "Its own error names it, and the others are loaded.",
    when="one of several ranges that are loaded together has a row that cannot be loaded",
    area="rows",
)
def test_a_range_that_fails_takes_no_other_with_it(
    settings: Settings, instance: dg.DagsterInstance, platform: Platform
) -> None:
    """Those before it are loaded, it is named, and once its row is right a second run completes."""
    platform.run('ALTER TABLE "TagEngagement" DROP CONSTRAINT "TagEngagement_pkey"')
    platform.run('ALTER TABLE "TagEngagement" ALTER COLUMN "userId" DROP NOT NULL')
    platform.run("INSERT INTO \"TagEngagement\" VALUES (NULL, 9, 'Follow', '2024-03-03')")
    success, _, error = run(settings, instance)
    assert not success
    assert "Tag/8-11: 1 values of the source fail" in error
    assert held(platform) == ALL[:4]
    assert instance.get_materialized_partitions(KEYS[0]) == {"0-3", "4-7"}
    platform.run('DELETE FROM "TagEngagement" WHERE "userId" IS NULL')
    assert run(settings, instance)[0]
    assert held(platform) == ALL


def test_a_range_that_is_locked_is_named(
    settings: Settings,
    instance: dg.DagsterInstance,
    platform: Platform,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Somebody else is at one of them: it is left to them, those before it are loaded. The step is
    not tried again here: that takes minutes.
    """

    def once(error: MetricAssetsError, *_: object) -> dg.Failure:
        return dg.Failure(str(error), allow_retries=False)

    monkeypatch.setattr(scan_run, "step_error", once)
    scope = Scope("Tag", ("Hidden",), RANGES[2], datetime.now(timezone.utc))
    with Postgres(platform.postgres_url) as other, other.acquire(scope):
        success, _, error = run(settings, instance)
    assert not success
    assert "Tag/Hidden/8-11" in error
    assert held(platform) == ALL[:4]


@pytest.mark.parametrize("expected", [1, None], ids=["it says few", "it cannot say"])
def test_more_than_is_compared_in_memory_is_loaded_one_by_one(
    settings: Settings,
    instance: dg.DagsterInstance,
    platform: Platform,
    monkeypatch: pytest.MonkeyPatch,
    expected: int | None,
) -> None:
    """The source expects few rows and has more; or says nothing."""
    monkeypatch.setattr(postgres_reading.PostgresReading, "expected", lambda _reading: expected)
    success, told, _ = run(settings.model_copy(update={"memory_rows": 20}), instance)
    assert success
    assert len(told.load_results) == 10
    assert held(platform) == ALL
    assert platform.query("SELECT uniqExact(change) FROM metricRepairs") == [(5,)]
    assert left(platform) == []


def left(platform: Platform) -> list[Any]:
    """Private tables."""
    return platform.query(
        "SELECT name FROM system.tables WHERE database = currentDatabase()"
        f" AND startsWith(name, '{TARGET}__')"
    )
