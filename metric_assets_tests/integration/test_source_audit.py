"""The source check in Dagster: for nothing from a load, by turns from the schedule, once a run."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import dagster as dg
import pytest

from metric_assets import settings as names
from metric_assets.catalog import CATALOG
from metric_assets.orchestration.build import build_definitions
from metric_assets.orchestration.check_names import (
    ALL,
    HEAL_TAG,
    MATCHES_SOURCE,
    SOURCE_TAG,
    check_key,
)
from metric_assets.orchestration.proofs import Proofs
from metric_assets.orchestration.sensors import RANGE_START, RANGE_STOP
from metric_assets.ranges import Grid
from metric_assets.settings import Settings
from metric_assets_tests.integration.platforms import CUTOFF, TARGET, Platform

pytestmark = pytest.mark.integration

FOLLOWER = CATALOG.pairs["Tag/Follower"]
KEY = dg.AssetKey(["Tag", "Follower"])
KEYS = ["0-9", "10-19", "20-29", "30-39"]


@pytest.fixture
def settings(platform: Platform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Four ranges of tags with a follower each; legacy agrees."""
    monkeypatch.setenv(names.POSTGRES_URL, platform.postgres_url)
    monkeypatch.setenv(names.CLICKHOUSE_URL, platform.clickhouse_url)
    for tag in (1, 11, 21, 31):
        platform.add("Tag", id=tag, createdAt="2024-01-01")
        platform.add("TagMetric", tagId=tag, timeframe="AllTime", followerCount=1, hiddenCount=0)
        platform.add("TagEngagement", tagId=tag, userId=5, type="Follow", createdAt="2024-02-02")
    return Settings(
        home=tmp_path,
        target_table=TARGET,
        cutoff=CUTOFF,
        grids={"Tag": Grid(10, 40)},
        live_lag=0.2,
        audit_days=2,
    )


def load(
    settings: Settings, instance: dg.DagsterInstance, **more: str
) -> dg.ExecuteInProcessResult:
    """Materialize all ranges of the pair, with its checks."""
    job = build_definitions(settings).resolve_implicit_global_asset_job_def()
    tags = {RANGE_START: KEYS[0], RANGE_STOP: KEYS[-1], **more}
    return job.execute_in_process(instance=instance, asset_selection=[KEY], tags=tags)


def audit(
    settings: Settings, instance: dg.DagsterInstance, **tags: str
) -> list[dg.AssetCheckEvaluation]:
    """The job of the schedule; results of the source check in their order."""
    job = build_definitions(settings).resolve_job_def("reconcile_all")
    result = job.execute_in_process(instance=instance, tags=tags)
    found = result.get_asset_check_evaluations()
    return [one for one in found if one.check_name == MATCHES_SOURCE]


def badge(settings: Settings, instance: dg.DagsterInstance) -> dg.AssetCheckEvaluation:
    """`reconciled` of the pair, from the checks of the schedule."""
    job = build_definitions(settings).resolve_job_def("reconcile_all")
    found = job.execute_in_process(instance=instance).get_asset_check_evaluations()
    (one,) = [one for one in found if one.check_name == "reconciled" and one.asset_key == KEY]
    return one


def test_a_load_is_its_own_source_check(settings: Settings, instance: dg.DagsterInstance) -> None:
    """One result a range, of this run's materialization, and no dry run besides; stored with its
    range, current, and shown as such.
    """
    result = load(settings, instance)
    found = [
        one for one in result.get_asset_check_evaluations() if one.check_name == MATCHES_SOURCE
    ]
    assert Counter(one.partition for one in found) == dict.fromkeys(KEYS, 1)
    assert {one.metadata["by"].value for one in found} == {"materialization"}
    proofs = Proofs(instance).current(FOLLOWER, MATCHES_SOURCE)
    assert {key: (one.passed, one.run) for key, one in proofs.items()} == dict.fromkeys(
        KEYS, (True, result.run_id)
    )
    history = instance.event_log_storage.get_asset_check_execution_history(
        check_key(FOLLOWER, MATCHES_SOURCE), limit=50
    )
    assert len(history) == len(KEYS)


def test_the_oldest_proofs_are_renewed_within_the_budget(
    settings: Settings, instance: dg.DagsterInstance
) -> None:
    """Every range in two days: two of four a pass, the oldest first, and round again."""
    load(settings, instance)
    first = {one.partition for one in audit(settings, instance)}
    second = {one.partition for one in audit(settings, instance)}
    third = {one.partition for one in audit(settings, instance)}
    assert (len(first), len(second)) == (2, 2)
    assert first | second == set(KEYS)
    assert third == first
    everything = audit(settings, instance, **{SOURCE_TAG: ALL})
    assert sorted(str(one.partition) for one in everything) == KEYS
    assert {one.metadata["by"].value for one in everything} == {"dry run"}


