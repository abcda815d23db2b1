"""Undo and repair as Dagster records them: cutoffs, checks, badges, on an instance of its own."""

from __future__ import annotations

from datetime import datetime, timedelta

import dagster as dg
import pytest

from metric_assets.catalog import CATALOG
from metric_assets.operations.listener import Listener
from metric_assets.operations.repair import repair_work
from metric_assets.operations.undo import changed_runs, find_run, plan_undo
from metric_assets.orchestration.build import build_definitions
from metric_assets.orchestration.check_names import MATCHES_SOURCE, NONE, SOURCE_TAG
from metric_assets.orchestration.proofs import Proofs
from metric_assets.orchestration.repair_run import REPAIR_JOB
from metric_assets.orchestration.undo_run import UNDO_JOB
from metric_assets.ranges import IdRange
from metric_assets.settings import Settings
from metric_assets_tests.integration import test_orchestration
from metric_assets_tests.integration.platforms import CUTOFF, TARGET, Platform
from metric_assets_tests.integration.test_orchestration import FOLLOWER, KEYS, checks, run

pytestmark = pytest.mark.integration

settings = test_orchestration.settings
PAIR = CATALOG.pairs["Tag/Follower"]


def undo(
    settings: Settings, instance: dg.DagsterInstance, undone: str, *, force: bool = False
) -> dg.ExecuteInProcessResult:
    """Undo a run as a run of Dagster's job."""
    job = build_definitions(settings, Listener()).resolve_job_def(UNDO_JOB)
    config = {"ops": {"put_back": {"config": {"run": undone, "force": force}}}}
    return job.execute_in_process(instance=instance, run_config=config, raise_on_error=False)


def cutoff(instance: dg.DagsterInstance, key: str) -> datetime | None:
    """What is recorded of a range."""
    found = Proofs(instance).loaded([PAIR], IdRange.parse(key)).get("Follower")
    return found.cutoff if found else None


@pytest.mark.promise(
    "The range counts as never loaded, or its earlier cutoff stands; `matches_source` fails and"
    " names the undo; the badge is red.",
    when="a run is undone",
    area="undo",
)
def test_what_is_recorded_follows_the_undo(
    settings: Settings, instance: dg.DagsterInstance, platform: Platform
) -> None:
    """A load with a later cutoff is undone, then the first load, then both come back."""
    first = run(settings, instance, [FOLLOWER])
    later = settings.model_copy(update={"cutoff": CUTOFF + timedelta(days=1)})
    platform.add("TagEngagement", tagId=11, userId=6, type="Follow", createdAt="2025-10-01")
    second = run(later, instance, [FOLLOWER])
    assert second.success
    assert len(platform.events()) == 4
    assert cutoff(instance, "10-19") == later.cutoff

    undone = undo(settings, instance, second.run_id)
    assert undone.success
    assert len(platform.events()) == 3
    assert cutoff(instance, "10-19") == CUTOFF
    # The other ranges were not changed by the second run.
    assert cutoff(instance, "0-9") == later.cutoff
    assert checks(undone, MATCHES_SOURCE) == {("Tag/Follower", "10-19"): False}
    (verdict,) = [
        one for one in undone.get_asset_check_evaluations() if one.description and one.partition
    ][-1:]
    assert f"run {second.run_id} was undone by run {undone.run_id}" in str(verdict.description)
    assert checks(undone, "reconciled") == {("Tag/Follower", None): False}
    proof = Proofs(instance).current(PAIR, MATCHES_SOURCE)["10-19"]
    assert not proof.passed

    again = undo(settings, instance, first.run_id)
    assert again.success
    assert platform.events() == []
    assert [cutoff(instance, key) for key in KEYS] == [None] * 3
    assert Proofs(instance).materialized(PAIR) == set()
    assert not any(checks(again, MATCHES_SOURCE).values())

    assert undo(settings, instance, again.run_id).success
    assert len(platform.events()) == 3
    # The cutoffs from before the undo stand again.
    assert [cutoff(instance, key) for key in KEYS] == [later.cutoff, CUTOFF, later.cutoff]
    loaded = run(later, instance, [FOLLOWER])
    assert loaded.success
    assert len(platform.events()) == 4
    assert all(checks(loaded, MATCHES_SOURCE).values())


