from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metric_assets.errors import SettingsError, UnknownKeyError
from metric_assets.ranges import Grid, IdRange

pytestmark = pytest.mark.unit

#: Ids of ranges: 64 bits but the number at each end.
FLOOR, LIMIT = -9_223_372_036_854_775_807, 9_223_372_036_854_775_807


@st.composite
def ranges(draw: st.DrawFn) -> IdRange:
    """Any range there can be."""
    start = draw(st.integers(FLOOR, LIMIT - 1))
    return IdRange(start, draw(st.integers(start + 1, LIMIT)))


def test_a_key_is_written_inclusive() -> None:
    """The half-open [0, 1000000) is the partition key 0-999999, and a range prints as its key."""
    assert IdRange(0, 1_000_000).key == "0-999999"
    assert str(IdRange(7, 8)) == "7-7"


@pytest.mark.parametrize(
    ("key", "start", "stop"),
    [
        ("2147483647-2147483647", 2_147_483_647, 2_147_483_648),
        ("2147483648-2147483648", 2_147_483_648, 2_147_483_649),
        ("0-9223372036854775806", 0, 9_223_372_036_854_775_807),
        ("-1--1", -1, 0),
        ("-1000--1", -1000, 0),
        ("-5-9", -5, 10),
        ("-1-0", -1, 1),
        ("-9223372036854775807--9223372036854775807", FLOOR, FLOOR + 1),
    ],
)
def test_every_possible_id_has_a_key(key: str, start: int, stop: int) -> None:
    """Int32's largest id, those beyond and those below 0 can be in a range, and its key be read."""
    assert IdRange.parse(key) == IdRange(start, stop)
    assert IdRange(start, stop).key == key


@given(ranges())
def test_a_key_names_one_range(ids: IdRange) -> None:
    """Reading the key of a range gives the range back."""
    assert IdRange.parse(ids.key) == ids


@given(st.integers(FLOOR, LIMIT - 1), st.integers(FLOOR, LIMIT - 1))
def test_a_range_has_one_key(one: int, other: int) -> None:
    """Writing what was read from a key gives the key back."""
    key = f"{min(one, other)}-{max(one, other)}"
    assert IdRange.parse(key).key == key


@pytest.mark.parametrize(
    "key",
    [
        "",
        "-",
        "5",
        "5-",
        "-5",
        "-0-5",
        "0--0",
        "--5-9",
        "0---9",
        "- 5-9",
        "-05-9",
        "\u22125-9",
        "00-9",
        "0-09",
        "01-9",
        "0-1,000",
        "0, 999",
        "0\u20139",
        " 0-9",
        "0-9 ",
        "0-9\n",
        "0 - 9",
        "a-b",
        "0-9.0",
        "0-1e3",
        "+0-9",
        "0...9",
        "\u0660-\u0669",
    ],
)
def test_any_other_text_is_refused(key: str) -> None:
    """A key is FIRST-LAST and nothing else: no plus, leading zero, comma, blank or other digits."""
    with pytest.raises(UnknownKeyError, match=r"^range .*expected FIRST-LAST"):
        IdRange.parse(key)


@pytest.mark.parametrize("key", ["9-0", "0--9", "-1--1000"])
def test_a_reversed_key_is_refused(key: str) -> None:
    """A last id before the first is an error, never an empty range."""
    with pytest.raises(UnknownKeyError, match=rf"^range '{key}': its last id lies before its"):
        IdRange.parse(key)


@pytest.mark.parametrize(
    "key", ["0-9223372036854775807", "-9223372036854775808--1", "0-99999999999999999999"]
)
def test_ids_beyond_64_bits_are_refused(key: str) -> None:
    """No partition can be written whose ends no statement can be given."""
    with pytest.raises(UnknownKeyError, match=r"^range \["):
        IdRange.parse(key)


@pytest.mark.parametrize(
    ("start", "stop"),
    [(FLOOR - 1, 5), (5, 5), (6, 5), (0, 0), (-5, -6), (0, LIMIT + 1), (LIMIT, LIMIT + 1)],
)
def test_an_impossible_range_cannot_be_made(start: int, stop: int) -> None:
    """Empty, reversed and too large ranges do not exist."""
    with pytest.raises(
        UnknownKeyError, match="-9223372036854775807 <= start < stop <= 9223372036854775807"
    ):
        IdRange(start, stop)


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        ((0, 10), False),
        ((0, 11), True),
        ((10, 20), True),
        ((12, 13), True),
        ((19, 30), True),
        ((20, 30), False),
        ((0, 30), True),
    ],
)
def test_overlap_is_at_least_one_common_id(other: tuple[int, int], expected: bool) -> None:
    """[10, 20) overlaps whatever shares an id with it; neighbours do not; either way round."""
    assert IdRange(10, 20).overlaps(IdRange(*other)) is expected
    assert IdRange(*other).overlaps(IdRange(10, 20)) is expected


