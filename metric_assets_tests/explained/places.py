"""Places: ranges of one pair with a random source, as it is at the load and as time goes on.

Belongs here: rows of source, target and legacy as plain values. Does not belong here: stores
(world), or what goes wrong (injections).
"""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import NamedTuple

from metric_assets.ranges import IdRange
from metric_assets_tests.integration.platforms import CUTOFF

#: Ids of a place.
SIZE = 40
#: When places are loaded and their legacy counters agree; what happens later is dated later.
VERIFIED = datetime(2026, 3, 1, tzinfo=timezone.utc)
#: When the legacy counters were written last, unless something went wrong.
UPDATED = datetime(2026, 8, 1, tzinfo=timezone.utc)
_BEGIN = datetime(2024, 5, 1, tzinfo=timezone.utc)


class Row(NamedTuple):
    """An event, or a row of a source."""

    entity: int
    user: int
    value: int
    at: datetime


@dataclass
class Place:
    """A range of ids of one pair. ``fine``: the source keeps milliseconds; ``signed``: it has values
    of either sign, and several rows a user.

    ``target`` is None until it was loaded; a place that is not ``loaded`` never is. ``legacy`` has
    a value and an update time of each entity.
    """

    ids: IdRange
    chance: random.Random
    fine: bool = True
    signed: bool = False
    entities: set[int] = field(default_factory=set)
    source: list[Row] = field(default_factory=list)
    target: list[Row] = field(default_factory=list)
    legacy: dict[int, tuple[int, datetime]] = field(default_factory=dict)
    loaded: bool = True

    def __post_init__(self) -> None:
        self.entities = set(range(self.ids.start, self.ids.stop))
        for entity in sorted(self.entities):
            edge = entity in {self.ids.start, self.ids.stop - 1}
            for _ in range(self.chance.randrange(3 if edge else 1, 9)):
                self.source.append(self.row(entity, _BEGIN, CUTOFF - timedelta(seconds=2)))
            for _ in range(self.chance.randrange(0, 4)):
                self.source.append(self.row(entity, CUTOFF + timedelta(hours=1), VERIFIED))
        self.live = [one for one in self.source if one.at >= CUTOFF]

    live: list[Row] = field(default_factory=list, init=False)

    def row(self, entity: int, first: datetime, stop: datetime) -> Row:
        """A row of a user of its own at some time between two instants."""
        value = self.chance.choice([1, 1, 1, -1]) if self.signed else 1
        return Row(entity, self.user(), value, self.time(first, stop))

    def user(self) -> int:
        """A user whom nobody else is."""
        return self.chance.randrange(1_000_000, 2_000_000_000)

    def time(self, first: datetime, stop: datetime) -> datetime:
        """An instant between two others, as fine as the source has it."""
        millis = self.chance.randrange(1, round((stop - first).total_seconds() * 1000))
        found = first + timedelta(milliseconds=millis)
        return found if self.fine else found.replace(microsecond=0)

    @property
    def below(self) -> list[Row]:
        """What the target holds below the cutoff, in order."""
        return sorted(row for row in self.target if row.at < CUTOFF)

    @property
    def events(self) -> list[Row]:
        """The live events that the target holds, in order."""
        return sorted(row for row in self.target if row.at >= CUTOFF)

    @property
    def early(self) -> list[Row]:
        """The rows of the source from before the cutoff, in order."""
        return sorted(row for row in self.source if row.at < CUTOFF)

    def inner(self) -> list[int]:
        """Entities that lie on no border of the range."""
        return list(range(self.ids.start + 1, self.ids.stop - 1))

    def some(self, rows: list[Row], least: int, most: int) -> list[Row]:
        """Some of the rows."""
        return self.chance.sample(rows, min(len(rows), self.chance.randint(least, most)))

    def replace_in(self, rows: list[Row], old: Row, new: Row) -> None:
        """Put a row in the place of another."""
        rows[rows.index(old)] = new

    def recompute(self) -> None:
        """The legacy counters as they should be."""
        sums: dict[int, int] = defaultdict(int)
        for row in self.target:
            sums[row.entity] += row.value
        self.legacy = {entity: (sums[entity], UPDATED) for entity in self.entities}
