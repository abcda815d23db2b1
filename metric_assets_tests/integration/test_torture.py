"""A short torture: a round of each kind of fault but for Dagster's daemon (``make torture`` has all);
with a server given by URL (docs/how-to/testing-against-a-server.md), one of replicated targets on it, too.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from metric_assets_tests.integration.local_fixtures import free_port, own_folder
from metric_assets_tests.integration.servers import URL, Server
from metric_assets_tests.torture.rounds import FAULTS, Torture, faults_of
from metric_assets_tests.torture.world import World

pytestmark = pytest.mark.integration

CHOSEN = (
    "while reading",
    "between chunks",
    "while attaching",
    "between insert and delete",
    "during the delete",
    "after the read-back, not yet recorded",
    "clickhouse: during the delete",
    "postgres: between chunks",
    "view: during the publishing",
    "view: between compensation and read-back",
    "slow answers: deleted, not yet heard of",
    "two backfills at once, one killed",
    "stalled before the delete, woken after the retry",
    "command line: after the read-back, not yet recorded",
    "at a random time",
    "undo, clickhouse: while a first load is taken out",
)


@pytest.fixture
def torture() -> Iterator[Torture]:
    """A world of its own: its servers are killed."""
    with own_folder() as home:
        world = World(home, free_port(), rows=3_000)
        try:
            with Torture(world, seed=4) as torture:
                yield torture
        finally:
            world.down()


@pytest.mark.promise(
    "What was reported done is exact, one more backfill makes the rest exact, live events are untouched, nothing of ours is left; an undo, repeated, leaves exactly what was there before.",
    when="client, ClickHouse or Postgres killed at any step; the command line; a target with a view; an undo",
    area="kills",
)
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_whatever_is_killed_one_more_backfill_is_exact(torture: Torture) -> None:
    """Whoever dies, wherever: what was said to be done is exact, one more backfill makes the rest
    so, live events are untouched, and no table, statement, mutation or lock of ours is left.
    """
    faults = [next(fault for fault in FAULTS if fault.name == name) for name in CHOSEN]
    verdicts = list(torture.run(len(faults), faults))
    assert [verdict.as_dict() for verdict in verdicts if not verdict.clean] == []
    named = [verdict.fault for verdict in verdicts if not verdict.struck]
    assert set(named) <= {"two backfills at once, one killed"}


CHOSEN_REPLICATED = (
    "between chunks",
    "during the publishing",
    "during the insert of one metric of several",
    "during the compensation",
    "view: between compensation and read-back",
    "clickhouse: during the publishing",
    "clickhouse: during the compensation",
    "postgres: before the compensation",
    "stalled before a difference is written, woken after the retry",
    "slow answers: published, not yet heard of",
    "command line: after the read-back, not yet recorded",
    "undo: during the insert",
    "undo, clickhouse: written down, nothing put back",
)


@pytest.mark.promise(
    "The same, by key.", when="the same on replicated targets (by URL)", area="kills"
)
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_replicated_targets_on_a_server_by_url() -> None:
    """The same on replicated targets, by key: clients die, are stopped and woken, and the server too
    where its tester has said how to start it again.
    """
    given = Server.given()
    if given is None:
        pytest.skip(f"{URL} is not set: docs/how-to/testing-against-a-server.md")
    if not given.engine.startswith(("Replicated", "Shared")):
        given = replace(given, engine="ReplicatedMergeTree")
    with own_folder() as home:
        world = World(home, free_port(), 3_000, given)
        try:
            with Torture(world, seed=4) as torture:
                faults = [fault for fault in faults_of(world) if fault.name in CHOSEN_REPLICATED]
                verdicts = list(torture.run(len(faults), faults))
        finally:
            world.down()
    assert len(faults) >= len(CHOSEN_REPLICATED) - 2
    assert [verdict.as_dict() for verdict in verdicts if not verdict.clean] == []
    assert [verdict.fault for verdict in verdicts if not verdict.struck] == []
