"""Histories on a target, many at once: an entity each, loaded together.

Belongs here: playing histories into a target and comparing what it holds with the model. Does not
belong here: the verdict on a history (model), or a target's rows (tables).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from metric_assets.catalog.model import Legacy, Live, LiveKey, Pair
from metric_assets.catalog.scan import Scan
from metric_assets.errors import ApartError
from metric_assets.live import LiveRules
from metric_assets.load.loading import Stores
from metric_assets.load.pipeline import materialize
from metric_assets.load.second_look import SecondLooks
from metric_assets.load.side_by_side import Stop
from metric_assets.load.together import materialize_together
from metric_assets.load.undo import Undo
from metric_assets.load_result import LoadResult
from metric_assets.plan import RemovalGuard
from metric_assets.ranges import IdRange
from metric_assets.source_state import Loaded, Position, SourceState
from metric_assets.stores.ports import Target
from metric_assets_tests.fakes import FakeLocks, FakeSource
from metric_assets_tests.histories.kinds import History, make
from metric_assets_tests.histories.model import Loads
from metric_assets_tests.histories.tables import (
    ENTITY,
    FIRST,
    LAST,
    METRIC,
    Rows,
    Table,
    sums,
    worth,
)
from metric_assets_tests.histories.world import CUTOFF, LAG, LOADS, SKEW

RULES = LiveRules(lag=LAG.total_seconds(), skew=SKEW.total_seconds())
_SCHEMA: dict[str, Any] = {
    "entityId": pl.Int32,
    "userId": pl.Int32,
    "createdAt": pl.Datetime("ms", "UTC"),
    "value": pl.Int32,
}
#: What differs from the model: what, found, expected.
Difference = tuple[str, object, object]


@dataclass(frozen=True)
class Before:
    """The target before a load, and the load's ``cutoff``; ``recorded`` is what was loaded."""

    run: str
    cutoff: datetime
    rows: Rows
    recorded: dict[str, Loaded]


