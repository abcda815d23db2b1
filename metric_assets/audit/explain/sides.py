"""Which side changed: the target, or the source, told by the digest of what was verified.

The digest of what a range holds is a sum over its rows. Undoing a change of the target (missing
rows put back, surplus taken out) takes the present digest to the verified one, and undoing a change
of the source does not. So the units whose hashes sum to the difference of both digests are what
changed in the target, and all others changed at the source.

Belongs here: finding these units. Does not belong here: what a unit is (units).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import Enum
from itertools import combinations

import numpy as np
import numpy.typing as npt
import polars as pl

from metric_assets.audit.explain.moved import moved_and_gone
from metric_assets.audit.explain.subsets import MOST_PARTS, Sums, stretch, subset

#: Units of which every stretch is tried.
MOST_UNITS = 500_000


class Side(str, Enum):
    """Where a unit comes from."""

    TARGET = "target"
    SOURCE = "source"
    BOTH = "both"
    UNKNOWN = "unknown"


def sides(
    units: pl.DataFrame, present: int, wanted: int, verified: int | None, *, complete: bool = True
) -> pl.Series:
    """The side of each unit, by the digests of what is held, wanted, and was verified.

    Where the frame is not ``complete`` only a difference that lies on one side as a whole can be
    told.
    """
    unknown = _all(units, Side.UNKNOWN)
    if verified is None or present == wanted:
        return unknown
    goal = (verified - present) % 2**64
    if goal == 0:
        return _all(units, Side.SOURCE)
    if verified == wanted:
        return _all(units, Side.TARGET)
    hashes = units["hash"].to_numpy()
    if not complete or (present + int(hashes.sum(dtype=np.uint64))) % 2**64 != wanted:
        return unknown
    found = _mixed(units, hashes, np.uint64(goal))
    return unknown if found is None else pl.Series("side", found, pl.String)


def _mixed(units: pl.DataFrame, hashes: Sums, goal: np.uint64) -> npt.NDArray[np.str_] | None:
    """The names of the sides where both have changed; None if no division leads to the goal."""
    for chosen in _candidates(units, hashes, goal):
        return np.where(chosen, Side.TARGET.value, Side.SOURCE.value)
    for moved, gone in moved_and_gone(units, goal):
        names = np.where(moved, Side.TARGET.value, Side.SOURCE.value)
        return np.where(gone, Side.BOTH.value, names)
    return None


def _all(units: pl.DataFrame, side: Side) -> pl.Series:
    return pl.Series("side", [side.value] * units.height, pl.String)


def _candidates(
    units: pl.DataFrame, hashes: Sums, goal: np.uint64
) -> Iterator[npt.NDArray[np.bool_]]:
    """Which units sum to the goal, the simplest division first: whole kinds, a stretch of one kind
    beside whole others, entities of a kind, single units.
    """
    kinds = _codes(units, ["kind"])
    yield from _parts(kinds, hashes, goal)
    if units.height <= MOST_UNITS:
        yield from _stretches(units, kinds, hashes, goal)
    for columns in (["kind", "entityId"], ["entityId"]):
        yield from _parts(_codes(units, columns), hashes, goal)
    yield from _parts(np.arange(units.height), hashes, goal)


def _codes(units: pl.DataFrame, columns: Sequence[str]) -> npt.NDArray[np.int64]:
    """The number of the part that each unit belongs to."""
    dense = units.select(pl.struct(columns).rank("dense") - 1)
    return dense.to_series().to_numpy().astype(np.int64)


def _parts(
    parts: npt.NDArray[np.int64], hashes: Sums, goal: np.uint64
) -> Iterator[npt.NDArray[np.bool_]]:
    """The units of the parts that sum to the goal, if there are few parts and some do."""
    count = int(parts.max()) + 1
    if count > MOST_PARTS:
        return
    sums = np.zeros(count, np.uint64)
    np.add.at(sums, parts, hashes)
    chosen = subset(sums, goal)
    if chosen is not None:
        yield np.isin(parts, chosen)


def _stretches(
    units: pl.DataFrame, kinds: npt.NDArray[np.int64], hashes: Sums, goal: np.uint64
) -> Iterator[npt.NDArray[np.bool_]]:
    """One stretch of one kind, in the order of entities or of time, beside whole other kinds."""
    at = pl.coalesce("wantedAt", "heldAt")
    orders = [
        units.select(pl.arg_sort_by("entityId", at)).to_series().to_numpy(),
        units.select(pl.arg_sort_by(at, "entityId")).to_series().to_numpy(),
    ]
    names = range(int(kinds.max()) + 1)
    for kind in names:
        others = [name for name in names if name != kind]
        for size in range(len(others) + 1):
            for beside in combinations(others, size):
                whole = np.isin(kinds, beside)
                left = np.uint64((int(goal) - int(hashes[whole].sum(dtype=np.uint64))) % 2**64)
                for order in orders:
                    places = order[kinds[order] == kind]
                    found = stretch(hashes[places], left)
                    if found is not None:
                        chosen = whole.copy()
                        chosen[places[found]] = True
                        yield chosen
