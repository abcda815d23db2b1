"""The history of checks in ClickHouse: what a load, an audit and a planted difference leave there."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import dagster as dg
import pytest
from pydantic import SecretStr

from metric_assets import settings as names
from metric_assets.actor import this_process
from metric_assets.audit.checks import FAILED, LOAD, MATCHES_LEGACY, MATCHES_SOURCE, PASSED
from metric_assets.audit.history import History, HistoryRow
from metric_assets.catalog import CATALOG
from metric_assets.doctor.findings import OK
from metric_assets.doctor.target import examine_leftovers
from metric_assets.operations.listener import Results
from metric_assets.operations.report_data import read_report
from metric_assets.orchestration.build import build_definitions
from metric_assets.orchestration.check_names import ALL, SOURCE_TAG
from metric_assets.orchestration.sensors import RANGE_START, RANGE_STOP
from metric_assets.orchestration.summary import SUMMARY, entity_summary, refresh_summary
from metric_assets.ranges import Grid, IdRange
from metric_assets.settings import Settings
from metric_assets.stores.clickhouse import ClickHouse
from metric_assets.stores.ports import Scope
from metric_assets.stores.target import ClickHouseTarget
from metric_assets_tests.integration.platforms import CUTOFF, TARGET, Platform

pytestmark = pytest.mark.integration

FOLLOWER = CATALOG.pairs["Tag/Follower"]
THEN = datetime(2026, 1, 2, 3, 4, 5, 678_000, tzinfo=timezone.utc)
ROW = HistoryRow(
    THEN, TARGET, "Tag", "Follower", 0, 10, MATCHES_SOURCE, LOAD, PASSED,
    "equal", 7, 7, withdrawn=2, events=7, total=-3, digest=2**64 - 1, cause="a sentence",
)  # fmt: skip


def test_what_is_written_is_read_again(platform: Platform) -> None:
    """Every column, numbers of 64 bits and empty ones included; before the first row there is
    nothing, and no error.
    """
    with ClickHouse(platform.clickhouse_url) as store:
        history = History(store, Settings(target_table=TARGET))
        assert history.last_verified(FOLLOWER, IdRange(0, 10)) is None
        history.write([ROW])
        assert history.last_verified(FOLLOWER, IdRange(0, 10)) == ROW


def test_the_newest_verification_of_a_range_is_found(platform: Platform) -> None:
    """Of this target, pair, range and check alone, and only if it passed."""
    at = [THEN + timedelta(hours=hour) for hour in range(7)]
    newest = replace(ROW, at=at[1], digest=5)
    with ClickHouse(platform.clickhouse_url) as store:
        history = History(store, Settings(target_table=TARGET))
        history.write(
            [
                ROW,
                newest,
                replace(ROW, at=at[2], verdict=FAILED),
                replace(ROW, at=at[3], check=MATCHES_LEGACY),
                replace(ROW, at=at[4], stop=20),
                replace(ROW, at=at[5], metric_type="Hidden"),
                replace(ROW, at=at[6], target="another"),
            ]
        )
        assert history.last_verified(FOLLOWER, IdRange(0, 10)) == newest
        assert history.last_verified(FOLLOWER, IdRange(10, 20)) is None


@pytest.fixture
def settings(platform: Platform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Two ranges of tags: tag 1 has two followers and tag 11 one; legacy agrees."""
    monkeypatch.setenv(names.POSTGRES_URL, platform.postgres_url)
    monkeypatch.setenv(names.CLICKHOUSE_URL, platform.clickhouse_url)
    monkeypatch.setattr("sys.argv", ["metric-assets", "backfill", "Tag/Follower"])
    for tag, users in ((1, (5, 6)), (11, (5,))):
        platform.add("Tag", id=tag, createdAt="2024-01-01")
        platform.add(
            "TagMetric", tagId=tag, timeframe="AllTime", followerCount=len(users), hiddenCount=0
        )
        for user in users:
            platform.add(
                "TagEngagement", tagId=tag, userId=user, type="Follow", createdAt="2024-02-02"
            )
    return Settings(
        home=tmp_path,
        target_table=TARGET,
        cutoff=CUTOFF,
        clickhouse_url=SecretStr(platform.clickhouse_url),
        postgres_url=SecretStr(platform.postgres_url),
        grids={"Tag": Grid(10, 20)},
        live_lag=0.2,
        audit_days=0,
    )


