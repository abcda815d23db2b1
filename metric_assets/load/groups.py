"""Which neighbouring ranges are loaded together: those of which the source expects few rows.

Belongs here: the choice. Does not belong here: how they are loaded (together).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeVar

from metric_assets.errors import MetricAssetsError
from metric_assets.ranges import IdRange
from metric_assets.rows import PLACES

#: Ranges that are loaded together at most.
TOGETHER = 16

_T = TypeVar("_T")


def groups(
    work: Mapping[IdRange, Sequence[_T]], expected: Callable[[IdRange], int | None], most: int
) -> Iterator[list[IdRange]]:
    """The ranges of some work, in their order, in groups to be loaded together.

    Ranges of a group are neighbours of which the same is to be done. ``expected`` is asked about
    how many rows ids hold, None if nobody knows; a group holds at most ``most``.
    """
    # Each pair and range has a place of its own in a frame of rows.
    limit = max(1, min(TOGETHER, PLACES // max(map(len, work.values()), default=1)))
    size = limit
    rest = list(work)
    while rest:
        group = _neighbours(work, rest[:size])
        while len(group) > 1 and not _few(expected, group, most):
            size = len(group) // 2
            group = group[:size]
        yield group
        rest = rest[len(group) :]
        size = min(4 * size, limit)


def _neighbours(work: Mapping[IdRange, Sequence[_T]], ranges: Sequence[IdRange]) -> list[IdRange]:
    """The first of some ranges, and those that follow it without a gap."""
    found = list(ranges[:1])
    for ids in ranges[1:]:
        if ids.start != found[-1].stop or list(work[ids]) != list(work[found[0]]):
            break
        found.append(ids)
    return found


def _few(expected: Callable[[IdRange], int | None], group: Sequence[IdRange], most: int) -> bool:
    try:
        rows = expected(IdRange(group[0].start, group[-1].stop))
    except MetricAssetsError:
        # Whatever it is, the load of the first of them meets it and says so.
        return False
    return rows is not None and rows <= most
