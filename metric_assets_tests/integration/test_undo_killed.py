"""Undo where processes are killed in the middle: the run that is undone, and the undo itself.

Belongs here: what is held once an undo has ended well at last. Does not belong here: kills of loads
alone (torture), or random histories over fakes (unit/test_undo_properties).
"""

from __future__ import annotations

from typing import Any

import pytest

from metric_assets_tests.integration.platforms import Platform
from metric_assets_tests.integration.test_repair import (
    Loaded,
    delete_by_hand,
    double_by_hand,
    prepare,
)
from metric_assets_tests.integration.test_undo import CHOSEN, CUTOFF, load, state, undo
from metric_assets_tests.torture.nursery import Child

pytestmark = pytest.mark.integration

#: Steps at which a process that changes the target can die, in both ways of changing it.
WRITES = [
    "clickhouse/record",
    "clickhouse/insert_missing",
    "clickhouse/surplus",
    "clickhouse/remove",
]
#: Steps that are taken only where surplus is deleted, and only where it is compensated.
DELETING = {"clickhouse/surplus", "clickhouse/remove", "clickhouse/attach"}
COMPENSATING = {"clickhouse/publish"}
WHENS = ["before", "after"]


def skip_unless_taken(made: Loaded, step: str) -> None:
    """Skip the test if the target of a platform is not changed by such a step."""
    if step in (COMPENSATING if made.platform.deletes else DELETING):
        pytest.skip(f"{step} is not taken: surplus is deleted or compensated, not both")


@pytest.fixture
def made(platform: Platform) -> Loaded:
    """Sources and bystanders; nothing is loaded."""
    return prepare(platform)


def child(made: Loaded, run: str, step: str, when: str, **more: Any) -> None:
    """A process that loads, or undoes, and is killed at a step."""
    process = Child()
    process.order(
        {
            "postgres": made.platform.postgres_url,
            "clickhouse": made.platform.clickhouse_url,
            "table": made.table,
            "scan": "image/reactions",
            "metrics": [pair.split("/")[1] for pair in CHOSEN],
            "ranges": ["0-999"],
            "cutoff": CUTOFF.isoformat(),
            "memory_rows": 0,
            "point": {"step": step, "when": when},
            "run": run,
            **more,
        }
    )
    assert process.end()
    assert {"struck": True} in process.said


def damage(made: Loaded) -> None:
    """Rows are lost and doubled."""
    delete_by_hand(made, 300)
    double_by_hand(made, 200)


@pytest.mark.promise(
    "The same undo, repeated, puts back exactly what was there before.",
    when="an undo, or the run that it undoes, is killed at any step",
    area="undo",
)
@pytest.mark.parametrize("when", WHENS)
@pytest.mark.parametrize("step", WRITES)
def test_a_repair_is_undone_whoever_dies(made: Loaded, step: str, when: str) -> None:
    """The repair dies at a step, its undo dies at the same; the second undo ends."""
    skip_unless_taken(made, step)
    load(made, "first")
    damage(made)
    damaged = state(made, "auto")
    child(made, "second", step, when)
    if state(made, "auto") != damaged:
        child(made, "third", step, when, undo="second")
    undo(made, "second", "fourth")
    assert state(made, "auto") == damaged
    made.check_bystanders()


@pytest.mark.parametrize("when", WHENS)
@pytest.mark.parametrize(
    ("load_step", "undo_step"),
    [
        ("clickhouse/attach", "clickhouse/remove_scope"),
        ("clickhouse/publish", "clickhouse/insert_missing"),
        ("clickhouse/record", "clickhouse/record"),
    ],
)
def test_a_first_load_is_undone_whoever_dies(
    made: Loaded, load_step: str, undo_step: str, when: str
) -> None:
    """The load dies while it fills the scope, its undo while it empties it."""
    skip_unless_taken(made, load_step)
    empty = state(made, "auto")
    child(made, "first", load_step, when)
    if state(made, "auto") != empty:
        child(made, "second", undo_step, when, undo="first")
    undo(made, "first", "third")
    assert state(made, "auto") == empty
    load(made, "fourth")
    full = state(made, "auto")
    child(made, "fifth", undo_step, when, undo="fourth")
    undo(made, "fourth", "sixth")
    assert state(made, "auto") == empty
    undo(made, "sixth", "seventh")
    undo(made, "fifth", "eighth")
    assert state(made, "auto") == full