def load(
    settings: Settings, instance: dg.DagsterInstance, listener: Results | None = None
) -> dg.ExecuteInProcessResult:
    """Materialize both ranges of the pair with its checks, as the UI does."""
    job = build_definitions(settings, listener).resolve_implicit_global_asset_job_def()
    tags = {RANGE_START: "0-9", RANGE_STOP: "10-19"}
    key = dg.AssetKey(["Tag", "Follower"])
    return job.execute_in_process(instance=instance, asset_selection=[key], tags=tags)


def audit(settings: Settings, instance: dg.DagsterInstance) -> dg.ExecuteInProcessResult:
    """The job of the schedule."""
    job = build_definitions(settings).resolve_job_def("reconcile_all")
    return job.execute_in_process(instance=instance)


def check(settings: Settings, instance: dg.DagsterInstance) -> dg.ExecuteInProcessResult:
    """The checks of the pair alone."""
    key = dg.AssetKey(["Tag", "Follower"])
    job = dg.define_asset_job("check", selection=dg.AssetSelection.checks_for_assets(key))
    definitions = dg.Definitions.merge(build_definitions(settings), dg.Definitions(jobs=[job]))
    tags = {SOURCE_TAG: ALL}
    return definitions.resolve_job_def("check").execute_in_process(instance=instance, tags=tags)


COLUMNS = (
    "entityType, metricType, start, stop, check, origin, verdict, word, wanted, present, missing,"
    " surplus, events, total, legacyEvents, legacyTotal, coverage"
)


def history(platform: Platform, where: str = "true") -> list[tuple[object, ...]]:
    """Rows of the table, by check and range."""
    return platform.query(
        f"SELECT {COLUMNS} FROM metricReconciliation WHERE {where} ORDER BY check, start, at"
    )


#: What a load of both ranges leaves: three events in all, none of them there before.
LOADED = [
    ("Tag", "Follower", 0, 10, "matches_legacy", "audit", "passed", "equal", 0, 0, 0, 0, 0, 0, 2, 2, 1),
    ("Tag", "Follower", 10, 20, "matches_legacy", "audit", "passed", "equal", 0, 0, 0, 0, 0, 0, 1, 1, 1),
    ("Tag", "Follower", 0, 10, "matches_source", "load", "passed", "equal", 2, 0, 0, 0, 2, 2, 0, 0, 1),
    ("Tag", "Follower", 10, 20, "matches_source", "load", "passed", "equal", 1, 0, 0, 0, 1, 1, 0, 0, 1),
    ("Tag", "Follower", 0, 0, "reconciled", "summary", "passed", "equal", 0, 0, 0, 0, 0, 0, 0, 0, 1),
]  # fmt: skip


@pytest.mark.promise(
    "Every evaluation of every check is a row of its history, with who made it.",
    when="a load, an audit, a difference",
    area="operators",
)
def test_a_load_leaves_a_row_a_check_and_range(
    settings: Settings, instance: dg.DagsterInstance, platform: Platform
) -> None:
    """Both checks of each range and the badge, as the load found them, by whom and in which run."""
    result = load(settings, instance)
    assert history(platform) == LOADED
    who = "SELECT DISTINCT run, user, host, command, target, cutoff FROM metricReconciliation"
    cutoffs = {None, CUTOFF.replace(tzinfo=None)}
    actor = this_process()
    found = platform.query(who)
    assert {row[:5] for row in found} == {
        (result.run_id, actor.user, actor.host, "metric-assets backfill Tag/Follower", TARGET)
    }
    assert {row[5] and row[5].replace(tzinfo=None) for row in found} == cutoffs
    assert platform.query(
        "SELECT details FROM metricReconciliation WHERE check = 'matches_source' AND start = 0"
    ) == [('{"inserted": 2, "removed": 0}',)]


