from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metric_assets.audit import entity_ids
from metric_assets.audit.coverage import Coverage, survey, survey_synced
from metric_assets.audit.entity_ids import dense_end, highest_id, windows
from metric_assets.catalog import CATALOG
from metric_assets.ranges import Grid
from metric_assets_tests.fakes import FakeRows

pytestmark = pytest.mark.unit

CUTOFF = datetime(2025, 10, 1, tzinfo=timezone.utc)
INT4_LAST = 2**31 - 1
INT8_LAST = 2**63 - 1
GRID = Grid(1000, 3000)


def look(made: Mapping[int, bool], grid: Grid = GRID) -> Coverage:
    """A grid against ids of tags; True says made at or after the cutoff."""
    return survey(CATALOG.entity["Tag"], grid, CUTOFF, FakeRows(made={"Tag": made}))


def sync(made: Mapping[int, bool], grid: Grid = GRID) -> Coverage:
    """What `ranges --sync` makes of it."""
    return survey_synced(CATALOG.entity["Tag"], grid, CUTOFF, FakeRows(made={"Tag": made}))


@pytest.mark.parametrize(
    ("made", "highest"),
    [
        ({}, None),
        ({7: True}, None),
        ({7: False}, 7),
        ({-7: False}, None),
        # In order, with gaps: 1..300 old, the rest new.
        ({id: id > 300 for id in range(1, 2000, 3)}, 298),
        # New among the old: every tenth low id carries a late date.
        ({id: id > 300 or id % 10 == 0 for id in range(1, 2000)}, 299),
        # Old among the new: one stray beyond the border.
        ({id: id > 300 and id != 900 for id in range(1, 2000)}, 900),
        # Ids far apart, at the end of what an id can be.
        ({1: False, 2**31 - 2: True}, 1),
        ({1: False, 2**31 - 2: False}, 2**31 - 2),
        ({1: False, INT4_LAST: False}, INT4_LAST),
        ({1: False, 2**31: False}, 2**31),
    ],
)
def test_the_highest_id(made: dict[int, bool], highest: int | None) -> None:
    """The highest id made before the cutoff, whatever the gaps and with a few dates out of order."""
    source = FakeRows(made={"Tag": made})
    assert highest_id(CATALOG.entity["Tag"], CUTOFF, source) == highest
    assert len(source.asked) <= 70
    if not [id for id in made if id >= 2**31]:
        assert len(source.asked) <= 40
    assert all(binds["cutoff"] == CUTOFF for _, binds in source.asked)


@pytest.mark.parametrize(
    ("made", "lowest", "highest"),
    [
        # Too few to say anything: all of them are walked.
        (dict.fromkeys(range(63), False), 0, 0),
        # The end, short of it by less than one answer.
        (dict.fromkeys(range(5000), False), 4936, 5000),
        ({id: id >= 3000 for id in range(5000)}, 2936, 3000),
        # Strays at the end of 32 bits, where a search halves, say nothing.
        ({**dict.fromkeys(range(5000), False), **{INT4_LAST - id: False for id in range(60)}}, 4936, 5000),
    ],
)  # fmt: skip
def test_the_end_of_the_dense_part(made: dict[int, bool], lowest: int, highest: int) -> None:
    """Where ids pass the cutoff, whatever lies far from all others."""
    source = FakeRows(made={"Tag": made})
    assert lowest <= dense_end(CATALOG.entity["Tag"], CUTOFF, source, 32_000) <= highest
    assert len(source.asked) <= 70


@pytest.mark.parametrize(
    ("made", "count", "outside", "cells"),
    [
        # Nothing, only later rows, or only rows that the grid holds.
        ({}, 0, None, ()),
        ({0: False, 2999: False}, 0, None, ()),
        ({3000: True, -1: True, INT4_LAST: True}, 0, None, ()),
        # Each end of what is not held.
        ({3000: False}, 1, (3000, 3000), (3000,)),
        ({-1: False}, 1, (-1, -1), (-1000,)),
        ({-1: False, -1000: False, -1001: False}, 3, (-1001, -1), (-2000, -1000)),
        ({INT4_LAST: False}, 1, (INT4_LAST, INT4_LAST), (2_147_483_000,)),
        ({2**31: False}, 1, (2**31, 2**31), (2_147_483_000,)),
        ({3_000_000_000: False}, 1, (3_000_000_000, 3_000_000_000), (3_000_000_000,)),
        ({-(2**31): False}, 1, (-(2**31), -(2**31)), (-2_147_484_000,)),
        # All at once, beside rows of all kinds.
        (
            {-1: False, 5: False, 4000: True, 4001: False, 9 * 10**18: False},
            3,
            (-1, 9 * 10**18),
            (-1000, 4000, 9 * 10**18),
        ),
        # Numbers that no range can begin or end with.
        ({INT8_LAST: False, -(2**63): False}, 2, (-(2**63), INT8_LAST),
         (-9223372036854776000, 9223372036854775000)),
    ],
)  # fmt: skip
def test_what_lies_outside_is_counted(
    made: dict[int, bool], count: int, outside: tuple[int, int] | None, cells: tuple[int, ...]
) -> None:
    """Every id made before the cutoff that no partition holds, however far it lies from the rest."""
    found = look(made)
    assert (found.count, found.outside, found.cells) == (count, outside, cells)
    assert found.covered is (count == 0)
    assert bool(found.sentence) is (count > 0)


