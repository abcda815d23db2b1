"""Ranges side by side on the real engines: nothing lost, nothing doubled, nothing left."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import dagster as dg
import psycopg
import pytest
from pydantic import SecretStr

from metric_assets import settings as names
from metric_assets.defaults import MEMORY_ROWS
from metric_assets.load import groups, pipeline, scan_load
from metric_assets.load_result import LoadResult
from metric_assets.operations.listener import Listener, Results
from metric_assets.orchestration.build import build_definitions
from metric_assets.orchestration.sensors import RANGE_START, RANGE_STOP
from metric_assets.ranges import Grid
from metric_assets.settings import Settings
from metric_assets.stores.postgres_standing import STANDING
from metric_assets_tests.integration.platforms import CUTOFF, TARGET, Platform

pytestmark = pytest.mark.integration

KEYS = [dg.AssetKey(["Tag", "Follower"]), dg.AssetKey(["Tag", "Hidden"])]
#: Ranges of ten tags, with 30 follows and 20 hides a tag.
RANGES, SIZE, FOLLOWS, HIDES = 6, 10, 30, 20
SECONDS = 60
#: What the target has to hold below the cutoff, by hand.
WANTED = f"""
    SELECT tag AS entityId, user AS userId, if(user < {FOLLOWS}, 'Follower', 'Hidden') AS metricType
    FROM (SELECT number AS tag FROM numbers({RANGES * SIZE})) AS tags
    CROSS JOIN (SELECT number AS user FROM numbers({FOLLOWS + HIDES})) AS users
"""


@pytest.fixture(params=[0, MEMORY_ROWS], ids=["engine", "memory"])
def settings(
    platform: Platform,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> Settings:
    """Sixty tags, three ranges of them under way at once, none of them together."""
    monkeypatch.setattr(groups, "TOGETHER", 1)
    monkeypatch.setenv(names.POSTGRES_URL, platform.postgres_url)
    monkeypatch.setenv(names.CLICKHOUSE_URL, platform.clickhouse_url)
    platform.run(
        'INSERT INTO "Tag" (id, name, "createdAt")'
        f" SELECT n, n::text, '2024-01-01' FROM generate_series(0, {RANGES * SIZE - 1}) n"
    )
    platform.run(
        'INSERT INTO "TagEngagement" ("tagId", "userId", type, "createdAt")'
        f" SELECT t, u, (CASE WHEN u < {FOLLOWS} THEN 'Follow' ELSE 'Hide' END)"
        "::\"TagEngagementType\", '2024-02-02'"
        f" FROM generate_series(0, {RANGES * SIZE - 1}) t,"
        f" generate_series(0, {FOLLOWS + HIDES - 1}) u"
    )
    return Settings(
        postgres_url=SecretStr(platform.postgres_url),
        clickhouse_url=SecretStr(platform.clickhouse_url),
        home=tmp_path,
        target_table=TARGET,
        cutoff=CUTOFF,
        grids={"Tag": Grid(SIZE, RANGES * SIZE)},
        memory_rows=request.param,
        parallel_ranges=3,
    )


def run(settings: Settings, instance: dg.DagsterInstance, listener: Listener) -> bool:
    """Load both pairs over all ranges in one run."""
    job = build_definitions(settings, listener).resolve_implicit_global_asset_job_def()
    done = job.execute_in_process(
        instance=instance,
        asset_selection=KEYS,
        tags={RANGE_START: "0-9", RANGE_STOP: "50-59"},
        raise_on_error=False,
    )
    return bool(done.success)


def differing(platform: Platform) -> int:
    """Rows by which the target is not what it has to be, copies counted."""
    found: int = platform.query(
        f"SELECT count() FROM (SELECT entityId, userId, metricType, sum(sign) AS copies FROM ("
        f" SELECT toInt64(entityId) AS entityId, toInt64(userId) AS userId,"
        f" toString(metricType) AS metricType, 1 AS sign FROM {TARGET}"
        f" UNION ALL SELECT toInt64(entityId), toInt64(userId), metricType, -1 FROM ({WANTED}))"
        " GROUP BY ALL HAVING copies != 0)"
    )[0][0]
    return found


def left(platform: Platform) -> list[Any]:
    """Private tables, and sessions of ours at the source but for those that stand by."""
    STANDING.end_all()
    tables = platform.query(
        "SELECT name FROM system.tables WHERE database = currentDatabase()"
        f" AND startsWith(name, '{TARGET}__')"
    )
    with psycopg.connect(platform.postgres_url, autocommit=True) as connection:
        sessions = connection.execute(
            "SELECT application_name FROM pg_stat_activity"
            " WHERE datname = current_database() AND application_name LIKE 'metric_assets:%'"
        ).fetchall()
    return [*tables, *sessions]


@pytest.fixture
def meeting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three ranges begin together or not at all."""
    barrier, materialize = threading.Barrier(3, timeout=SECONDS), pipeline.materialize

    def together(*arguments: Any, **options: Any) -> list[LoadResult]:
        barrier.wait()
        return materialize(*arguments, **options)

    monkeypatch.setattr(scan_load, "materialize", together)


