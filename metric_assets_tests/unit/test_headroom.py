"""Ranges never materialized: those that hold an entity made before the cutoff have to be."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from metric_assets.audit.headroom import inhabited
from metric_assets.catalog import CATALOG
from metric_assets.ranges import Grid
from metric_assets_tests.fakes import FakeRows

pytestmark = pytest.mark.unit

CUTOFF = datetime(2025, 10, 1, tzinfo=timezone.utc)
GRID = Grid(100, 1000)


def found(made: dict[int, bool], *firsts: int) -> list[int]:
    """First ids of the inhabited cells among those that begin at ``firsts``; True says newer."""
    cells = [GRID.cell(first) for first in firsts]
    rows = FakeRows(made={"Tag": made})
    return sorted(
        cell.start for cell in inhabited(CATALOG.entity["Tag"], cells, GRID, CUTOFF, rows)
    )


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        ({}, []),
        ({5: False}, [0]),
        ({205: False}, [200]),
        ({150: False}, []),  # A cell that was materialized is not asked for.
        ({205: True}, []),  # Made after the cutoff.
        ({205: True, 299: False}, [200]),
        ({205: True, 299: False, 950: False}, [200]),
        ({-5: False, 950: False}, []),
    ],
)
def test_an_entity_made_before_the_cutoff_makes_a_cell_due(
    made: dict[int, bool], expected: list[int]
) -> None:
    """Cells 0, 200 and 300 were never materialized."""
    assert found(made, 0, 200, 300) == expected


def test_an_old_entity_among_many_new_ones_is_seen() -> None:
    """The first 64 entities of a cell are newer: the cell is counted as a whole."""
    new = dict.fromkeys(range(200, 290), True)
    assert found({**new, 295: False}, 200) == [200]
    assert found(new, 200) == []


def test_empty_cells_cost_one_question() -> None:
    """What one answer says of the cells after it is not asked again."""
    rows = FakeRows(made={"Tag": {950: False}})
    cells = [GRID.cell(first) for first in range(0, 900, 100)]
    assert inhabited(CATALOG.entity["Tag"], cells, GRID, CUTOFF, rows) == set()
    assert len(rows.asked) == 1