@pytest.mark.promise(
    "Found.", when="an entity made before the cutoff has an id among newer ones", area="sources"
)
def test_rows_out_of_order_far_above_the_crossing_are_seen() -> None:
    """An old row a million ids above the place where ids pass the cutoff is found among newer."""
    made = {id: id >= 3000 for id in range(0, 1_500_000, 50)}
    made[1_234_550] = False
    found = look(made)
    assert (found.count, found.outside, found.highest) == (1, (1_234_550, 1_234_550), 1_234_550)


def test_cells_apart_hold_what_lies_in_them() -> None:
    """Ids in a grid's further cells are not outside; those beside them are, counted alone."""
    made = dict.fromkeys([-1, -1000, -1001, 5, 2_147_483_000, INT4_LAST, 2_147_484_000], False)
    found = look(made, Grid(1000, 3000, (-1000, 2_147_483_000)))
    assert (found.count, found.outside) == (2, (-1001, 2_147_484_000))
    assert (found.lowest, found.highest) == (-1001, 2_147_484_000)


def test_the_sentence_says_how_many_which_and_what_to_do() -> None:
    """The entity, the ids by name or by their ends, the grid, and the commands."""
    assert look({-1: False}).sentence == (
        "Tag: 1 id made before the cutoff lies in no partition: -1. The grid holds 0 to 2999;"
        " run `metric-assets ranges Tag --sync`, then `metric-assets backfill Tag`"
    )
    assert look({-1: False, INT4_LAST: False}).summary == (
        "2 ids made before the cutoff lie in no partition: -1, 2147483647"
    )
    many = look(dict.fromkeys([-1, *range(3000, 4500)], False), Grid(1000, 2001, (-2000,)))
    assert many.summary == (
        "1,501 ids made before the cutoff lie in no partition, from -1 to 4499 (-1, 3000, 3999, …)"
    )
    assert "The grid holds 0 to 2999 and 1 cells apart" in many.sentence


def test_sparse_stretches_cost_one_look_up() -> None:
    """Ids at both ends of 64 bits are found in a few statements, not in billions of windows."""
    source = FakeRows(
        made={"Tag": dict.fromkeys([-(2**63), -1, 5, 4000, INT4_LAST, INT8_LAST], False)}
    )
    found = list(windows(CATALOG.entity["Tag"], GRID, CUTOFF, source))
    assert sum(cell[1] for window in found for cell in window.cells) == 5
    assert len(found) == 5
    assert len(source.asked) <= 12


def test_a_window_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """No statement looks at more ids, or at more cells, than the limits say; none is left out."""
    monkeypatch.setattr(entity_ids, "WINDOW_IDS", 300)
    monkeypatch.setattr(entity_ids, "WINDOW_CELLS", 20)
    made = dict.fromkeys(range(-700, 2000), False)
    for size, longest in ((1000, 300), (10, 200)):
        source = FakeRows(made={"Tag": made})
        found = look_at(source, Grid(size, 1000))
        widths = [
            int(binds["last"]) - int(binds["first"]) + 1  # type: ignore[arg-type]
            for name, binds in source.asked
            if name == "entities/outside"
        ]
        assert max(widths) == longest
        assert (found.count, found.outside) == (1700, (-700, 1999))


def look_at(source: FakeRows, grid: Grid) -> Coverage:
    """survey() of tags with the source at hand."""
    return survey(CATALOG.entity["Tag"], grid, CUTOFF, source)