@pytest.mark.promise(
    "It verifies nothing: its range is the first of the next pass.",
    when="a failed source check",
    area="counter",
)
def test_a_range_that_fails_is_taken_again_and_shown_last(
    settings: Settings, instance: dg.DagsterInstance, platform: Platform
) -> None:
    """What fails verifies nothing: it is the oldest of the next pass. The result that fails is the
    last one, which the page opens with; the badge names it, and its numbers are what is lost.
    """
    load(settings, instance)
    platform.command(f"DELETE FROM {TARGET} WHERE entityId = 1")
    everything = settings.model_copy(update={"audit_days": 0})
    found = audit(everything, instance)
    assert (found[-1].partition, found[-1].passed) == ("0-9", False)
    assert found[-1].severity is dg.AssetCheckSeverity.ERROR
    assert found[-1].metadata["missing"].value == 1
    assert "`metric-assets backfill Tag/Follower --range 0-9`" in str(
        found[-1].metadata["cure"].value
    )
    assert "0-9" in {one.partition for one in audit(settings, instance)}
    red = badge(settings, instance)
    assert not red.passed
    assert "Tag/Follower: 1 range differs from the source: 0-9" in str(red.description)
    assert (red.metadata["missing"].value, red.metadata["verified_ranges"].value) == (1, 3)
    load(settings, instance)
    assert badge(settings, instance).passed


def test_the_badge_needs_every_range_that_holds_something(
    settings: Settings, instance: dg.DagsterInstance, platform: Platform
) -> None:
    """A range beyond, with an entity, is due; one with rows of the target alone is, too; headroom
    with neither is not.
    """
    load(settings, instance)
    wide = settings.model_copy(update={"grids": {"Tag": Grid(10, 100)}})
    assert badge(wide, instance).passed
    platform.add("Tag", id=55, createdAt="2024-01-01")
    platform.command(
        f"INSERT INTO {TARGET} VALUES ('Tag', 77, 1, 'Follower', 1, '2024-01-01 00:00:00')"
    )
    one = badge(wide, instance)
    assert not one.passed
    assert "2 ranges were never materialized and hold entities or rows: 50-59, 70-79" in str(
        one.description
    )
    assert one.metadata["coverage_of_grid"].value == 4 / 6


def test_a_source_that_cannot_be_read_is_no_verdict(
    settings: Settings, instance: dg.DagsterInstance, platform: Platform
) -> None:
    """The step fails and says why; no range is said to differ."""
    load(settings, instance)
    platform.run('ALTER TABLE "TagEngagement" RENAME COLUMN "createdAt" TO "made"')
    job = build_definitions(settings).resolve_job_def("reconcile_all")
    result = job.execute_in_process(instance=instance, raise_on_error=False)
    assert not result.success
    found = result.get_asset_check_evaluations()
    assert [one for one in found if one.check_name == MATCHES_SOURCE] == []


def test_live_drift_is_a_warning_until_it_is_healed(
    settings: Settings, instance: dg.DagsterInstance, platform: Platform
) -> None:
    """A follow after the cutoff has lost its live event: the counter of tag 1 is one too low. The
    check warns and names the hour, the badge says so, the next audit as well; a run tagged to heal
    makes the counter right.
    """
    platform.add("TagEngagement", tagId=1, userId=6, type="Follow", createdAt="2025-11-01 10:20:30")
    platform.add("TagEngagement", tagId=11, userId=7, type="Follow", createdAt="2025-12-01")
    platform.run('UPDATE "TagMetric" SET "followerCount" = 2 WHERE "tagId" IN (1, 11)')
    platform.command(
        f"INSERT INTO {TARGET} VALUES ('Tag', 11, 7, 'Follower', 1, '2025-12-01 00:00:00')"
    )
    result = load(settings, instance)
    found = [
        one for one in result.get_asset_check_evaluations() if one.check_name == MATCHES_SOURCE
    ]
    (drifting,) = [one for one in found if not one.passed]
    assert (drifting.partition, drifting.severity) == ("0-9", dg.AssetCheckSeverity.WARN)
    assert drifting.metadata["word"].value == "live drift"
    assert drifting.metadata["live_missing"].value == 1
    (hour,) = drifting.metadata["drift_hours"].records  # type: ignore[attr-defined]
    assert hour.data == {"hour": "2025-11-01T10:00:00+00:00", "missing": 1, "phantom": 0}
    everything = settings.model_copy(update={"audit_days": 0})
    assert [one.partition for one in audit(everything, instance) if not one.passed] == ["0-9"]
    red = badge(settings, instance)
    assert "1 range has live drift: 0-9" in str(red.description)
    assert red.metadata["live_missing"].value == 1
    healed = load(settings, instance, **{HEAL_TAG: "true"})
    assert healed.success
    assert platform.query(f"SELECT sum(metricValue) FROM {TARGET} WHERE entityId = 1") == [(2,)]
    assert {one.passed for one in audit(everything, instance)} == {True}
    assert badge(settings, instance).passed
