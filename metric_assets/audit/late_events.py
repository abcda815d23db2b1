"""Late live events: what breaks a rule of legacy is read again once they have arrived.

Legacy and the target are read one after the other while the platform goes on, and its live events
arrive some seconds late. Only what the events of an entity come to as of the instant that legacy
showed is held against it.

Belongs here: the second reading of a check. Does not belong here: the first one (audit), or the
arithmetic of a comparison (reconcile).
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

import polars as pl

from metric_assets.catalog.model import Pair
from metric_assets.live import LiveRules
from metric_assets.ranges import IdRange
from metric_assets.reconcile import Verdict, compare, counters, events_of, offenders


class Totals(Protocol):
    """A target whose sums can be read."""

    def totals(self, entity: str, metrics: Sequence[str], ids: IdRange) -> pl.DataFrame:
        """Sums of all events by entityId and metricType."""
        ...

    def totals_until(
        self,
        entity: str,
        metrics: Sequence[str],
        ids: Sequence[int],
        sure: datetime,
        until: datetime,
    ) -> pl.DataFrame:
        """Sums by entityId and metricType of events dated before ``sure``, and what those up to
        ``until`` add (plus) and take off (minus).
        """
        ...

    def live_since(self, entity: str, metrics: Sequence[str], since: datetime) -> bool:
        """Whether any event of the metrics is dated at or after ``since``."""
        ...


@dataclass(frozen=True)
class Patience:
    """How late live events may be (``rules``), and how a check waits for them (``wait``, seconds).

    ``told`` is called with a sentence before it waits.
    """

    rules: LiveRules = field(default_factory=LiveRules)
    wait: Callable[[float], object] = time.sleep
    told: Callable[[str], object] = lambda _sentence: None


@dataclass(frozen=True)
class Doubt:
    """A pair and range whose first reading breaks the rule, and what was read.

    Legacy shows an instant between ``earliest`` and ``latest``.
    """

    pair: Pair
    cell: IdRange
    values: pl.DataFrame
    legacy: pl.DataFrame
    orphans: set[int]
    earliest: datetime
    latest: datetime

    @property
    def verdict(self) -> Verdict:
        """What the first reading comes to."""
        return compare(self.pair, self.cell, self.values, self.legacy, self.orphans)


def metrics_of(pairs: Sequence[Pair]) -> list[str]:
    """The metrics of pairs, and those that means among them are taken over."""
    over = {pair.legacy.average_over for pair in pairs if pair.legacy.average_over}
    return sorted({pair.metric for pair in pairs} | over)


def settle(
    doubts: Sequence[Doubt],
    target: Totals,
    clock: Callable[[], datetime],
    patience: Patience,
) -> Iterator[tuple[Pair, IdRange, Verdict]]:
    """Verdicts from a second reading, for which late live events are waited for once.

    ``clock`` is that of the source. All pairs are of one entity.

    Where no live event is recent the platform is at rest: what differs does so at once.
    """
    entity = doubts[0].pair.entity
    metrics = metrics_of([doubt.pair for doubt in doubts])
    lag, skew = (timedelta(seconds=s) for s in (patience.rules.lag, patience.rules.skew))
    recent = min(doubt.earliest for doubt in doubts) - max(lag, skew)
    if not target.live_since(entity, metrics, recent):
        yield from ((doubt.pair, doubt.cell, doubt.verdict) for doubt in doubts)
        return
    arrived = max(doubt.latest for doubt in doubts) + lag + skew
    now = clock()
    if now < arrived:
        seconds = (arrived - now).total_seconds()
        patience.told(
            f"counters of {len(doubts)} pairs and ranges differ from legacy; read again"
            f" in {seconds:.0f} s, when late live events have arrived"
        )
        patience.wait(seconds)
    together: dict[tuple[datetime, datetime, IdRange], list[Doubt]] = defaultdict(list)
    for doubt in doubts:
        together[doubt.earliest - skew, doubt.latest + skew, doubt.cell].append(doubt)
    for (sure, until, _), group in together.items():
        yield from _read_again(group, target, sure, until)


def _read_again(
    group: Sequence[Doubt], target: Totals, sure: datetime, until: datetime
) -> Iterator[tuple[Pair, IdRange, Verdict]]:
    """Verdicts on doubts of one range, with the counters of what broke a rule read again."""
    breaking = {
        doubt.pair: offenders(doubt.pair, doubt.values, doubt.legacy, doubt.orphans)
        for doubt in group
    }
    ids = sorted({one for found in breaking.values() for one in found})
    needed = metrics_of([doubt.pair for doubt in group])
    sums = target.totals_until(group[0].pair.entity, needed, ids, sure, until)
    for doubt in group:
        values = _settled(doubt, breaking[doubt.pair], sums)
        verdict = compare(doubt.pair, doubt.cell, values, doubt.legacy, doubt.orphans)
        yield doubt.pair, doubt.cell, verdict


def _settled(doubt: Doubt, ids: Sequence[int], sums: pl.DataFrame) -> pl.DataFrame:
    """The counters of a doubt, those of ``ids`` as of the instant that legacy shows.

    Where that is a span, because events are dated so near to the instant, the counter of the span
    that is nearest to legacy.
    """
    pair = doubt.pair
    ends = (pl.col("total") - pl.col("minus"), pl.col("total") + pl.col("plus"))
    sides = [sums.with_columns(end.alias("total")) for end in ends]
    if pair.legacy.average_over is None:
        found = [events_of(pair, side) for side in sides]
    else:
        found = [events_of(pair, own, of) for own in sides for of in sides]
    asked = pl.DataFrame({"entityId": ids}, schema={"entityId": pl.Int64})
    bounds = [asked.join(counters(pair, one), on="entityId", how="left") for one in found]
    counted = pl.concat(bounds).with_columns(pl.col("events").fill_null(0.0))
    widths = counted.group_by("entityId").agg(
        pl.col("events").min().alias("low"), pl.col("events").max().alias("high")
    )
    old = doubt.legacy.select(pl.col("entityId").cast(pl.Int64), pl.col("value").cast(pl.Float64))
    nearest = widths.join(old, on="entityId", how="left").select(
        "entityId", pl.col("value").fill_null(0.0).clip("low", "high").alias("events")
    )
    return pl.concat([doubt.values.join(asked, on="entityId", how="anti"), nearest])
