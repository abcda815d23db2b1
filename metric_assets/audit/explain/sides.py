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

_Sums = npt.NDArray[np.uint64]
#: Parts of which every subset is tried; of 2^36 subsets one in 2^28 runs fits by chance.
MOST_PARTS = 36
#: Units of which every stretch is tried.
MOST_UNITS = 500_000
_NOTHING = np.zeros(1, np.uint64)


class Side(str, Enum):
    """Where a unit comes from."""

    TARGET = "target"
    SOURCE = "source"
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
    for chosen in _candidates(units, hashes, np.uint64(goal)):
        names = np.where(chosen, Side.TARGET.value, Side.SOURCE.value)
        return pl.Series("side", names, pl.String)
    return unknown


def _all(units: pl.DataFrame, side: Side) -> pl.Series:
    return pl.Series("side", [side.value] * units.height, pl.String)


def _candidates(
    units: pl.DataFrame, hashes: _Sums, goal: np.uint64
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
    parts: npt.NDArray[np.int64], hashes: _Sums, goal: np.uint64
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


def subset(numbers: _Sums, goal: np.uint64) -> list[int] | None:
    """Places of the numbers that sum to the goal, in 64 bits that wrap; None if none do."""
    half = len(numbers) // 2
    low, high = _subset_sums(numbers[:half]), _subset_sums(numbers[half:])
    order = np.argsort(low, kind="stable")
    lacking = goal - high
    at = np.searchsorted(low[order], lacking)
    found = np.flatnonzero(low[order[np.minimum(at, low.size - 1)]] == lacking)
    if not found.size:
        return None
    second = int(found[0])
    first = int(order[at[second]])
    bits = first | second << half
    return [place for place in range(len(numbers)) if bits >> place & 1]


def _subset_sums(numbers: _Sums) -> _Sums:
    """The sums of all subsets; bit n of a place says whether number n is in it."""
    sums = _NOTHING
    for number in numbers:
        sums = np.concatenate([sums, sums + number])
    return sums


def _stretches(
    units: pl.DataFrame, kinds: npt.NDArray[np.int64], hashes: _Sums, goal: np.uint64
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
                        chosen[places[found[0] : found[1]]] = True
                        yield chosen


def stretch(numbers: _Sums, goal: np.uint64) -> tuple[int, int] | None:
    """Where numbers that lie side by side sum to the goal: first and last place, exclusive."""
    before = np.concatenate([_NOTHING, np.cumsum(numbers, dtype=np.uint64)])
    order = np.argsort(before, kind="stable")
    wanted = before + goal
    at = np.searchsorted(before[order], wanted)
    ends = order[np.minimum(at, before.size - 1)]
    fits = np.flatnonzero((before[ends] == wanted) & (ends > np.arange(before.size)))
    return (int(fits[0]), int(ends[fits[0]])) if fits.size else None
