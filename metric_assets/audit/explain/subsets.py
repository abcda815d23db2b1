"""Which numbers of a list sum to a goal, in 64 bits that wrap.

Belongs here: the search. Does not belong here: what the numbers are (sides, moved).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Sums = npt.NDArray[np.uint64]
#: Numbers of which every subset is tried; of 2^36 subsets one in 2^28 runs fits by chance.
MOST_PARTS = 36
#: Numbers of which every stretch is tried with one or two taken out or put in.
MOST_NEARLY = 400
_NOTHING = np.zeros(1, np.uint64)


def subset(numbers: Sums, goal: np.uint64) -> list[int] | None:
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


def _subset_sums(numbers: Sums) -> Sums:
    """The sums of all subsets; bit n of a place says whether number n is in it."""
    sums = _NOTHING
    for number in numbers:
        sums = np.concatenate([sums, sums + number])
    return sums


def stretch(numbers: Sums, goal: np.uint64) -> npt.NDArray[np.int64] | None:
    """Places of numbers that sum to the goal: such as lie side by side, or where there are few all
    of them but for one or two, or one or two beside them.
    """
    found = _side_by_side(numbers, goal)
    if found is not None or numbers.size > MOST_NEARLY:
        return found
    before = np.concatenate([_NOTHING, np.cumsum(numbers, dtype=np.uint64)])
    first, second = np.triu_indices(numbers.size)
    # A number beside itself stands for it alone.
    pairs = numbers[first] + np.where(first == second, np.uint64(0), numbers[second])
    starts, ends = np.triu_indices(before.size, 1)
    spans = before[ends] - before[starts]
    order = np.argsort(spans)
    for sign in (1, -1):
        lacking = goal - pairs if sign > 0 else goal + pairs
        at = np.minimum(np.searchsorted(spans[order], lacking), spans.size - 1)
        for pair in np.flatnonzero(spans[order[at]] == lacking):
            place = order[at[pair]]
            inside = np.arange(starts[place], ends[place])
            few = np.unique([first[pair], second[pair]])
            if sign > 0 and not np.isin(few, inside).any():
                return np.union1d(inside, few)
            if sign < 0 and np.isin(few, inside).all():
                return np.setdiff1d(inside, few)
    return None


def _side_by_side(numbers: Sums, goal: np.uint64) -> npt.NDArray[np.int64] | None:
    before = np.concatenate([_NOTHING, np.cumsum(numbers, dtype=np.uint64)])
    order = np.argsort(before, kind="stable")
    wanted = before + goal
    at = np.searchsorted(before[order], wanted)
    ends = order[np.minimum(at, before.size - 1)]
    fits = np.flatnonzero((before[ends] == wanted) & (ends > np.arange(before.size)))
    return np.arange(fits[0], ends[fits[0]]) if fits.size else None
