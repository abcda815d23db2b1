"""ID ranges and the grid that cuts an entity's ids into partitions.

Belongs here: the arithmetic of ids and the text form of a partition key. Does not belong here:
where a grid is read from (settings) or what Dagster does with the keys (orchestration).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from metric_assets.errors import SettingsError, UnknownKeyError

#: Ids of the target are Int32; no id can lie at or above this.
ID_LIMIT = 2**31

_KEY = re.compile(r"(0|[1-9][0-9]*)-(0|[1-9][0-9]*)")


@dataclass(frozen=True, order=True)
class IdRange:
    """Entity ids from ``start`` (inclusive) to ``stop`` (exclusive)."""

    start: int
    stop: int

    def __post_init__(self) -> None:
        if not 0 <= self.start < self.stop <= ID_LIMIT:
            raise UnknownKeyError(
                f"range [{self.start}, {self.stop}): expected 0 <= start < stop <= {ID_LIMIT}"
            )

    @property
    def key(self) -> str:
        """The partition key: both ends inclusive, as in ``0-999999``."""
        return f"{self.start}-{self.stop - 1}"

    @classmethod
    def parse(cls, key: str) -> IdRange:
        """Read a partition key; raises UnknownKeyError for any other text."""
        found = _KEY.fullmatch(key)
        if found is None:
            raise UnknownKeyError(
                f"range {key!r}: expected FIRST-LAST, two whole numbers, both inclusive: 0-999999"
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
    """An entity's ids cut into partitions of ``size`` ids, from 0 up to at least ``stop``."""

    size: int
    stop: int

    def __post_init__(self) -> None:
        if not (0 < self.size <= ID_LIMIT and 0 < self.stop <= ID_LIMIT):
            raise SettingsError(
                f"grid size {self.size}, stop {self.stop}: both must lie between 1 and {ID_LIMIT}"
            )

    def __len__(self) -> int:
        return (self.stop + self.size - 1) // self.size

    def __iter__(self) -> Iterator[IdRange]:
        for start in range(0, self.stop, self.size):
            yield IdRange(start, min(start + self.size, ID_LIMIT))

    def covering(self, wanted: IdRange) -> list[IdRange]:
        """The partitions that ``wanted`` touches; raises UnknownKeyError if it leaves the grid."""
        end = len(self) * self.size
        if wanted.stop > end:
            raise UnknownKeyError(
                f"range {wanted.key}: ids end at {end - 1} in this grid;"
                " run `metric-assets ranges --sync` if there are newer ones"
            )
        return [cell for cell in self if cell.overlaps(wanted)]
