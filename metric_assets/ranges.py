"""ID ranges and the grid that cuts an entity's ids into partitions.

Belongs here: the arithmetic of ids and the text form of a partition key. Does not belong here:
where a grid is read from (settings), which ids there are (coverage) or what Dagster does with the
keys (orchestration).
"""

from __future__ import annotations

import re
import sys
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass

from metric_assets.errors import SettingsError, UnknownKeyError

#: Ids in a range lie from here (inclusive) to ID_LIMIT (exclusive): all of 64 bits but the number
#: at each end, which cannot be a bound of a statement. A source that has one is told so (coverage).
ID_FLOOR = -(2**63) + 1
ID_LIMIT = 2**63 - 1

_NUMBER = r"0|-?[1-9][0-9]*"
_KEY = re.compile(rf"({_NUMBER})-({_NUMBER})")


@dataclass(frozen=True, order=True)
class IdRange:
    """Entity ids from ``start`` (inclusive) to ``stop`` (exclusive)."""

    start: int
    stop: int

    def __post_init__(self) -> None:
        if not ID_FLOOR <= self.start < self.stop <= ID_LIMIT:
            raise UnknownKeyError(
                f"range [{self.start}, {self.stop}): expected"
                f" {ID_FLOOR} <= start < stop <= {ID_LIMIT}"
            )

    @property
    def key(self) -> str:
        """The partition key: both ends inclusive, as in ``0-999999`` and ``-1000--1``."""
        return f"{self.start}-{self.stop - 1}"

    @classmethod
    def parse(cls, key: str) -> IdRange:
        """Read a partition key; raises UnknownKeyError for any other text."""
        found = _KEY.fullmatch(key)
        if found is None:
            raise UnknownKeyError(
                f"range {key!r}: expected FIRST-LAST, two whole numbers, both inclusive: 0-999999,"
                " or -1000--1 for ids below 0"
            )
        first, last = int(found[1]), int(found[2])
        if last < first:
            raise UnknownKeyError(f"range {key!r}: its last id lies before its first")
        return cls(first, last + 1)

    def overlaps(self, other: IdRange) -> bool:
        """Whether any id lies in both."""
        return self.start < other.stop and other.start < self.stop

    def __str__(self) -> str:
        return self.key


@dataclass(frozen=True)
class Grid:
    """An entity's ids cut into cells of ``size`` ids, each a partition.

    The cells without gaps begin at 0 and reach up to at least ``stop``. ``extra`` are the first ids
    of further cells, anywhere below or above, for ids that lie far from the others; each is a
    multiple of ``size``, below 0 too. Those that the cells without gaps hold anyway are left out.
    """

    size: int
    stop: int
    extra: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if not (0 < self.size <= ID_LIMIT and 0 < self.stop <= ID_LIMIT):
            raise SettingsError(
                f"grid size {self.size}, stop {self.stop}: both must lie between 1 and {ID_LIMIT}"
            )
        for first in self.extra:
            if first % self.size:
                raise SettingsError(
                    f"grid size {self.size}, extra {first}: expected the first id of a cell, a"
                    f" multiple of the size; {first} lies in the cell that begins at"
                    f" {self.floor(first)}"
                )
            if not ID_FLOOR - self.size < first < ID_LIMIT:
                raise SettingsError(
                    f"grid size {self.size}, extra {first}: ids lie between {ID_FLOOR} and"
                    f" {ID_LIMIT - 1}"
                )
        apart = sorted(first for first in set(self.extra) if not 0 <= first < self.stop)
        object.__setattr__(self, "extra", tuple(apart))

    @property
    def end(self) -> int:
        """Where the cells without gaps end, exclusive."""
        return min(self._dense * self.size, ID_LIMIT)

    @property
    def _dense(self) -> int:
        """How many cells without gaps there are."""
        return -(-self.stop // self.size)

    def floor(self, id: int) -> int:
        """The first id of the cell, of this grid or not, that holds ``id``."""
        return id // self.size * self.size

    def cell(self, id: int) -> IdRange:
        """The cell, of this grid or not, that holds ``id``."""
        first = self.floor(id)
        return IdRange(max(first, ID_FLOOR), min(first + self.size, ID_LIMIT))

    def covers(self, id: int) -> bool:
        """Whether a cell of this grid holds ``id``."""
        if 0 <= id < self.end:
            return True
        if not ID_FLOOR <= id < ID_LIMIT:
            return False
        first = self.floor(id)
        place = bisect_left(self.extra, first)
        return place < len(self.extra) and self.extra[place] == first

    def __len__(self) -> int:
        return min(self._dense + len(self.extra), sys.maxsize)

    def __iter__(self) -> Iterator[IdRange]:
        """The cells by ascending ids."""
        below = bisect_left(self.extra, 0)
        yield from map(self.cell, self.extra[:below])
        yield from map(self.cell, range(0, self.stop, self.size))
        yield from map(self.cell, self.extra[below:])

    def covering(self, wanted: IdRange) -> list[IdRange]:
        """The cells that ``wanted`` touches; raises UnknownKeyError if it leaves the grid."""
        cells = [cell for cell in self if cell.overlaps(wanted)]
        reached = wanted.start
        for cell in cells:
            if cell.start > reached:
                break
            reached = cell.stop
        if reached < wanted.stop:
            apart = f", and has {len(self.extra)} further cells" if self.extra else ""
            raise UnknownKeyError(
                f"range {wanted.key}: ids end at {self.end - 1} in this grid, which begins at 0"
                f"{apart}; id {reached} lies in no partition of it;"
                " run `metric-assets ranges --sync` if there are entities"
            )
        return cells
