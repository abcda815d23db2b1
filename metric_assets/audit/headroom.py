"""Which ranges that were never materialized have to be: a grid has headroom above the last entity.

Belongs here: what source and target hold in such ranges. Does not belong here: which ranges were
materialized (orchestration), or ids outside the grid (coverage).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime

from metric_assets.audit.entity_ids import cells_of, next_ids
from metric_assets.catalog.model import Entity
from metric_assets.ranges import Grid, IdRange
from metric_assets.sql import load
from metric_assets.stores.ports import Binds, Rows


def inhabited(
    entity: Entity, cells: Iterable[IdRange], grid: Grid, cutoff: datetime, source: Rows
) -> set[IdRange]:
    """The cells that hold an entity made before the cutoff.

    Asks for the first ids from each cell on by the primary key, which also says how many cells
    after it hold none. Only a cell whose first 64 entities are all newer is counted as a whole.
    """
    found: set[IdRange] = set()
    nothing_below: int | None = None
    for cell in sorted(cells):
        if nothing_below is not None and cell.stop <= nothing_below:
            continue
        seen = next_ids(entity, cell.start, cutoff, source)
        if seen.is_empty():
            break
        nothing_below = int(seen["id"][0])
        here = seen.filter(seen["id"] < cell.stop)
        if not here["after"].all() or (
            here.height == seen.height
            and cells_of(entity, cell.start, cell.stop - 1, grid, cutoff, source)
        ):
            found.add(cell)
    return found


def held(  # noqa: PLR0913 - the part of the target that is asked for
    entity: str,
    metrics: Sequence[str],
    cells: Iterable[IdRange],
    grid: Grid,
    cutoff: datetime,
    store: Rows,
    table: str,
) -> dict[str, set[IdRange]]:
    """The cells in which ``table`` holds rows below the cutoff, by metric; one statement."""
    wanted = set(cells)
    found: dict[str, set[IdRange]] = defaultdict(set)
    if not wanted:
        return found
    binds: Binds = {
        "target": table,
        "entity": entity,
        "metrics": list(metrics),
        "start": min(wanted).start,
        "stop": max(wanted).stop,
        "cutoff": cutoff,
        "size": grid.size,
    }
    for metric, number, _ in store.frame(load("clickhouse/held_cells"), binds).iter_rows():
        cell = grid.cell(number * grid.size)
        if cell in wanted:
            found[metric].add(cell)
    return found
