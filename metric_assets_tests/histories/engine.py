"""Histories on a real ClickHouse, many at once: an entity each, loaded together.

Belongs here: playing histories into a target and comparing what it holds with the model. Does not
belong here: the verdict on a history (model).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from typing import Any

import polars as pl
from clickhouse_connect.driver.client import Client

from metric_assets.catalog.model import Legacy, Live, LiveKey, Pair
from metric_assets.catalog.scan import Scan
from metric_assets.live import LiveRules
from metric_assets.load.pipeline import Stores, materialize
from metric_assets.load.second_look import SecondLooks
from metric_assets.ranges import IdRange
from metric_assets.source_state import Loaded, Position, SourceState
from metric_assets.stores.ports import Target
from metric_assets_tests.fakes import FakeLocks, FakeSource
from metric_assets_tests.histories.kinds import History, make
from metric_assets_tests.histories.model import Loads
from metric_assets_tests.histories.rule import Row
from metric_assets_tests.histories.world import CUTOFF, LAG, LOADS, SKEW

ENTITY, METRIC = "Tag", "Follower"
RULES = LiveRules(lag=LAG.total_seconds(), skew=SKEW.total_seconds())
_SCHEMA: dict[str, Any] = {
    "entityId": pl.Int32,
    "userId": pl.Int32,
    "createdAt": pl.Datetime("ms", "UTC"),
    "value": pl.Int32,
}


@dataclass
class Play:
    """Histories of one kind, of the ids ``first`` and up, on a target table."""

    client: Client
    table: str
    target: Target
    name: str
    first: int
    count: int

    def __post_init__(self) -> None:
        made = [make(self.name, number) for number in range(self.count)]
        # Loaded together, they share what is of a load and not of a history.
        shared = {name: getattr(made[0], name) for name in ("moved", "heal", "stale", "killed")}
        self.loads = [Loads(replace(one, **shared)) for one in made]
        self.sent = [0] * self.count
        self.locks = FakeLocks()
        self.recorded: dict[str, Loaded] = {}

    @property
    def history(self) -> History:
        """One that stands for all in what is of a load."""
        return self.loads[0].history

    def run(self) -> Iterator[tuple[str, object, object]]:
        """What differs from the model after each load: what, found, expected."""
        for number in range(len(LOADS)):
            yield from self._load(number)

    def _load(self, number: int) -> Iterator[tuple[str, object, object]]:
        history, at = self.history, LOADS[number]
        shown = at - (history.stale if number == 1 else timedelta(0))
        cutoff = history.moved if number >= 2 else CUTOFF
        self._arrive(at)
        if number in history.killed:
            before = [Counter(one.held) for one in self.loads]
            for one in self.loads:
                one.load(number)
            pairs = zip(self.loads, before, strict=True)
            rows = [
                (self.first + place, *row)
                for place, (one, old) in enumerate(pairs)
                for row in (one.held - old).elements()
            ]
            self._insert(rows)
            return
        looks = SecondLooks()
        source = FakeSource([self._frame(shown)], state=SourceState(instant=shown))
        stores = Stores(source, self.target, self.locks)
        ids = IdRange(self.first, self.first + 1_000)
        recorded = dict(self.recorded)
        (load_result,) = materialize(
            Scan("tag/engaged", (self._pair(),), ("TagEngagement",)),
            (self._pair(),),
            ids,
            cutoff,
            stores,
            max_removed_share=1.0,
            loaded=lambda: recorded,
            live=replace(RULES, heal=number in history.heal),
            looks=looks,
        )
        self._arrive(at + LAG)
        for again in looks.take(self.target, self.locks, wait=lambda _seconds: None):
            load_result = again
        for one in self.loads:
            one.load(number)
        self.recorded = {METRIC: Loaded(Position(), cutoff)}
        held = self._held(cutoff)
        for place, one in enumerate(self.loads):
            found = held.get(self.first + place, Counter())
            if found != one.held:
                yield f"{self.name} {place}, load {number}", found, one.held
        told = {
            "withdrawn": sum(one.found.withdrawn for one in self.loads if one.found),
            "overlap": sum(one.found.overlap for one in self.loads if one.found),
            "live_missing": sum(one.found.missing for one in self.loads if one.found),
            "live_phantom": sum(one.found.phantom for one in self.loads if one.found),
        }
        figures = {name: getattr(load_result.live, name) for name in told}
        if figures != told:
            yield f"{self.name}, load {number}: figures", figures, told

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
        self._insert(rows)

    def _insert(self, rows: Iterable[tuple[int, int, datetime, int]]) -> None:
        values = [
            (ENTITY, entity, user, METRIC, value, dated) for entity, user, dated, value in rows
        ]
        names = ["entityType", "entityId", "userId", "metricType", "metricValue", "createdAt"]
        if values:
            self.client.insert(self.table, values, column_names=names)

    def _held(self, cutoff: datetime) -> dict[int, Counter[Row]]:
        found: dict[int, Counter[Row]] = {}
        rows = self.client.query(
            "SELECT entityId, userId, toUnixTimestamp64Milli(createdAt), metricValue"
            f" FROM {self.table} WHERE entityId >= {self.first}"
            f" AND entityId < {self.first + self.count}"
            f" AND createdAt < fromUnixTimestamp64Milli({int(cutoff.timestamp() * 1000)})"
        ).result_rows
        for entity, user, at, value in rows:
            dated = datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(milliseconds=at)
            found.setdefault(entity, Counter())[user, dated, value] += 1
        return found