@dataclass
class Play:
    """Histories of one kind, of the ids ``first`` and up, on a target table; ``figures`` says whether
    those of load results are compared, too. With ``together`` their ids are ranges of so many,
    loaded together where that is possible.
    """

    table: Table
    name: str
    first: int
    count: int
    figures: bool = True
    together: int = 0
    #: Loads of which the ranges were loaded together.
    joined: int = 0
    recorded: dict[str, Loaded] = field(default_factory=dict)
    before: list[Before] = field(default_factory=list)

    def __post_init__(self) -> None:
        made = [make(self.name, number) for number in range(self.count)]
        # Loaded together, they share what is of a load and not of a history.
        names = ("moved", "heal", "stale", "killed", "undone")
        shared = {name: getattr(made[0], name) for name in names}
        self.loads = [Loads(replace(one, **shared)) for one in made]
        self.sent = [0] * self.count
        self.locks = FakeLocks()
        self.ids = IdRange(self.first, self.first + self.count)

    @property
    def history(self) -> History:
        """One that stands for all in what is of a load."""
        return self.loads[0].history

    def run(self) -> Iterator[Difference]:
        """What differs from the model after each load, and each undoing of one."""
        for number, at in enumerate(LOADS):
            self._arrive(at)
            cutoff = self.history.moved if number >= 2 else CUTOFF
            rows, recorded = self._held(cutoff), dict(self.recorded)
            self.before.append(Before(f"load {number}", cutoff, rows, recorded))
            if number in self.history.killed:
                self._die(number)
            else:
                yield from self._load(number)
            for _ in range(self.history.undone.get(number, 0)):
                yield from self._undo(self.before.pop())

    def _load(self, number: int) -> Iterator[Difference]:
        looks = SecondLooks()
        before = self.before[-1]
        target = self.table.target(before.run)
        results = {one.ids: one for one in self._materialize(number, target, looks)}
        self._arrive(LOADS[number] + LAG)
        for again in looks.take(target, self.locks, wait=lambda _seconds: None):
            results[again.ids] = again
        for one in self.loads:
            one.load(number)
        self.recorded = {METRIC: Loaded(Position(), before.cutoff)}
        held, expected = self._by_model(before.cutoff)
        for entity in sorted(held.keys() | expected.keys()):
            found, right = held.get(entity), expected.get(entity)
            if found != right:
                yield f"{self.name} {entity - self.first}, load {number}", found, right
        if not self.figures:
            return
        told = {
            "withdrawn": sum(one.found.withdrawn for one in self.loads if one.found),
            "overlap": sum(one.found.overlap for one in self.loads if one.found),
            "live_missing": sum(one.found.missing for one in self.loads if one.found),
            "live_phantom": sum(one.found.phantom for one in self.loads if one.found),
        }
        figures = {name: sum(getattr(one.live, name) for one in results.values()) for name in told}
        if figures != told:
            yield f"{self.name}, load {number}: figures", figures, told

    def _die(self, number: int) -> None:
        """A load that dies half-way. One that is undone dies by itself, wherever; what any other has
        written is what the model says.
        """
        before = [Counter(one.held) for one in self.loads]
        for one in self.loads:
            one.load(number)
        if number in self.history.undone:
            self.table.dying(
                self.before[-1].run,
                lambda target: self._materialize(number, target, SecondLooks()),
            )
            return
        pairs = zip(self.loads, before, strict=True)
        self.table.insert(
            [
                (self.first + place, *row)
                for place, (one, old) in enumerate(pairs)
                for row in (one.held - old).elements()
            ]
        )

    def _undo(self, before: Before) -> Iterator[Difference]:
        """Undo a load: every row is there that was there before it, and no other."""
        live = self.table.rows(self.ids, before.cutoff, LAST)
        recorded = self.recorded.get(METRIC)
        work = Undo(
            self.table.target(f"undoing of {before.run}"),
            self.locks,
            recorded=lambda _changed: recorded.cutoff if recorded else None,
        )
        changed = self.table.ranges(before.run)
        for one in changed:
            work.run(one)
        for load in self.loads:
            load.undo()
        (previous,) = {one.previous for one in changed}
        self.recorded = {METRIC: Loaded(Position(), previous)} if previous else {}
        after = {
            "rows": (self._held(before.cutoff), before.rows),
            "rows by the model": self._by_model(before.cutoff),
            "live events": (self.table.rows(self.ids, before.cutoff, LAST), live),
            "cutoff": (self.recorded, before.recorded),
        }
        for what, (found, expected) in after.items():
            if found != expected:
                yield f"{self.name}, {before.run} undone: {what}", found, expected

    def _materialize(self, number: int, target: Target, looks: SecondLooks) -> list[LoadResult]:
        if self.together:
            with suppress(ApartError):
                found = self._joined(number, target, looks)
                self.joined += 1
                return found
        return [self._alone(number, target, looks, part) for part in self._parts()]

    def _parts(self) -> list[IdRange]:
        """The ranges, of which the last is larger than the others."""
        starts = range(self.first, self.ids.stop, self.together or self.count)
        stops = [*starts[1:], self.first + 1_000]
        return [IdRange(start, stop) for start, stop in zip(starts, stops, strict=True)]

    def _joined(self, number: int, target: Target, looks: SecondLooks) -> list[LoadResult]:
        recorded = dict(self.recorded)
        return materialize_together(
            Scan("tag/engaged", (self._pair(),), ("TagEngagement",)),
            (self._pair(),),
            self._parts(),
            self.before[-1].cutoff,
            Stores(self._source(number, self.ids), target, self.locks),
            guard=RemovalGuard(1.0),
            loaded=lambda _part: recorded,
            live=replace(RULES, heal=number in self.history.heal),
            looks=looks,
            progress=lambda _rows: None,
            stop=Stop(),
        )

    def _alone(self, number: int, target: Target, looks: SecondLooks, part: IdRange) -> LoadResult:
        recorded = dict(self.recorded)
        (load_result,) = materialize(
            Scan("tag/engaged", (self._pair(),), ("TagEngagement",)),
            (self._pair(),),
            part,
            self.before[-1].cutoff,
            Stores(self._source(number, part), target, self.locks),
            max_removed_share=1.0,
            loaded=lambda: recorded,
            live=replace(RULES, heal=number in self.history.heal),
            looks=looks,
        )
        return load_result

    def _source(self, number: int, part: IdRange) -> FakeSource:
        """The source's rows of some ids, at a load."""
        shown = LOADS[number] - (self.history.stale if number == 1 else timedelta(0))
        inside = pl.col("entityId").is_between(part.start, part.stop, "left")
        return FakeSource([self._frame(shown).filter(inside)], state=SourceState(instant=shown))

    def _pair(self) -> Pair:
        kind = self.history.kind
        return Pair(
            ENTITY,
            METRIC,
            "Of histories.",
            Legacy("TagMetric.followerCount"),
            value=pl.col("value"),
            signed=kind.signed,
            live=Live.ABSORB if kind.absorb else Live.JUDGED,
            live_key=LiveKey.ENTITY if kind.by_entity else LiveKey.USER,
        )

    def _frame(self, shown: datetime) -> pl.DataFrame:
        rows = [
            (self.first + place, row.user, row.created, row.value)
            for place, one in enumerate(self.loads)
            for row in one.history.world.standing(shown)
        ]
        return pl.DataFrame(rows, schema=_SCHEMA, orient="row")

    def _arrive(self, at: datetime) -> None:
        """Live events that arrive until ``at``, and one that shows that the stream runs."""
        rows: list[tuple[int, int, datetime, int]] = [(999_999, 1, at - LAG, 1)]
        for place, one in enumerate(self.loads):
            events = sorted(one.history.world.events, key=lambda event: event.arrives)
            come = [event for event in events if event.arrives <= at]
            new = come[self.sent[place] :]
            self.sent[place] = len(come)
            rows += [(self.first + place, event.user, event.dated, event.value) for event in new]
        self.table.insert(rows)

    def _held(self, cutoff: datetime) -> Rows:
        """What the target holds below a cutoff; where nothing is deleted, what that is worth."""
        rows = self.table.rows(self.ids, FIRST, cutoff)
        return worth(rows) if self.table.appends else rows

    def _by_model(self, cutoff: datetime) -> tuple[Rows, Rows]:
        """What the target holds below a cutoff, and what it is to hold by the model. Where nothing
        is deleted an adjustment may lie at other times: sums by user.
        """
        both = (
            self.table.rows(self.ids, FIRST, cutoff),
            {self.first + place: +one.held for place, one in enumerate(self.loads) if +one.held},
        )
        return (sums(both[0]), sums(both[1])) if self.table.appends else both