def test_an_audit_leaves_what_it_found(
    settings: Settings, instance: dg.DagsterInstance, platform: Platform
) -> None:
    """One of three events is lost: the source check of its range says one of two is missing, legacy
    one of two, the badge which range; each says what to do. The other checks of the audit have
    their rows: one for the target, one for each entity type.
    """
    load(settings, instance)
    platform.command(f"DELETE FROM {TARGET} WHERE entityId = 1 AND userId = 5")
    run = audit(settings, instance).run_id
    rows = history(platform, f"run = '{run}' AND entityType = 'Tag' AND metricType = 'Follower'")
    assert rows == [
        ("Tag", "Follower", 0, 10, "matches_legacy", "audit", "failed", "differs", 0, 0, 0, 0, 0, 0, 1, 2, 0.5),
        ("Tag", "Follower", 10, 20, "matches_legacy", "audit", "passed", "equal", 0, 0, 0, 0, 0, 0, 1, 1, 1),
        ("Tag", "Follower", 0, 10, "matches_source", "audit", "failed", "differs", 2, 1, 1, 0, 2, 2, 0, 0, 0.5),
        ("Tag", "Follower", 10, 20, "matches_source", "audit", "passed", "equal", 1, 1, 0, 0, 1, 1, 0, 0, 1),
        ("Tag", "Follower", 0, 0, "reconciled", "summary", "failed", "differs", 0, 0, 1, 0, 0, 0, 0, 0, 0.5),
    ]  # fmt: skip
    told = platform.query(
        "SELECT check, cause, cure, details FROM metricReconciliation"
        f" WHERE run = '{run}' AND verdict = 'failed' AND metricType = 'Follower' ORDER BY check"
    )
    assert [row[0] for row in told] == ["matches_legacy", "matches_source", "reconciled"]
    assert all("metric-assets " in row[2] for row in told)
    assert json.loads(told[0][3]) == {"worst": [{"entity_id": 1, "events": 1.0, "legacy": 2.0}]}
    assert json.loads(told[2][3])["differing"] == ["0-9"]
    whole = platform.query(
        "SELECT check, count(), max(missing), max(surplus) FROM metricReconciliation"
        f" WHERE run = '{run}' AND metricType = '' GROUP BY check ORDER BY check"
    )
    assert whole == [
        ("every_row_belongs_to_a_pair", 1, 0, 0),
        ("ids_beyond_grid", len(CATALOG.entity), 0, 0),
    ]


def test_live_drift_is_a_row_that_warns(
    settings: Settings, instance: dg.DagsterInstance, platform: Platform
) -> None:
    """A live event is lost: the row warns, with its units and hours."""
    platform.add("TagEngagement", tagId=1, userId=8, type="Follow", createdAt="2025-11-01 10:20:30")
    platform.add("TagEngagement", tagId=11, userId=7, type="Follow", createdAt="2025-12-01")
    platform.command(
        f"INSERT INTO {TARGET} VALUES ('Tag', 11, 7, 'Follower', 1, '2025-12-01 00:00:00')"
    )
    load(settings, instance)
    assert platform.query(
        "SELECT origin, verdict, word, liveMissing, livePhantom, driftHours"
        " FROM metricReconciliation WHERE check = 'matches_source' AND start = 0"
    ) == [
        (
            "load",
            "warned",
            "live drift",
            1,
            0,
            '[{"hour": "2025-11-01T10:00:00+00:00", "missing": 1, "phantom": 0}]',
        )
    ]


def test_what_late_live_events_may_change_is_a_row_of_the_second_look(
    settings: Settings, instance: dg.DagsterInstance, platform: Platform
) -> None:
    """One row: the first look of a range with a recent live event is no result yet."""
    now = datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M:%S")
    platform.add("TagEngagement", tagId=1, userId=8, type="Follow", createdAt=now)
    platform.command(f"INSERT INTO {TARGET} VALUES ('Tag', 1, 8, 'Follower', 1, '{now}')")
    load(settings.model_copy(update={"live_lag": 3.0}), instance)
    assert platform.query(
        "SELECT start, origin, wanted, events FROM metricReconciliation"
        " WHERE check = 'matches_source' ORDER BY start"
    ) == [(0, "second look", 2, 2), (10, "load", 1, 1)]


