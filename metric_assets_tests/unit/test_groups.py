"""Which neighbouring ranges are loaded together."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from metric_assets.errors import UnavailableError
from metric_assets.load.groups import TOGETHER, groups
from metric_assets.ranges import IdRange

pytestmark = pytest.mark.unit

#: Forty neighbouring ranges of ten ids.
RANGES = [IdRange(first, first + 10) for first in range(0, 400, 10)]


def sizes(
    expected: Callable[[IdRange], int | None], ranges: list[IdRange] = RANGES, most: int = 1_000
) -> list[int]:
    """How many ranges each group has; all of them come once, in their order."""
    found = list(groups({ids: ["Follower"] for ids in ranges}, expected, most))
    assert [ids for group in found for ids in group] == ranges
    return [len(group) for group in found]


def a_row_an_id(ids: IdRange) -> int:
    """The source has a row an id."""
    return ids.stop - ids.start


def test_few_rows_go_together() -> None:
    """As many ranges as are taken at once, and the rest."""
    assert sizes(a_row_an_id) == [TOGETHER, TOGETHER, 8]


def test_a_group_holds_no_more_than_is_compared_together() -> None:
    """Groups are halved until they fit."""
    found = sizes(a_row_an_id, most=40)
    assert found[:7] == [4] * 7
    assert max(found) == 4


def test_many_rows_go_alone() -> None:
    """Ranges that are each too large are loaded one by one."""
    assert sizes(lambda _ids: 10_000) == [1] * 40


def test_groups_grow_again() -> None:
    """Behind a large range the small ones go together."""
    asked: list[str] = []

    def expected(ids: IdRange) -> int:
        asked.append(ids.key)
        return 10_000 if ids.start == 0 else 1

    assert sizes(expected) == [1, 4, TOGETHER, TOGETHER, 3]
    assert asked[:4] == ["0-159", "0-79", "0-39", "0-19"]


@pytest.mark.parametrize("unknown", ["nobody knows", "the source does not answer"])
def test_what_nobody_knows_goes_alone(unknown: str) -> None:
    """Without an answer nothing is put together; an error is left to the load to tell."""

    def expected(_ids: IdRange) -> None:
        if unknown == "the source does not answer":
            raise UnavailableError("no answer")

    assert sizes(expected) == [1] * 40


def test_pairs_and_ranges_have_a_place_each() -> None:
    """A scan of forty pairs: six ranges of them are 240 places of the 255 there are."""
    work = {ids: [f"Metric{number}" for number in range(40)] for ids in RANGES}
    assert [len(group) for group in groups(work, a_row_an_id, 1_000)] == [6] * 6 + [4]


def test_only_neighbours_go_together() -> None:
    """Ids between two ranges would be read with them."""
    assert sizes(a_row_an_id, [*RANGES[:3], *RANGES[5:8]]) == [3, 3]


def test_only_ranges_of_the_same_pairs_go_together() -> None:
    """Of one range a pair is loaded that is not loaded of the next."""
    work = {RANGES[0]: ["Follower"], RANGES[1]: ["Follower", "Hidden"], RANGES[2]: ["Follower"]}
    assert [len(group) for group in groups(work, a_row_an_id, 1_000)] == [1, 1, 1]
