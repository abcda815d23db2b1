"""What a first look keeps in memory for the second one.

Belongs here: the rows, and what they are in the target's table of the same purpose. Does not belong
here: when they are taken up (memory_stage).
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from weakref import WeakValueDictionary

import polars as pl

from metric_assets import difference
from metric_assets.judge import KEY, Rule, Sides
from metric_assets.live import EPOCH
from metric_assets.rows import NO_ROWS, ROWS, named

#: Bytes that are kept for second looks in all; more are kept in the target.
KEPT_BYTES = 64 << 20


@dataclass(frozen=True, eq=False)
class Kept:
    """What a second look needs of a range: the source's rows of some keys (see judge.KEY), and what
    the first look found held of those that it judged (``earlier``).
    """

    keys: pl.DataFrame
    earlier: pl.DataFrame
    before: pl.DataFrame
    after: pl.DataFrame

    @classmethod
    def of(cls, judged: pl.DataFrame, sides: Sides, rule: Rule, cutoff: datetime) -> Kept:
        """What to keep of a first look: the keys that it judged, and those with recent events."""
        earlier = judged.select(*KEY, "present")
        recent = recent_of(sides.live, rule, cutoff).select(KEY)
        keys = pl.concat([earlier.select(KEY), recent]).unique()
        before, after = (of_keys(rows, keys, rule) for rows in (sides.before, sides.after))
        return cls(keys, earlier, before, after)

    def of_places(self, first: int, many: int) -> Kept:
        """What is kept of so many metrics from a place on (from 0), which begin at 1 in it."""
        chosen = pl.col("metric").is_between(first + 1, first + many)
        moved = pl.col("metric") - first

        def of(rows: pl.DataFrame) -> pl.DataFrame:
            return rows.filter(chosen).with_columns(moved.cast(ROWS["metric"]))

        return Kept(*map(of, (self.keys, self.earlier, self.before, self.after)))

    @property
    def bytes(self) -> int:
        """About how much memory it takes."""
        frames = (self.keys, self.earlier, self.before, self.after)
        return int(sum(frame.estimated_size() for frame in frames))

    def keep(self, attempt: str) -> bool:
        """Keep it here for an attempt, if it fits beside what others keep; from any thread."""
        with _KEEPING:
            fits = self.bytes + sum(one.bytes for one in KEPT.values()) <= KEPT_BYTES
            if fits:
                KEPT[attempt] = self
        return fits

    def taken_up(
        self, rows: pl.DataFrame, rule: Rule, cutoff: datetime
    ) -> tuple[pl.DataFrame, Sides]:
        """The keys to look at again, and the source's side of them; ``rows`` is what the target
        holds by now.

        Keys that show a recent live event only now were in sync: what they hold is what the source
        had before the cutoff, and their older live events are what it had from then on.
        """
        recent = recent_of(rows, rule, cutoff)
        late = recent.select(KEY).unique().join(self.keys, on=KEY, how="anti")
        older = pl.col("createdAt") < max(cutoff, rule.judging.horizon.recent)
        had = of_keys(rows.filter(older), late, rule)
        below = pl.col("createdAt") < cutoff
        before = pl.concat([self.before, had.filter(below)])
        after = pl.concat([self.after, had.filter(~below)])
        return pl.concat([self.keys, late]), Sides(before, after, NO_ROWS, NO_ROWS, self.earlier)

    def as_table(self, rule: Rule) -> pl.DataFrame:
        """The same as rows of sql/clickhouse/look_table.sql."""
        whole = rule.among(rule.judging.by_entity).alias("whole")
        keys = self.keys.rename({"user": "userId"}).with_columns(whole, kind=pl.lit("key"))
        judged = self.earlier.rename({"user": "userId", "present": "metricValue"}).with_columns(
            whole, kind=pl.lit("judged")
        )
        rows = pl.concat([self.before, self.after]).rename({"value": "metricValue"})
        parts = [keys, judged, rows.with_columns(kind=pl.lit("row"))]
        empty = {"metricValue": 0, "whole": False, "createdAt": EPOCH}
        filled = pl.concat(parts, how="diagonal").with_columns(
            pl.col(name).fill_null(value) for name, value in empty.items()
        )
        return named(filled, rule.metrics)


def recent_of(rows: pl.DataFrame, rule: Rule, cutoff: datetime) -> pl.DataFrame:
    """Live events that are recent, with the users of their keys."""
    horizon = rule.judging.horizon
    recent = pl.col("createdAt").is_between(max(horizon.recent, cutoff), horizon.until)
    return rule.keyed(rows.filter(recent))


def of_keys(rows: pl.DataFrame, keys: pl.DataFrame, rule: Rule) -> pl.DataFrame:
    """The rows of some keys."""
    return rule.keyed(rows).join(keys, on=KEY, how="semi").drop("user")


def looked_of(
    differs: pl.DataFrame,
    wanted: pl.DataFrame,
    keys: pl.DataFrame,
    rule: Rule,
    fresh: Sequence[str],
) -> dict[str, tuple[int, int, int]]:
    """The part of a difference that lies in some keys: (inserted, removed, compensated) rows by
    metric; of ``fresh`` ones, of which nothing is held, all that is wanted.
    """
    inside = differs if differs.is_empty() else of_keys(differs, keys, rule)
    found = {} if inside.is_empty() else difference.counted(inside, rule.metrics)
    for metric, summary in difference.summaries(of_keys(wanted, keys, rule), rule.metrics).items():
        if metric in fresh and summary.events:
            found[metric] = (summary.events, 0, 0)
    return found


#: By attempt, what the attempts of this process keep as long as somebody has their stages.
KEPT: WeakValueDictionary[str, Kept] = WeakValueDictionary()
_KEEPING = threading.Lock()
