"""The rule of what must be held below the cutoff, over frames: sql/clickhouse/judge.sql for a range
that is small enough to be compared here.

Belongs here: the judgement of keys and the adjustments it asks for, as pure functions. Does not
belong here: what it came to (judged), why the rule is as it is (docs/explanation/counter.md), or
any I/O.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from metric_assets.live import Judging
from metric_assets.rows import ROWS, repeated

#: A bound that no sum of values reaches.
_FAR = 2**62
#: Columns that name a key, and the names of the metrics that have a say.
KEY = ("metric", "entityId", "user")


@dataclass(frozen=True)
class Sides:
    """What is judged: rows of the source ``before`` the cutoff and ``after`` it, rows ``held`` by
    the target below it, and ``live`` events. ``earlier`` is what a first look found held, by key
    (metric, entityId, user, present); None if this is the first.
    """

    before: pl.DataFrame
    after: pl.DataFrame
    held: pl.DataFrame
    live: pl.DataFrame
    earlier: pl.DataFrame | None = None


@dataclass(frozen=True)
class Rule:
    """How the metrics of a scope are judged, by their names in its order.

    ``fresh`` metrics hold nothing below the cutoff.
    """

    metrics: tuple[str, ...]
    judging: Judging
    fresh: tuple[str, ...] = ()

    def among(self, chosen: Sequence[str]) -> pl.Expr:
        """Whether the metric of a row is one of ``chosen``."""
        return pl.col("metric").is_in([self.metrics.index(one) + 1 for one in chosen])

    @property
    def user(self) -> pl.Expr:
        """The user of a key: none where a key is an entity."""
        whole = self.among(self.judging.by_entity)
        return pl.when(whole).then(0).otherwise(pl.col("userId")).alias("user")

    def keyed(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The rows of metrics that are judged, each with the user of its key."""
        return rows.filter(self.among(self.judging.metrics)).with_columns(self.user)


def judge(sides: Sides, rule: Rule) -> pl.DataFrame:
    """The keys that are not simply what source and target both hold, a row each: metric, entityId,
    user, source, present, negative, recent, low, high, base, asked, adjustment, rest, least_change
    and greatest_change, as sql/clickhouse/judged_table.sql has them.
    """
    bases = _bases(_sums(sides, rule), rule)
    written = (
        (pl.col("asked") != 0)
        | (pl.col("rest") != 0)
        | (pl.col("low") < pl.col("high"))
        | (
            (pl.col("base") != pl.col("present"))
            & (pl.col("known") | (pl.col("base") < pl.col("present")))
        )
    )
    return _taken_back(bases.filter(written))


def _sums(sides: Sides, rule: Rule) -> pl.DataFrame:
    """The sums of each key over all sides."""
    horizon = rule.judging.horizon
    value, created = pl.col("value"), pl.col("createdAt")
    sure = created < horizon.sure
    zero = pl.lit(0, pl.Int64)
    live = pl.when(sure).then(value).otherwise(zero)
    near = pl.when(sure).then(zero).otherwise(value)
    parts = [
        rule.keyed(sides.before).select(*KEY, source=value),
        rule.keyed(sides.after).select(*KEY, after=value, recent=created >= horizon.recent),
        rule.keyed(sides.held).select(*KEY, held=value, rows=pl.lit(1, pl.Int64)),
        rule.keyed(sides.live.filter(created <= horizon.until)).select(
            *KEY,
            live=live,
            near_up=near.clip(lower_bound=0),
            near_down=-near.clip(upper_bound=0),
            positive=value.clip(lower_bound=0),
            negative=-value.clip(upper_bound=0),
        ),
    ]
    if sides.earlier is not None:
        judged = sides.earlier.filter(rule.among(rule.judging.metrics))
        parts.append(judged.select(*KEY, earlier=pl.col("present"), looked=pl.lit(1, pl.Int64)))
    numbers = ("source", "after", "held", "rows", "live", "near_up", "near_down")
    more = ("positive", "negative", "earlier", "looked")
    none = pl.DataFrame(schema=dict.fromkeys((*numbers, *more), pl.Int64()))
    together = pl.concat([none, *parts], how="diagonal")
    return together.group_by(KEY).agg(
        pl.col(*numbers, *more).sum(), pl.col("recent").fill_null(value=False).any()
    )


def _bases(keys: pl.DataFrame, rule: Rule) -> pl.DataFrame:
    """Each key with its span, what is held of it, and its base."""
    judging = rule.judging
    fresh, loaded = rule.among(rule.fresh), rule.among(judging.loaded)
    absorbing, signed = rule.among(judging.absorbing), rule.among(judging.signed)
    source, looked = pl.col("source"), pl.col("looked") > 0
    wide = source + pl.col("after") - pl.col("live")
    unloaded = (pl.col("rows") == 0) & (fresh | ~loaded)
    bounds = keys.with_columns(
        low=wide - pl.col("near_up"),
        high=wide + pl.col("near_down"),
        present=pl.when(looked).then("earlier").when(unloaded).then("source").otherwise("held"),
        least=pl.when(absorbing)
        .then(-_FAR)
        .when(signed)
        .then(source - pl.col("positive"))
        .otherwise(source.clip(upper_bound=0)),
        greatest=pl.when(absorbing).then(_FAR).otherwise(source + pl.col("negative")),
        loaded=loaded & ~fresh,
        known=looked | (pl.col("rows") > 0),
    )
    low, high, present = pl.col("low"), pl.col("high"), pl.col("present")
    down = pl.min_horizontal(present, pl.max_horizontal(high, pl.min_horizontal(present, "least")))
    up = pl.min_horizontal(low, pl.max_horizontal(present, "greatest"))
    base = pl.col("base")
    return bounds.with_columns(base=pl.max_horizontal(down, up)).with_columns(
        asked=base - source,
        rest=pl.when(base < low).then(low - base).when(base > high).then(high - base).otherwise(0),
    )