@pytest.mark.promise(
    "The load is done; a warning names the cure.",
    when="a history that cannot be written",
    area="operators",
)
def test_a_history_that_cannot_be_written_fails_nothing(
    settings: Settings, instance: dg.DagsterInstance, platform: Platform
) -> None:
    """Here the table has columns of its own: events are loaded and checked, and the listener hears
    of the table, the grant and the setting.
    """
    platform.command("CREATE TABLE metricReconciliation (x Int8) ENGINE = MergeTree ORDER BY x")
    results = Results()
    assert load(settings, instance, results).success
    assert len(platform.events()) == 3
    said = [text for text in results.remarks if text.startswith("metricReconciliation: ")]
    assert said
    assert all("Grant SELECT, INSERT" in text and names.HISTORY_DAYS in text for text in said)


def test_no_days_keep_no_history(
    settings: Settings, instance: dg.DagsterInstance, platform: Platform
) -> None:
    """With 0 there is not even a table; otherwise its TTL is what the setting says."""
    load(settings.model_copy(update={"history_days": 0}), instance)
    exists = "EXISTS TABLE metricReconciliation"
    assert platform.query(exists) == [(0,)]
    load(settings.model_copy(update={"history_days": 12}), instance)
    ((made,),) = platform.query("SHOW CREATE TABLE metricReconciliation")
    assert "toIntervalDay(12)" in made
    assert len(history(platform)) == 5


def test_a_table_made_beforehand_is_used_as_it_is(
    settings: Settings, instance: dg.DagsterInstance, platform: Platform
) -> None:
    """With columns that we do not know, and other keys."""
    with ClickHouse(platform.clickhouse_url) as store:
        History(store, settings).write([ROW])
    platform.command("CREATE TABLE another AS metricReconciliation ENGINE = MergeTree ORDER BY at")
    platform.command("DROP TABLE metricReconciliation")
    platform.command("RENAME TABLE another TO metricReconciliation")
    platform.command("ALTER TABLE metricReconciliation ADD COLUMN note String DEFAULT 'x' FIRST")
    load(settings, instance)
    assert history(platform) == LOADED
    with ClickHouse(platform.clickhouse_url) as store:
        found = History(store, settings).last_verified(FOLLOWER, IdRange(10, 20))
    assert found is not None
    assert (found.wanted, found.events) == (1, 1)


def test_two_targets_share_a_table_and_do_not_mix(
    settings: Settings, instance: dg.DagsterInstance, platform: Platform
) -> None:
    """What is known of one says nothing of the other; nor does the history look like a leftover, or
    rows of it like rows of a target.
    """
    load(settings, instance)
    other = settings.model_copy(update={"target_table": "otherEvents"})
    with ClickHouse(platform.clickhouse_url) as store:
        assert History(store, other).last_verified(FOLLOWER, IdRange(0, 10)) is None
        ClickHouseTarget(store, "otherEvents").create()
    load(other, instance)
    counted = platform.query(
        "SELECT target, count() FROM metricReconciliation GROUP BY 1 ORDER BY 1"
    )
    assert counted == [(TARGET, 5), ("otherEvents", 5)]


def test_the_history_is_no_leftover(settings: Settings, platform: Platform) -> None:
    """Whoever cleans up orphans of any target leaves it, even one named as its first letters; and
    `doctor` does not list it.
    """
    with ClickHouse(platform.clickhouse_url) as store:
        History(store, settings).write([ROW])
        for table in (TARGET, "metric"):
            ClickHouseTarget(store, table).create()
            target = ClickHouseTarget(store, table)
            scope = Scope("Tag", ("Follower",), IdRange(0, 10), CUTOFF)
            assert target.clean_up([scope]) == []
            named = settings.model_copy(update={"target_table": table})
            found = list(examine_leftovers(store, named))
            assert [finding.status for finding in found] == [OK]
        assert History(store, settings).last_verified(FOLLOWER, IdRange(0, 10)) == ROW


