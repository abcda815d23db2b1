"""Which ranges a scheduled pass compares with their source, and what the badge makes of it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metric_assets.badge import Badge
from metric_assets.catalog import CATALOG
from metric_assets.operations.repair import repair_work
from metric_assets.orchestration.audit_budget import NEVER, budget, oldest_first
from metric_assets.orchestration.evaluations import badge_evaluation
from metric_assets.ranges import Grid
from metric_assets.settings import Settings

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("ranges", "days", "expected"),
    [(70, 7, 10), (71, 7, 11), (1, 7, 1), (0, 7, 0), (10, 1, 10), (10, 0, 10), (10, 0.5, 10), (10, 2.5, 4)],
)  # fmt: skip
def test_a_budget_covers_everything_in_time(ranges: int, days: float, expected: int) -> None:
    """A pass a day: a seventh in seven days, rounded up; all of it within a day."""
    assert budget(ranges, days) == expected


def test_the_oldest_come_first() -> None:
    """Never verified is oldest; among equals the first; the order of ids is kept."""
    ages = {"a": 50, "b": NEVER, "c": 10, "d": NEVER, "e": 20}
    assert oldest_first(ages, 3) == ["b", "c", "d"]
    assert oldest_first(ages, 1) == ["b"]
    assert oldest_first(ages, 9) == list("abcde")


@pytest.mark.promise(
    "Every range is verified again in the days that are set.",
    when="the audit's budget",
    area="counter",
)
@given(st.integers(1, 60), st.floats(0, 30))
def test_every_range_has_its_turn(ranges: int, days: float) -> None:
    """Pass after pass, each range is taken at least once in the days that are set."""
    ages = dict.fromkeys(range(ranges), NEVER)
    seen: set[int] = set()
    for day in range(max(1, -(-int(days * 1000) // 1000))):
        for taken in oldest_first(ages, budget(ranges, days)):
            ages[taken] = day
            seen.add(taken)
    assert seen == set(range(ranges))


def badge(**changes: Any) -> Badge:
    """A pair of four ranges that are all well, but for what is said."""
    facts: dict[str, Any] = {"grid": 5, "materialized": 4, "oldest_days": 1.0, **changes}
    return Badge(CATALOG.pairs["Tag/Follower"], **facts)


def test_a_badge_that_passes() -> None:
    """All that is materialized is verified, lately; headroom of the grid is no fault."""
    one = badge()
    assert one.passed
    assert one.verified == 4
    assert one.sentence == "Tag/Follower: all 4 materialized ranges equal their source"
    figures = {name: value.value for name, value in badge_evaluation(one).metadata.items()}
    assert (figures["materialized_ranges"], figures["grid_ranges"]) == (4, 5)
    assert (figures["coverage_of_grid"], figures["oldest_proof_days"]) == (1.0, 1.0)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"differing": ("0-9",)}, "1 range differs from the source: 0-9"),
        ({"unloaded": ("0-9", "10-19")}, "2 ranges were never materialized and hold entities or rows: 0-9, 10-19"),
        ({"drifting": ("0-9",)}, "1 range has live drift: 0-9"),
        ({"behind": ("0-9",)}, "1 range is not verified: the stream is behind: 0-9"),
        ({"unverified": ("0-9",)}, "1 range is not verified since the last materialization: 0-9"),
        ({"legacy_failing": ("0-9",)}, "1 range breaks the rule of legacy: 0-9"),
        ({"legacy_unchecked": ("0-9",)}, "1 range was not compared with legacy: 0-9"),
        ({"oldest_days": 15.0, "most_days": 14.0}, "the oldest proof is 15.0 days old, at most 14 are allowed"),
    ],
)  # fmt: skip
def test_each_fault_fails_the_badge(changes: dict[str, object], said: str) -> None:
    """The description says what is wrong, and where."""
    assert not badge(**changes).passed
    assert badge(**changes).sentence == f"Tag/Follower: {said}"


def test_the_gravest_fault_is_said_first() -> None:
    """A load that differs comes before everything else; the numbers are plots."""
    one = badge(
        unverified=("0-9",), differing=("10-19",), unloaded=("40-49",), figures={"missing": 3}
    )
    assert one.sentence.startswith("Tag/Follower: 1 range differs from the source: 10-19; 1 range was never")  # fmt: skip
    figures = {name: value.value for name, value in badge_evaluation(one).metadata.items()}
    assert (figures["missing"], figures["surplus"], figures["verified_ranges"]) == (3, 0, 2)
    assert figures["coverage_of_grid"] == 0.8
    assert figures["failed_ranges"] == "10-19"


def test_a_repair_is_one_run_an_entity() -> None:
    """Ranges lie anywhere and differ by pair; each is read once, with the pairs that need it."""
    settings = Settings(grids={"Tag": Grid(10, 60), "User": Grid(10, 60)})
    ranges = {
        "Tag/Follower": ["10-19", "0-9", "40-49"],
        "Tag/Hidden": ["0-9", "40-49", "40-49"],
        "User/Follower": ["50-59"],
        "User/Hidden": [],
    }
    work = repair_work({CATALOG.pairs[key]: keys for key, keys in ranges.items()}, settings)
    assert {piece.entity: piece.as_config() for piece in work} == {
        "Tag": {"Tag/Follower": ["0-9", "10-19", "40-49"], "Tag/Hidden": ["0-9", "40-49"]},
        "User": {"User/Follower": ["50-59"]},
    }
    read = {
        (ids.key, pair.key)
        for piece in work
        for part in piece.pieces
        for ids in part.ranges
        for pair in part.pairs
    }
    assert read == {
        (key, pair) for piece in work for pair, keys in piece.as_config().items() for key in keys
    }
    assert {piece.entity: piece.steps for piece in work} == {"Tag": 3, "User": 1}