def _taken_back(bases: pl.DataFrame) -> pl.DataFrame:
    """The adjustments: what would move an entity's counter away from its source is taken back, user
    by user; and of an entity whose counter may be right, what its changes add up to.
    """
    entity = ("metric", "entityId")
    low, high, base, present = (pl.col(one) for one in ("low", "high", "base", "present"))
    change, least, greatest = (pl.col(one) for one in ("change", "least_change", "greatest_change"))
    right = pl.col("may_be_right")
    entities = (
        bases.sort(KEY)
        .with_columns(
            least_change=(low - present).sum().over(entity),
            greatest_change=(high - present).sum().over(entity),
            change=(base - present).sum().over(entity),
        )
        .with_columns(may_be_right=pl.col("loaded") & (least <= 0) & (greatest >= 0))
    )
    aim = pl.when(right).then(present).otherwise("source")
    sized = entities.with_columns(
        lower=pl.when(right).then(change).otherwise(change - greatest).clip(lower_bound=0),
        raised=pl.when(right).then(-change).otherwise(least - change).clip(lower_bound=0),
        up=(base - aim).clip(lower_bound=0),
        down=(aim - base).clip(lower_bound=0),
    )

    def back(one: str, limit: str) -> pl.Expr:
        before = pl.col(one).cum_sum().over(entity) - pl.col(one)
        return pl.min_horizontal(one, pl.col(limit) - before).clip(lower_bound=0)

    return sized.with_columns(
        adjustment=pl.col("asked") - back("up", "lower") + back("down", "raised")
    )


def adjusted(judged: pl.DataFrame, sides: Sides, rule: Rule, at: datetime) -> pl.DataFrame:
    """The rows of the source before the cutoff with the adjustments beside them, as
    sql/clickhouse/adjust.sql and cancel_out.sql have them; ``at`` is the last instant before it.

    What the target holds of a key beyond the source's rows is left as it is where it sums to the
    adjustment; else the adjustment is one event. Rows that weigh nothing with it are taken out.
    """
    keys = judged.filter(pl.col("adjustment") != 0).select(*KEY, "adjustment")
    extras = _beyond(keys, sides, rule)
    # A key with nothing beyond the source sums to 0, which no adjustment is.
    total = (pl.col("value") * pl.col("copies")).sum().over(KEY)
    kept = extras.join(keys, on=KEY).filter(total == pl.col("adjustment")).drop("adjustment")
    # Where the target's own rows do not stand for it, one event does.
    single = keys.join(kept, on=KEY, how="anti").select(
        "metric",
        "entityId",
        pl.col("user").alias("userId"),
        pl.col("adjustment").alias("value"),
        pl.lit(at).cast(ROWS["createdAt"]).alias("createdAt"),
    )
    added = [repeated(kept), single]
    rows = pl.concat([sides.before, *(one.select(*ROWS).cast(ROWS) for one in added)])
    weighs = (
        pl.col("value").sign().sum().over("metric", "entityId", "userId", pl.col("value").abs())
    )
    edge = rows.filter(pl.col("createdAt") == at)
    return pl.concat([rows.filter(pl.col("createdAt") != at), edge.filter(weighs != 0)])


def _beyond(keys: pl.DataFrame, sides: Sides, rule: Rule) -> pl.DataFrame:
    """What is held of some keys beyond the source's rows: metric, entityId, user, userId,
    createdAt, value and copies. An event and its negation weigh nothing.
    """
    size = pl.col("value").abs().alias("size")
    plus = pl.col("value") >= 0
    event = (*KEY, "userId", "createdAt", "size")

    def counted(rows: pl.DataFrame, sign: int) -> pl.DataFrame:
        of_keys = rule.keyed(rows).join(keys, on=KEY, how="semi")
        return of_keys.with_columns(
            size,
            plus=pl.when(plus).then(sign).otherwise(0).cast(pl.Int64),
            minus=pl.when(plus).then(0).otherwise(sign).cast(pl.Int64),
        )

    counts = (
        pl.concat([counted(sides.held, 1), counted(sides.before, -1)])
        .group_by(event)
        .agg(pl.col("plus", "minus").sum().clip(lower_bound=0))
    )
    both = pl.min_horizontal("plus", "minus")
    sides_of = [
        counts.select(*event[:-1], value=pl.col("size") * sign, copies=pl.col(one) - both)
        for one, sign in (("plus", 1), ("minus", -1))
    ]
    return pl.concat(sides_of).filter(pl.col("copies") > 0)
