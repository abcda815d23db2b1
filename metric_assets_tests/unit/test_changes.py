"""What stands in the way of an undo, as arithmetic over runs."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from metric_assets.actor import Actor
from metric_assets.changes import ChangedRun, LaterRun, own_runs, perhaps_in_the_way
from metric_assets.errors import UndoError
from metric_assets.operations.undo import check_age
from metric_assets.ranges import IdRange
from metric_assets.settings import Settings

pytestmark = pytest.mark.unit

WHEN = datetime(2026, 1, 1, tzinfo=timezone.utc)
IDS = IdRange(0, 10)


def later(*runs: tuple[str, str], ids: IdRange = IDS) -> list[LaterRun]:
    """Runs after the first, each with the run that it undid, in their order."""
    return [
        LaterRun(run, undone, "u", "h", WHEN, ids, place, place)
        for place, (run, undone) in enumerate(runs, 2)
    ]


def names(found: list[LaterRun]) -> list[str]:
    """Their ids."""
    return [one.run for one in found]


def test_undoings_of_a_run_are_its_own() -> None:
    """So are undoings of those."""
    runs = later(("b", ""), ("c", "a"), ("d", "c"), ("e", "b"))
    assert own_runs("a", runs) == ("a", "c", "d")


def test_later_runs_may_stand_in_the_way() -> None:
    """Whether one does is seen from itself, not from what undid it."""
    assert names(perhaps_in_the_way("a", later(("b", ""), ("c", "b"), ("d", "")))) == ["b", "d"]


def test_what_was_undone_before_an_earlier_run_was_is_out_of_the_way() -> None:
    """b and c were loaded, c undone and then b: b was, while nothing of c stood."""
    runs = later(("b", ""), ("c", ""), ("uc", "c"), ("ub", "b"))
    assert names(perhaps_in_the_way("a", runs)) == ["b"]
    # Once a itself was undone after that, nothing of either stood.
    last = LaterRun("ua", "a", "u", "h", WHEN, IDS, 9, 9)
    assert names(perhaps_in_the_way("a", [*runs, last])) == []


def test_a_run_that_came_back_may_stand_in_the_way_again() -> None:
    """c was undone, b was undone, then b and c came back."""
    runs = later(("b", ""), ("c", ""), ("uc", "c"), ("ub", "b"), ("rb", "ub"), ("rc", "uc"))
    assert names(perhaps_in_the_way("a", runs)) == ["b", "c"]


def test_an_undo_of_other_ids_says_nothing() -> None:
    """c lies beyond the ids that b's undo looked at."""
    runs = [
        *later(("b", "")),
        LaterRun("c", "", "u", "h", WHEN, IdRange(10, 20), 3, 3),
        LaterRun("ub", "b", "u", "h", WHEN, IDS, 4, 4),
    ]
    assert names(perhaps_in_the_way("a", runs)) == ["b", "c"]


@pytest.mark.parametrize(
    ("days", "age", "kept"),
    [(90, 88.9, True), (90, 89.1, False), (1, 0.4, True), (1, 0.6, False), (0, 900, True)],
)
def test_a_run_whose_record_may_be_gone_in_part_is_not_undone(
    days: int, age: float, kept: bool
) -> None:
    """A day before the end of the retention, of a short one half of it; what is not recorded any
    more has the retention of its table alone.
    """
    began = datetime.now(timezone.utc) - timedelta(days=age)
    run = ChangedRun("a", "", began, began, Actor("u", "h", "c", "a"), ("Tag/Follower",), 1, 1, 0)
    settings = Settings(repairs_days=days)
    if kept:
        check_age(run, settings)
    else:
        with pytest.raises(UndoError, match="may no longer be recorded"):
            check_age(run, settings)