@pytest.mark.promise(
    "Every pair, range, failure and change that is recorded, with cause and cure.",
    when="a report",
    area="operators",
)
def test_a_report_shows_what_the_checks_found(
    settings: Settings, instance: dg.DagsterInstance, platform: Platform
) -> None:
    """One of three events is lost after the load: the report names the range, what is missing, who
    found it and what to do; once it is repaired, all is well and the failure is over.
    """
    pairs = [FOLLOWER]
    assert read_report(settings, pairs, 30).summary.empty
    load(settings, instance)
    assert read_report(settings, pairs, 30).summary.well
    platform.command(f"DELETE FROM {TARGET} WHERE entityId = 1 AND userId = 5")
    check(settings, instance)
    found = read_report(settings, pairs, 30)
    assert found.summary.sentence.startswith("Not all is well as of ")
    assert {cell["range"]: (cell["state"], cell["missing"]) for cell in found.cells} == {
        "0-9": ("differs", 1),
        "10-19": ("equal", 0),
    }
    assert {(one["place"], one["check"]) for one in found.failures if one["still"]} == {
        ("Tag/Follower", "reconciled"),
        ("Tag/Follower/0-9", "matches_legacy"),
        ("Tag/Follower/0-9", "matches_source"),
    }
    assert all("metric-assets " in one["cure"] for one in found.failures)
    assert [(one["before"], one["verdict"]) for one in found.changes] == [("passed", "failed")] * 3
    assert [(one["entity"], one["difference"]) for one in found.worst] == [(1, -1.0)]
    assert [point["coverage"] for point in found.coverage][-1] == 0.5
    load(settings, instance)
    after = read_report(settings, pairs, 30)
    assert after.summary.well
    assert {one["still"] for one in after.failures} == {False}
    assert [(one["before"], one["verdict"]) for one in after.changes[:3]] == [
        ("failed", "passed")
    ] * 3
    assert sum(one["results"] for one in after.results) == int(
        platform.query("SELECT count() FROM metricReconciliation")[0][0]
    )


def test_the_failing_range_is_the_last_of_each_check(
    settings: Settings, instance: dg.DagsterInstance, platform: Platform
) -> None:
    """The page of a check opens with its last result: the first range differs, and is told last, by
    both checks; the badge tells its state, the cause and the cure.
    """
    load(settings, instance)
    platform.command(f"DELETE FROM {TARGET} WHERE entityId = 1 AND userId = 5")
    results = check(settings, instance).get_asset_check_evaluations()
    own = [one for one in results if one.asset_key == dg.AssetKey(["Tag", "Follower"])]
    for name in ("matches_source", "matches_legacy"):
        last = [one for one in own if one.check_name == name][-1]
        assert (last.partition, last.passed) == ("0-9", False)
        assert {"cause", "cure"} <= last.metadata.keys()
    (badge,) = [one for one in own if one.check_name == "reconciled"]
    assert badge.metadata["state"].value == "differs"
    assert badge.metadata["missing"].value == 1
    cure = str(badge.metadata["cure"].value)
    assert "metric-assets reconcile Tag/Follower --repair" in cure
    assert cure in str(badge.description)


def test_the_summary_assets_are_made_by_the_schedule_and_by_commands(
    settings: Settings, instance: dg.DagsterInstance, platform: Platform
) -> None:
    """The job of the schedule makes them last, with a number a pair; a command refreshes those of its
    entity types, and the totals, without a run.
    """
    load(settings, instance)
    platform.command(f"DELETE FROM {TARGET} WHERE entityId = 1 AND userId = 5")
    result = audit(settings, instance)
    made = {
        event.asset_key: event.step_materialization_data.materialization.metadata
        for event in result.get_asset_materialization_events()
        if event.asset_key
    }
    assert len(made) == 1 + len(CATALOG.entity)
    steps = [event.step_key for event in result.all_events if event.is_step_success]
    assert steps[-1] == "summary"
    assert made[SUMMARY]["missing"].value == 1
    assert "Tag/Follower (differs)" in str(made[SUMMARY]["sentence"].value)
    assert made[entity_summary("Tag")]["Tag/Follower"].value == 0.5
    load(settings, instance)
    refresh_summary(settings, instance, [FOLLOWER], Results())
    latest = instance.get_latest_materialization_event(entity_summary("Tag"))
    assert latest is not None
    assert latest.asset_materialization is not None
    assert latest.asset_materialization.metadata["Tag/Follower"].value == 1.0
    assert len(_events(instance, SUMMARY)) == 2
    assert len(_events(instance, entity_summary("Post"))) == 1


def _events(instance: dg.DagsterInstance, key: dg.AssetKey) -> list[object]:
    return list(instance.fetch_materializations(key, limit=10).records)