@given(
    st.dictionaries(
        st.integers(-5000, 9000)
        | st.sampled_from([INT4_LAST, 2**31, 3 * 10**9, 9 * 10**18, -(2**31), -(2**63) + 1]),
        st.booleans(),
        max_size=30,
    ),
    st.integers(1, 3000),
    st.integers(1, 6000),
    st.sets(st.integers(-9, 9), max_size=3),
)
def test_no_id_is_left_out(made: dict[int, bool], size: int, stop: int, apart: set[int]) -> None:
    """What is counted is what the grid does not hold; after a sync it holds everything, its size
    and its further cells are as before, and nothing is outside."""
    grid = Grid(size, stop, tuple(number * size for number in apart))
    old = [id for id, after in made.items() if not after]
    outside = sorted(id for id in old if not grid.covers(id))
    found = look(made, grid)
    assert found.count == len(outside)
    assert found.outside == ((outside[0], outside[-1]) if outside else None)
    done = sync(made, grid)
    assert done.covered
    assert all(done.grid.covers(id) for id in old)
    assert done.grid.size == size
    assert all(done.grid.covers(first) for first in grid.extra)
    assert look(made, done.grid).covered


@pytest.mark.parametrize(
    ("made", "stop", "extra"),
    [
        # No ids: one cell.
        ([], 1000, ()),
        ([-1], 1000, (-1000,)),
        # Trimmed to what is there.
        ([5], 1000, ()),
        ([5, 1999], 2000, ()),
        # Above the end: joined up to 32 empty cells, set apart beyond; one may lead to the next.
        ([5, 33_999], 34_000, ()),
        ([5, 34_000], 1000, (34_000,)),
        ([5, 33_000, 66_999, 100_000], 67_000, (100_000,)),
        # Strays, and rows beside a stray.
        ([5, INT4_LAST], 1000, (2_147_483_000,)),
        ([5, INT4_LAST, 2**31, 2**31 + 1000], 1000, (2_147_483_000, 2_147_484_000)),
        ([-1, -1000, -1001, 5, 9 * 10**18], 1000, (-2000, -1000, 9 * 10**18)),
        # Far more than the present grid has.
        (list(range(0, 90_000, 64)), 90_000, ()),
    ],
)
def test_sync_joins_what_is_near_and_sets_apart_what_is_far(
    made: list[int], stop: int, extra: tuple[int, ...]
) -> None:
    """The grid ends with the dense part; a stray far from it costs one cell, not thousands."""
    found = sync(dict.fromkeys(made, False))
    assert (found.grid.stop, found.grid.extra) == (stop, extra)
    assert found.covered


def test_sync_keeps_further_cells() -> None:
    """Something may have been loaded into them, and a later look has to find it."""
    found = sync({5: False}, Grid(1000, 3000, (-1000, 7000)))
    assert found.grid == Grid(1000, 1000, (-1000, 7000))


def test_a_grid_of_too_many_partitions_is_not_made() -> None:
    """The present grid is kept, the ids are counted, and the sentence says what helps."""
    strays = dict.fromkeys(range(10**9, 10**9 + 10001 * 1000, 1000), False)
    found = sync(strays)
    assert found.grid == GRID
    assert found.count == 10_001
    assert "more than 10,000 partitions of 1,000 ids" in found.sentence
    assert "--sync" not in found.sentence
    strays.pop(10**9)
    strays.pop(10**9 + 1000)
    fewer = sync(strays)
    assert fewer.covered
    assert len(fewer.grid) == 10_000


def test_ids_that_no_range_can_hold_stay_named() -> None:
    """The numbers at both ends of 64 bits: sync takes what it can and names what is left."""
    found = sync({-(2**63): False, -(2**63) + 1: False, INT8_LAST - 1: False, INT8_LAST: False})
    assert (found.count, found.outside) == (2, (-(2**63), INT8_LAST))
    assert "give it another at the source" in found.sentence
    assert "--sync" not in found.sentence
    again = look(
        {-(2**63): False, -(2**63) + 1: False, INT8_LAST - 1: False, INT8_LAST: False}, found.grid
    )
    assert (again.count, again.sentence) == (found.count, found.sentence)
    before = look({-1: False, INT8_LAST: False}).sentence
    assert "ranges Tag --sync" in before
    assert "give it another at the source" in before


def test_sync_trims_no_row_away() -> None:
    """Old rows above the crossing that the present grid holds are still held when it is trimmed."""
    made = {id: id >= 40_000 for id in range(0, 900_000, 20)}
    made[700_000] = made[123_460] = False
    found = sync(made, Grid(1000, 1_000_000))
    assert found.covered
    assert found.grid == Grid(1000, 40_000, (123_000, 700_000))