@given(ranges(), ranges())
def test_overlap_means_a_common_id(one: IdRange, other: IdRange) -> None:
    """Two ranges overlap exactly if the later start lies before the earlier stop."""
    assert one.overlaps(other) == (max(one.start, other.start) < min(one.stop, other.stop))


def test_a_grid_is_cut_from_zero_without_gaps() -> None:
    """Cells follow one another from 0; the last is as long as the others and covers the stop."""
    grid = Grid(size=1000, stop=2500)
    assert len(grid) == 3
    assert [cell.key for cell in grid] == ["0-999", "1000-1999", "2000-2999"]


def test_a_stop_on_a_cells_edge_adds_no_cell() -> None:
    """An exact multiple of the size ends the grid there."""
    assert [cell.key for cell in Grid(size=1000, stop=2000)] == ["0-999", "1000-1999"]


def test_the_last_cell_ends_where_ids_end() -> None:
    """The cells that reach past 64 bits are cut off at the largest and the smallest id."""
    size = 5 * 10**18
    grid = Grid(size, LIMIT, (-size, -2 * size))
    assert [cell.key for cell in grid] == [
        "-9223372036854775807--5000000000000000001",
        "-5000000000000000000--1",
        "0-4999999999999999999",
        "5000000000000000000-9223372036854775806",
    ]
    assert grid.end == LIMIT
    assert grid.covers(LIMIT - 1)
    assert not grid.covers(LIMIT)
    assert grid.covers(FLOOR)
    assert not grid.covers(FLOOR - 1)


def test_a_cell_that_crosses_32_bits_is_as_long_as_the_others() -> None:
    """Nothing ends at Int32's largest id: what a target cannot hold are rows, not partitions."""
    cells = list(Grid(size=1_500_000_000, stop=2**31))
    assert [cell.key for cell in cells] == ["0-1499999999", "1500000000-2999999999"]


def test_further_cells_lie_anywhere_in_the_order_of_ids() -> None:
    """Cells below 0 and far above: counted, in order, once each, and those that the cells without
    gaps hold anyway are not repeated."""
    grid = Grid(size=1000, stop=2500, extra=(2_147_483_000, -1000, 9_000_000_000, 1000, -1000))
    assert [cell.key for cell in grid] == [
        "-1000--1",
        "0-999",
        "1000-1999",
        "2000-2999",
        "2147483000-2147483999",
        "9000000000-9000000999",
    ]
    assert len(grid) == 6
    assert grid.end == 3000
    assert grid.extra == (-1000, 2_147_483_000, 9_000_000_000)
    held = [-1001, -1000, -1, 0, 2999, 3000, 2_147_482_999, 2_147_483_647, 2_147_484_000]
    assert [grid.covers(id) for id in held] == [
        False, True, True, True, True, False, False, True, False,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("id", "first"), [(-1, -1000), (-1000, -1000), (-1001, -2000), (0, 0), (999, 0), (1000, 1000)]
)
def test_the_cell_of_an_id(id: int, first: int) -> None:
    """Cells are cut downwards below 0, too: -1 lies in [-1000, 0)."""
    grid = Grid(1000, 1000)
    assert grid.floor(id) == first
    assert grid.cell(id) == IdRange(first, first + 1000)


@pytest.mark.parametrize(
    ("first", "expected"),
    [
        (1500, "multiple of the size; 1500 lies in the cell that begins at 1000"),
        (-1, "multiple of the size; -1 lies in the cell that begins at -1000"),
        (10**19, "ids lie between -9223372036854775807 and 9223372036854775806"),
        (-(10**19), "ids lie between"),
    ],
)
def test_a_further_cell_begins_at_a_multiple_of_the_size(first: int, expected: str) -> None:
    """Anything else would overlap another cell; the message names the cell that was meant."""
    with pytest.raises(SettingsError, match=f"^grid size 1000, extra {first}: .*{expected}"):
        Grid(1000, 500, (first,))


