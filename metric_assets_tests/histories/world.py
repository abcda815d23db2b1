"""A platform that one entity lives on: its source, its live events, and how they go wrong.

Belongs here: what users do and what the platform writes of it. Does not belong here: loads (model)
or which histories there are (kinds).
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone

#: The cutoff of every history, and the instants of its loads: the last one finds everything arrived.
CUTOFF = datetime(2025, 10, 1, tzinfo=timezone.utc)
DAY = timedelta(days=1)
LOADS = (CUTOFF + 10 * DAY, CUTOFF + 20 * DAY, CUTOFF + 30 * DAY, CUTOFF + 60 * DAY)
LAG = timedelta(seconds=300)
SKEW = timedelta(seconds=10)


@dataclass(frozen=True)
class Row:
    """A row of the source: it exists from ``since`` until ``gone`` (never, if None)."""

    user: int
    created: datetime
    value: int
    since: datetime
    gone: datetime | None = None

    def shows(self, at: datetime) -> bool:
        """Whether a snapshot of ``at`` shows it."""
        return self.since <= at and (self.gone is None or at < self.gone)


@dataclass(frozen=True)
class Event:
    """A live event: what happened at ``moment`` is dated ``dated`` and arrives at ``arrives``."""

    user: int
    value: int
    dated: datetime
    moment: datetime
    arrives: datetime


@dataclass(frozen=True)
class Faults:
    """What may go wrong with live events, as shares of them, and by how much."""

    lost: float = 0.0
    doubled: float = 0.0
    late: float = 0.0
    replayed: float = 0.0
    elsewhere: float = 0.0
    skew: timedelta = timedelta(0)


@dataclass
class World:
    """One entity. Whatever is done is done in the order of time."""

    chance: random.Random
    faults: Faults = field(default_factory=Faults)
    rows: list[Row] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)

    def standing(self, at: datetime, user: int | None = None) -> list[Row]:
        """Rows that a snapshot shows."""
        return [row for row in self.rows if row.shows(at) and user in (None, row.user)]

    def add(self, user: int, value: int, at: datetime) -> None:
        """A row is made, and announced."""
        self.rows.append(Row(user, at, value, at))
        self.announce(user, value, at)

    def end(self, row: Row, at: datetime, *, told: bool = True) -> None:
        """A row goes, and is announced if ``told``."""
        self._replace(row, at)
        if told:
            self.announce(row.user, -row.value, at)

    def change(self, row: Row, value: int, at: datetime) -> None:
        """A row's value changes in place; its time stays."""
        self._replace(row, at)
        self.rows.append(Row(row.user, row.created, value, at))
        self.announce(row.user, value - row.value, at)

    def redate(self, row: Row, created: datetime, at: datetime) -> None:
        """A row gets another time; nothing is announced."""
        self._replace(row, at)
        self.rows.append(Row(row.user, created, row.value, at))

    def announce(self, user: int, value: int, at: datetime) -> None:
        """The platform writes a live event, if its clock says that live events have begun."""
        chance, faults = self.chance, self.faults
        skew = faults.skew * chance.choice((-1, 0, 1))
        dated = at + skew
        if dated < CUTOFF or value == 0:
            return
        arrives = at + timedelta(seconds=chance.choice((0, 1, 20)))
        if chance.random() < faults.late:
            arrives = at + timedelta(seconds=chance.choice((60, 250)))
        if chance.random() < faults.replayed:
            arrives = at + timedelta(days=chance.choice((3, 12)))
        if chance.random() < faults.elsewhere:
            user = chance.choice((0, user + 1))
        copies = 0 if chance.random() < faults.lost else 1
        copies += chance.random() < faults.doubled
        self.events += [Event(user, value, dated, at, arrives)] * copies

    def _replace(self, row: Row, at: datetime) -> None:
        place = self.rows.index(row)
        self.rows[place] = Row(row.user, row.created, row.value, row.since, at)


def moments(chance: random.Random, count: int) -> list[datetime]:
    """Instants in order: over all of the time, near the cutoff, and near loads."""
    found = []
    for _ in range(count):
        near = chance.random()
        if near < 0.3:
            at = CUTOFF + timedelta(milliseconds=chance.randint(-30, 30))
        elif near < 0.55:
            at = chance.choice(LOADS[:3]) + timedelta(milliseconds=chance.randint(-400_000, 20_000))
        else:
            at = CUTOFF + timedelta(seconds=chance.randint(-30 * 86_400, 31 * 86_400))
        found.append(at)
    return sorted(found)
