"""`backfill --submit`: what Dagster's daemon is given, and whether there is one."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg
import pytest
from dagster._core.execution.backfill import BulkActionStatus
from dagster._daemon.types import DaemonHeartbeat

from metric_assets import settings as names
from metric_assets.catalog import CATALOG
from metric_assets.operations.backfill import plan_work
from metric_assets.orchestration import submitting
from metric_assets.orchestration.submitting import DAEMONS, SILENCE, submit
from metric_assets.ranges import Grid, IdRange
from metric_assets.settings import Settings
from metric_assets_tests.integration.platforms import CUTOFF

pytestmark = pytest.mark.integration

PAIRS = [CATALOG.pairs[key] for key in ("Tag/Follower", "Tag/Hidden", "Bounty/Favorite")]


@pytest.fixture
def settings(instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Three ranges of tags and one of bounties; commands open the instance of the test."""

    @contextmanager
    def opened() -> Iterator[dg.DagsterInstance]:
        yield instance

    monkeypatch.setattr(submitting, "open_instance", opened)
    monkeypatch.setenv(names.POSTGRES_URL, "postgresql://nobody@127.0.0.1:1/nothing")
    monkeypatch.setenv(names.CLICKHOUSE_URL, "http://127.0.0.1:1/nothing")
    return Settings(
        cutoff=CUTOFF, grids={"Tag": Grid(10, 30), "Bounty": Grid(100, 100)}, memory_rows=0
    )


def heard(instance: dg.DagsterInstance, seconds: float, *daemons: str) -> None:
    """Some daemons said so many seconds ago that they live."""
    for name in daemons:
        instance.add_daemon_heartbeat(DaemonHeartbeat(time.time() - seconds, name, "one"))


def test_an_entity_is_a_backfill(instance: dg.DagsterInstance, settings: Settings) -> None:
    """One an entity, over the ranges asked for, with who asked; nothing is connected to."""
    handed = submit(plan_work(PAIRS, IdRange(5, 15), settings), settings, heal=True)
    assert [(one.entity, one.pairs) for one in handed.submitted] == [
        ("Tag", ("Tag/Follower", "Tag/Hidden")),
        ("Bounty", ("Bounty/Favorite",)),
    ]
    tags, bounties = (instance.get_backfill(one.backfill) for one in handed.submitted)
    assert tags is not None
    assert bounties is not None
    assert tags.status is BulkActionStatus.REQUESTED
    assert tags.asset_backfill_data is not None
    asked = tags.asset_backfill_data.target_subset.partitions_subsets_by_asset_key
    assert {
        key.to_user_string(): set(subset.get_partition_keys()) for key, subset in asked.items()
    } == {"Tag/Follower": {"0-9", "10-19"}, "Tag/Hidden": {"0-9", "10-19"}}
    assert tags.tags["metric_assets/heal_live"] == "true"
    assert tags.tags["metric_assets/user"]
    assert "metric_assets/heal_live" in bounties.tags


def test_many_ranges_are_several_backfills(
    instance: dg.DagsterInstance, settings: Settings
) -> None:
    """Ten ranges each, so that several machines have something to do; every range once."""
    many = settings.model_copy(update={"grids": {"Tag": Grid(10, 230)}})
    handed = submit(plan_work(PAIRS[:1], None, many), many)
    assert [len(one.ranges) for one in handed.submitted] == [10, 10, 3]
    assert [ids for one in handed.submitted for ids in one.ranges] == list(Grid(10, 230))
    assert len(instance.get_backfills()) == 3


@pytest.mark.parametrize(
    ("seconds", "daemons", "is_heard"),
    [
        (0, DAEMONS, True),
        (SILENCE + 10, DAEMONS, False),
        (0, DAEMONS[:1], False),
        (0, (), False),
    ],
    ids=["both live", "silent", "one is missing", "none"],
)
def test_a_daemon_that_is_missing_is_told(
    instance: dg.DagsterInstance,
    settings: Settings,
    seconds: float,
    daemons: tuple[str, ...],
    is_heard: bool,
) -> None:
    """The work waits all the same."""
    heard(instance, seconds, *daemons)
    handed = submit(plan_work(PAIRS[:1], None, settings), settings)
    assert handed.daemon == is_heard
    assert len(instance.get_backfills()) == 1