@given(
    st.integers(1, 5000),
    st.integers(1, 50),
    st.sets(st.integers(-60, 120), max_size=8),
    st.integers(-400_000, 700_000),
)
def test_every_id_lies_in_one_cell_at_most(size: int, cells: int, apart: set[int], id: int) -> None:
    """covers() says what the cells say, whatever the further cells; they are disjoint, in order."""
    grid = Grid(size, size * cells, tuple(number * size for number in apart))
    made = list(grid)
    assert len(made) == len(grid) == len(set(range(cells)) | apart)
    assert all(a.stop <= b.start for a, b in pairwise(made))
    holding = [cell for cell in made if cell.start <= id < cell.stop]
    assert len(holding) == int(grid.covers(id))
    assert holding in ([], [grid.cell(id)])


@given(st.integers(1, 5000), st.integers(1, 50_000))
def test_every_id_lies_in_one_cell(size: int, stop: int) -> None:
    """Cells touch, none is empty, all begin at a multiple of the size, the stop is covered."""
    stop = min(stop, size * 50)
    cells = list(Grid(size, stop))
    assert len(cells) == len(Grid(size, stop))
    assert cells[0].start == 0
    assert all(a.stop == b.start for a, b in pairwise(cells))
    assert all(cell.start % size == 0 for cell in cells)
    assert cells[-1].start < stop <= cells[-1].stop


@pytest.mark.parametrize(
    "bad", [(0, 10), (-1, 10), (10, 0), (10, -5), (LIMIT + 1, 10), (10, LIMIT + 1)]
)
def test_an_impossible_grid_cannot_be_made(bad: tuple[int, int]) -> None:
    """Sizes and stops lie between 1 and the end of ids."""
    with pytest.raises(SettingsError, match="both must lie between 1 and 9223372036854775807"):
        Grid(*bad)


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ("0-0", ["0-999"]),
        ("999-999", ["0-999"]),
        ("999-1000", ["0-999", "1000-1999"]),
        ("1000-1999", ["1000-1999"]),
        ("500-2999", ["0-999", "1000-1999", "2000-2999"]),
        ("2500-2999", ["2000-2999"]),
    ],
)
def test_covering_names_every_cell_touched(wanted: str, expected: list[str]) -> None:
    """A wish that touches a cell gets all of it; the last cell counts beyond the grid's stop."""
    cells = Grid(size=1000, stop=2500).covering(IdRange.parse(wanted))
    assert [cell.key for cell in cells] == expected


@pytest.mark.promise(
    "An error, never an empty success.", when="a range outside the grid", area="settings"
)
def test_a_wish_beyond_the_grid_is_refused() -> None:
    """Ids no partition holds are never quietly left out; the message says what to do."""
    with pytest.raises(UnknownKeyError, match=r"^range 2999-3000: ids end at 2999.*ranges --sync"):
        Grid(size=1000, stop=2500).covering(IdRange.parse("2999-3000"))


def test_a_wish_reaching_the_last_id_is_covered() -> None:
    """A grid up to the end of ids covers the largest id."""
    cells = Grid(size=5 * 10**18, stop=LIMIT).covering(IdRange(LIMIT - 1, LIMIT))
    assert [cell.key for cell in cells] == ["5000000000000000000-9223372036854775806"]


APART = Grid(size=1000, stop=2500, extra=(-1000, 5000))


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ("-1--1", ["-1000--1"]),
        ("-1000--1", ["-1000--1"]),
        ("-1-0", ["-1000--1", "0-999"]),
        ("5999-5999", ["5000-5999"]),
        ("-1000-2999", ["-1000--1", "0-999", "1000-1999", "2000-2999"]),
    ],
)
def test_covering_knows_further_cells(wanted: str, expected: list[str]) -> None:
    """A wish may lie in cells apart, and reach over those that touch."""
    assert [cell.key for cell in APART.covering(IdRange.parse(wanted))] == expected


@pytest.mark.parametrize(
    ("wanted", "missing"),
    [("-1001--1", -1001), ("2999-5000", 3000), ("5000-6000", 6000), ("4000-4999", 4000)],
)
def test_a_wish_over_a_gap_is_refused(wanted: str, missing: int) -> None:
    """What lies between the cells is not quietly left out; the first such id is named."""
    with pytest.raises(UnknownKeyError, match=rf"^range {wanted}: .*id {missing} lies in no part"):
        APART.covering(IdRange.parse(wanted))
