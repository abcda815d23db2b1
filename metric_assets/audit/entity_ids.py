"""Which ids an entity has, and whether their rows were made before the cutoff.

Belongs here: asking the source by its primary key, in statements that are short whatever the size
of the table. Does not belong here: what a grid holds of them (coverage).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from metric_assets.catalog.model import Entity
from metric_assets.ranges import ID_LIMIT, Grid
from metric_assets.sql import load
from metric_assets.stores.ports import Bind, Binds, Rows

#: Ids looked at by one statement; together with WINDOW_CELLS it bounds how long one runs.
WINDOW_IDS = 2_000_000
#: Cells of a grid looked at by one statement, which returns a row for each that holds something.
WINDOW_CELLS = 10_000
#: Ids asked for in one existence query.
EXISTENCE_IDS = 50_000
#: Rows that one step of a search looks at.
NEXT_ROWS = 64
#: How far above the place where ids pass the cutoff an older row is still looked for in passing.
DISORDER_IDS = 200_000
#: The first and the last id that Postgres can hold.
_FIRST, _LAST = -(2**63), 2**63 - 1
#: Ids from here on are rare: whether there are any is asked before they are searched.
_INT4_END = 2**31


def table_binds(entity: Entity) -> dict[str, Bind]:
    """What statements about an entity's rows bind: its table, and its column of ids."""
    return {"table": entity.table, "id": entity.id}


def dated_binds(entity: Entity, cutoff: datetime) -> dict[str, Bind]:
    """As table_binds(), with the column that says when an entity was made, and the cutoff.

    Where nothing says so, no entity was made after any cutoff: nothing is at or after NULL.
    """
    if entity.created is None:
        return {**table_binds(entity), "created": entity.id, "cutoff": None}
    return {**table_binds(entity), "created": entity.created, "cutoff": cutoff}


def existing(entity: Entity, ids: Iterable[int], source: Rows) -> set[int]:
    """Which of ``ids`` are entities that exist; any number of them, asked for in batches."""
    asked = list(ids)
    found: set[int] = set()
    for first in range(0, len(asked), EXISTENCE_IDS):
        binds: Binds = {**table_binds(entity), "ids": asked[first : first + EXISTENCE_IDS]}
        found |= set(source.frame(load("entities/existing"), binds)["id"])
    return found


def next_ids(entity: Entity, first: int, cutoff: datetime, source: Rows) -> pl.DataFrame:
    """``id`` of the first NEXT_ROWS entities from an id on, and whether each was made at or
    ``after`` the cutoff.
    """
    binds: Binds = {**dated_binds(entity, cutoff), "first": first, "most": NEXT_ROWS}
    return source.frame(load("entities/next"), binds)


@dataclass(frozen=True)
class Window:
    """Ids up to ``last`` that were looked at: number, count, lowest, highest of each cell."""

    last: int
    cells: tuple[tuple[int, int, int, int], ...]


def cells_of(  # noqa: PLR0913 - a window of ids, and what is asked of it
    entity: Entity, first: int, last: int, grid: Grid, cutoff: datetime, source: Rows
) -> tuple[tuple[int, int, int, int], ...]:
    """Cells of a grid that hold ids made before the cutoff, from ``first`` to ``last``, both
    inclusive: number, count, lowest and highest of each.
    """
    binds: Binds = {
        **dated_binds(entity, cutoff),
        "first": first,
        "last": last,
        "size": grid.size,
    }
    found = source.frame(load("entities/outside"), binds).sort("cell")
    rows = found.select("cell", "count", "lowest", "highest").iter_rows()
    return tuple((int(a), int(b), int(c), int(d)) for a, b, c, d in rows)


def windows(entity: Entity, grid: Grid, cutoff: datetime, source: Rows) -> Iterator[Window]:
    """Walk the ids below 0 and from the grid's end on, window by window."""
    step = min(WINDOW_IDS, WINDOW_CELLS * grid.size)
    for start, end in ((_FIRST, -1), (grid.end, _LAST)):
        position = start
        while position <= end:
            found = next_ids(entity, position, cutoff, source)
            if found.is_empty() or int(found["id"][0]) > end:
                break
            position = int(found["id"][0])
            last = min(position + step - 1, end)
            yield Window(last, cells_of(entity, position, last, grid, cutoff, source))
            position = last + 1


def highest_id(entity: Entity, cutoff: datetime, source: Rows) -> int | None:
    """The highest id of an entity made before the cutoff; None if there is none from 0 up.

    A binary search by the primary key finds where ids pass the cutoff: a step goes down only if
    every one of the rows it sees is newer, so a few out of order do not mislead it. From
    DISORDER_IDS above there each row is looked at. Walking down from the newest row instead would
    read most of a large table whose cutoff is long ago. Rows out of order further above it may
    miss; windows() misses none.
    """

    def last_old(first: int) -> int | None:
        seen = next_ids(entity, first, cutoff, source).filter(~pl.col("after"))["id"]
        return None if seen.is_empty() else int(seen[-1])

    top = ID_LIMIT if last_old(_INT4_END) is not None else _INT4_END
    below = min(_search(last_old, top) + DISORDER_IDS, ID_LIMIT)
    binds: Binds = {**dated_binds(entity, cutoff), "below": below}
    highest = source.frame(load("entities/highest"), binds)
    found = -1 if highest.is_empty() else int(highest["id"][0])
    return None if found < 0 else found


def dense_end(entity: Entity, cutoff: datetime, source: Rows, reach: int) -> int:
    """Where ids that lie close together and were made before the cutoff end, about: an id that is
    not above the last of them by more than they are apart.

    As highest_id(), but a step goes up only if a full answer lies within ``reach`` ids, so that a
    few ids far from all others say nothing. What lies from here on has to be walked.
    """

    def last_old(first: int) -> int | None:
        seen = next_ids(entity, first, cutoff, source)
        if seen.height < NEXT_ROWS or int(seen["id"][-1]) - first > reach:
            return None
        old = seen.filter(~pl.col("after"))["id"]
        return None if old.is_empty() else int(old[-1])

    return _search(last_old, ID_LIMIT)


def _search(last_old: Callable[[int], int | None], top: int) -> int:
    """The id below which a row made before the cutoff is seen from every id that is asked."""
    low, high = 0, top
    while low < high:
        middle = (low + high) // 2
        seen = last_old(middle)
        if seen is None:
            high = middle
        else:
            low = seen + 1
    return low
