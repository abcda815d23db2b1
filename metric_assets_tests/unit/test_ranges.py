from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metric_assets.errors import SettingsError, UnknownKeyError
from metric_assets.ranges import Grid, IdRange

pytestmark = pytest.mark.unit

LIMIT = 2_147_483_648


@st.composite
def ranges(draw: st.DrawFn) -> IdRange:
    """Any range there can be."""
    start = draw(st.integers(0, LIMIT - 1))
    return IdRange(start, draw(st.integers(start + 1, LIMIT)))


def test_a_key_is_written_inclusive() -> None:
    """The half-open [0, 1000000) is the partition key 0-999999, and a range prints as its key."""
    assert IdRange(0, 1_000_000).key == "0-999999"
    assert str(IdRange(7, 8)) == "7-7"


def test_the_last_possible_id_has_a_key() -> None:
    """Int32's largest id can be in a range, and its key can be read."""
    assert IdRange.parse("2147483647-2147483647") == IdRange(2_147_483_647, 2_147_483_648)


@given(ranges())
def test_a_key_names_one_range(ids: IdRange) -> None:
    """Reading the key of a range gives the range back."""
    assert IdRange.parse(ids.key) == ids


@given(st.integers(0, LIMIT - 1), st.integers(0, LIMIT - 1))
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
        "-5-9",
        "0--9",
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
    """A key is FIRST-LAST and nothing else: no sign, zero, comma, blank or other digits."""
    with pytest.raises(UnknownKeyError, match=r"^range .*expected FIRST-LAST"):
        IdRange.parse(key)


def test_a_reversed_key_is_refused() -> None:
    """A last id before the first is an error, never an empty range."""
    with pytest.raises(UnknownKeyError, match=r"^range '9-0': its last id lies before its first"):
        IdRange.parse("9-0")


@pytest.mark.parametrize("key", ["0-2147483648", "2147483648-2147483648", "0-99999999999999999999"])
def test_ids_beyond_the_target_are_refused(key: str) -> None:
    """No partition can be written whose ids the target cannot hold."""
    with pytest.raises(UnknownKeyError, match=r"^range \["):
        IdRange.parse(key)


@pytest.mark.parametrize(
    ("start", "stop"), [(-1, 5), (5, 5), (6, 5), (0, 0), (0, LIMIT + 1), (LIMIT, LIMIT + 1)]
)
def test_an_impossible_range_cannot_be_made(start: int, stop: int) -> None:
    """Negative, empty, reversed and too large ranges do not exist."""
    with pytest.raises(UnknownKeyError, match="expected 0 <= start < stop <= 2147483648"):
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
    """The cell that reaches past Int32 is cut off at its largest id."""
    cells = list(Grid(size=1_500_000_000, stop=LIMIT))
    assert [cell.key for cell in cells] == ["0-1499999999", "1500000000-2147483647"]


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
    with pytest.raises(SettingsError, match="both must lie between 1 and 2147483648"):
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


def test_a_wish_beyond_the_grid_is_refused() -> None:
    """Ids no partition holds are never quietly left out; the message says what to do."""
    with pytest.raises(UnknownKeyError, match=r"^range 2999-3000: ids end at 2999.*ranges --sync"):
        Grid(size=1000, stop=2500).covering(IdRange.parse("2999-3000"))


def test_a_wish_reaching_the_last_id_is_covered() -> None:
    """A grid up to the end of ids covers Int32's largest id."""
    cells = Grid(size=1_500_000_000, stop=LIMIT).covering(IdRange(LIMIT - 1, LIMIT))
    assert [cell.key for cell in cells] == ["1500000000-2147483647"]