def test_a_range_that_was_undone_is_loaded_anew_with_an_earlier_cutoff(
    settings: Settings, instance: dg.DagsterInstance, platform: Platform
) -> None:
    """What a recorded cutoff refuses before the undo, it no longer refuses afterwards."""
    loaded = run(settings, instance, [FOLLOWER])
    earlier = settings.model_copy(update={"cutoff": CUTOFF - timedelta(days=700)})
    assert not run(earlier, instance, [FOLLOWER]).success
    assert undo(settings, instance, loaded.run_id).success
    assert run(earlier, instance, [FOLLOWER]).success
    assert platform.events() == []


def test_runs_are_listed_and_found_by_their_beginning(
    settings: Settings, instance: dg.DagsterInstance, platform: Platform
) -> None:
    """Newest first, with who made them and what they changed; Dagster need not know them."""
    first = run(settings, instance, [FOLLOWER])
    platform.command(f"DELETE FROM {TARGET} WHERE entityId = 11")
    second = run(settings, instance, [FOLLOWER])
    runs = changed_runs(settings)
    assert [(one.run, one.ranges, one.inserted, one.removed) for one in runs] == [
        (second.run_id, 1, 1, 0),
        (first.run_id, 3, 3, 0),
    ]
    assert runs[0].pairs == ("Tag/Follower",)
    assert runs[0].actor.user
    assert find_run(second.run_id[:20], settings).run == second.run_id
    plan = plan_undo(runs[0], settings)
    assert [one.plan.rows.removed for one in plan.ranges] == [1]
    with dg.DagsterInstance.ephemeral() as other:
        assert undo(settings, other, second.run_id).success
        assert cutoff(other, "10-19") == CUTOFF
    assert len(platform.events()) == 2


def test_an_undo_that_was_interrupted_is_recorded_by_the_next(
    settings: Settings, instance: dg.DagsterInstance, platform: Platform
) -> None:
    """All rows are back, and nothing of it was recorded: the same command records it."""
    loaded = run(settings, instance, [FOLLOWER])
    with dg.DagsterInstance.ephemeral() as other:
        assert undo(settings, other, loaded.run_id).success
    assert platform.events() == []
    assert Proofs(instance).materialized(PAIR) == set(KEYS)
    assert undo(settings, instance, loaded.run_id).success
    assert Proofs(instance).materialized(PAIR) == set()
    # And once it is, nothing is recorded twice.
    again = undo(settings, instance, loaded.run_id)
    assert again.success
    assert checks(again, MATCHES_SOURCE) == {}


def test_ranges_of_several_pairs_are_repaired_in_one_run(
    settings: Settings, instance: dg.DagsterInstance, platform: Platform
) -> None:
    """Two ranges of one pair with a gap between them, one of another: loaded, recorded, checked."""
    hidden = dg.AssetKey(["Tag", "Hidden"])
    run(settings, instance, [FOLLOWER, hidden])
    platform.command(f"DELETE FROM {TARGET} WHERE entityId IN (1, 21)")
    platform.add("TagEngagement", tagId=11, userId=7, type="Hide", createdAt="2024-02-02")
    ranges = {PAIR: ["0-9", "20-29"], CATALOG.pairs["Tag/Hidden"]: ["10-19"]}
    (work,) = repair_work(ranges, settings)
    job = build_definitions(settings, Listener()).resolve_job_def(REPAIR_JOB)
    config = {"ops": {"load_again": {"config": {"ranges": work.as_config()}}}}
    done = job.execute_in_process(
        instance=instance, run_config=config, tags={SOURCE_TAG: NONE}, raise_on_error=False
    )
    assert done.success
    assert len(platform.events()) == 4
    assert checks(done, MATCHES_SOURCE) == {
        ("Tag/Follower", "0-9"): True,
        ("Tag/Follower", "20-29"): True,
        ("Tag/Hidden", "10-19"): True,
    }
    assert checks(done, "reconciled")["Tag/Follower", None]
    assert {key for _, key in checks(done, "matches_legacy")} == {"0-9", "20-29", "10-19"}
    made = {
        ("/".join(event.asset_key.path), event.partition)
        for event in done.get_asset_materialization_events()
        if event.asset_key
    }
    assert made == set(checks(done, MATCHES_SOURCE))
    assert undo(settings, instance, done.run_id).success
    assert len(platform.events()) == 1
