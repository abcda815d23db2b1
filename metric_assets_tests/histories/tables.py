"""The target table of histories: one of fakes, or one of a real ClickHouse.

Belongs here: stores of a run, rows in, rows out by SQL of the tests' own. Does not belong here: what
a history does to it (play).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from typing import Protocol

from clickhouse_connect.driver.client import Client

from metric_assets.changes import ChangedRange
from metric_assets.plan import Mode
from metric_assets.ranges import IdRange
from metric_assets.sql import Statement
from metric_assets.stores.clickhouse import ClickHouse
from metric_assets.stores.ports import Binds, Target
from metric_assets.stores.target import ClickHouseTarget
from metric_assets.stores.undo_port import UndoTarget
from metric_assets_tests.fake_repairs import FakeRepairs, Killed
from metric_assets_tests.fakes import Event
from metric_assets_tests.histories.rule import Row

ENTITY, METRIC = "Tag", "Follower"
#: Before and after all events.
FIRST = datetime(1970, 1, 1, tzinfo=timezone.utc)
LAST = datetime(2100, 1, 1, tzinfo=timezone.utc)

#: A row of the target as histories write it: entity, user, dated, value.
Live = tuple[int, int, datetime, int]
#: Rows by entity.
Rows = dict[int, Counter[Row]]


class Both(Target, UndoTarget, Protocol):
    """A target that is loaded, and whose loads are undone."""


class Table(Protocol):
    """What a history needs of the target."""

    @property
    def appends(self) -> bool:
        """Whether nothing is ever deleted."""
        ...

    def target(self, run: str) -> Both:
        """The target, whose changes are those of a run."""
        ...

    def dying(self, run: str, load: Callable[[Target], object]) -> None:
        """Have a load write to the target as a run, and die in the middle of it."""
        ...

    def ranges(self, run: str) -> list[ChangedRange]:
        """What a run changed."""
        ...

    def insert(self, rows: Sequence[Live]) -> None:
        """Write rows as the platform does."""
        ...

    def rows(self, ids: IdRange, since: datetime, until: datetime) -> Rows:
        """Rows of a span of time, by entity."""
        ...


def worth(rows: Rows) -> Rows:
    """Copies less copies of the negation, by entity; what comes to nothing is left out."""
    found: Rows = {}
    for entity, held in rows.items():
        nets: Counter[Row] = Counter()
        for (user, at, value), copies in held.items():
            nets[user, at, abs(value)] += copies if value > 0 else -copies
        kept = Counter({row: copies for row, copies in nets.items() if copies})
        if kept:
            found[entity] = kept
    return found


def sums(rows: Rows) -> Rows:
    """One row a user that stands for all of the user's, by entity; what sums to 0 is left out."""
    found: Rows = {}
    for entity, held in rows.items():
        totals: Counter[int] = Counter()
        for (user, _, value), copies in held.items():
            totals[user] += value * copies
        kept = Counter((user, FIRST, total) for user, total in totals.items() if total)
        if kept:
            found[entity] = kept
    return found


class FakeTable:
    """A target of fakes."""

    def __init__(self, mode: Mode) -> None:
        self.appends = mode is Mode.APPEND
        self._target = FakeRepairs(mode)

    def target(self, run: str) -> Both:
        """The fake, whose changes are those of a run."""
        self._target.actor = replace(self._target.actor, run=run)
        return self._target

    def dying(self, run: str, load: Callable[[Target], object]) -> None:
        """Have a load die after 12 rows."""
        self.target(run)
        self._target.dies = 12
        with suppress(Killed):
            load(self._target)
        self._target.dies = None

    def ranges(self, run: str) -> list[ChangedRange]:
        """What a run changed."""
        return self._target.ranges(run)

    def insert(self, rows: Sequence[Live]) -> None:
        """Write rows as the platform does."""
        for entity, user, dated, value in rows:
            self._target.rows[Event(ENTITY, METRIC, entity, user, dated, value)] += 1

    def rows(self, ids: IdRange, since: datetime, until: datetime) -> Rows:
        """Rows of a span of time, by entity."""
        found: Rows = {}
        for event, copies in self._target.rows.items():
            if ids.start <= event.entity_id < ids.stop and since <= event.created < until:
                row = event.user_id, event.created, event.value
                found.setdefault(event.entity_id, Counter())[row] += copies
        return found


class DyingClickHouse(ClickHouse):
    """A ClickHouse whose client dies once it has written to the target for the first time."""

    def run(self, statement: Statement, binds: Binds, owner: str, **settings: object) -> None:
        """Run a statement, and die if it wrote rows."""
        super().run(statement, binds, owner, **settings)
        if statement.name in {
            "clickhouse/attach",
            "clickhouse/publish",
            "clickhouse/insert_missing",
        }:
            raise Killed


@dataclass(frozen=True)
class EngineTable:
    """A table of a ClickHouse; ``opened`` gives the stores of a run, to a client that dies or not."""

    client: Client
    name: str
    opened: Callable[[str, type[ClickHouse]], ClickHouseTarget]
    appends: bool = False

    def target(self, run: str) -> Both:
        """The target, whose changes are those of a run."""
        return self.opened(run, ClickHouse)

    def dying(self, run: str, load: Callable[[Target], object]) -> None:
        """Have a load die after its first write."""
        with suppress(Killed):
            load(self.opened(run, DyingClickHouse))

    def ranges(self, run: str) -> list[ChangedRange]:
        """What a run changed."""
        repairs = self.opened(run, ClickHouse).repairs
        assert repairs is not None
        return repairs.ranges(run)

    def insert(self, rows: Iterable[Live]) -> None:
        """Write rows as the platform does."""
        values = [
            (ENTITY, entity, user, METRIC, value, dated) for entity, user, dated, value in rows
        ]
        names = ["entityType", "entityId", "userId", "metricType", "metricValue", "createdAt"]
        if values:
            self.client.insert(self.name, values, column_names=names)

    def rows(self, ids: IdRange, since: datetime, until: datetime) -> Rows:
        """Rows of a span of time, by entity."""
        first, last = (round(at.timestamp() * 1000) for at in (since, until))
        found: Rows = {}
        for entity, user, at, value in self.client.query(
            "SELECT entityId, userId, toUnixTimestamp64Milli(createdAt), metricValue"
            f" FROM {self.name} WHERE entityId >= {ids.start} AND entityId < {ids.stop}"
            f" AND createdAt >= fromUnixTimestamp64Milli({first})"
            f" AND createdAt < fromUnixTimestamp64Milli({last})"
        ).result_rows:
            dated = FIRST + timedelta(milliseconds=at)
            found.setdefault(entity, Counter())[user, dated, value] += 1
        return found