@pytest.mark.promise(
    "Each range is loaded exactly, whatever its neighbours do.",
    when="ranges side by side",
    area="protection",
)
def test_three_at_once_come_to_what_one_after_another_does(
    settings: Settings, instance: dg.DagsterInstance, platform: Platform, meeting: None
) -> None:
    """Every row once; each range recorded and told; a second run writes nothing."""
    del meeting
    for inserted in (RANGES * SIZE * (FOLLOWS + HIDES), 0):
        told = Results()
        assert run(settings, instance, told)
        assert sum(result.inserted for result in told.load_results) == inserted
        assert len(told.load_results) == 2 * RANGES
        assert all(result.verified for result in told.load_results)
        assert differing(platform) == 0
    for key in KEYS:
        assert len(instance.get_materialized_partitions(key)) == RANGES
    assert left(platform) == []


@pytest.mark.usefixtures("meeting")
def test_a_range_that_fails_takes_no_other_with_it(
    settings: Settings, instance: dg.DagsterInstance, platform: Platform
) -> None:
    """The two beside it are loaded and recorded, those after it are not begun, and once the row is
    right a second run completes them.
    """
    platform.run('ALTER TABLE "TagEngagement" DROP CONSTRAINT "TagEngagement_pkey"')
    platform.run('ALTER TABLE "TagEngagement" ALTER COLUMN "userId" DROP NOT NULL')
    platform.run("INSERT INTO \"TagEngagement\" VALUES (NULL, 12, 'Follow', '2024-03-03')")
    assert not run(settings, instance, Listener())
    assert instance.get_materialized_partitions(KEYS[0]) == {"0-9", "20-29"}
    held = {row[0] for row in platform.query(f"SELECT DISTINCT intDiv(entityId, 10) FROM {TARGET}")}
    assert held == {0, 2}
    assert left(platform) == []
    platform.run('DELETE FROM "TagEngagement" WHERE "userId" IS NULL')
    assert run(settings, instance, Listener())
    assert differing(platform) == 0


class Interrupted(Listener):
    """Somebody presses Ctrl-C when the first range is done."""

    def __init__(self) -> None:
        self.ends = 0

    def ended(self, load_results: list[LoadResult]) -> None:
        """Interrupt once."""
        del load_results
        self.ends += 1
        if self.ends == 1:
            raise KeyboardInterrupt


@pytest.mark.promise(
    "All of them end, nothing is left, and the next run completes it.",
    when="interrupted with ranges side by side",
    area="protection",
)
def test_an_interruption_ends_all_and_leaves_nothing(
    settings: Settings, instance: dg.DagsterInstance, platform: Platform
) -> None:
    """No thread, table or session of a range outlives it."""
    before = threading.active_count()
    assert not run(settings, instance, Interrupted())
    STANDING.end_all()
    assert threading.active_count() <= before + 1
    assert left(platform) == []
    assert run(settings, instance, Listener())
    assert differing(platform) == 0
    assert left(platform) == []
