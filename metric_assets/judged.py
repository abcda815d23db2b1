"""What a judgement of keys came to: figures, hours of live drift, entities that are gone.

Belongs here: sums over what judge() wrote down. Does not belong here: the judgement (judge).
"""

from __future__ import annotations

import polars as pl

from metric_assets.examined import COLUMNS, JUDGED, Examined
from metric_assets.judge import KEY, Rule, Sides
from metric_assets.live import DriftHour, Judged, LiveFigures


def figures(judged: pl.DataFrame, rule: Rule) -> dict[str, Judged]:
    """What a judgement came to, by metric, as sql/clickhouse/judged_summary.sql has it."""
    adjustment, rest, present, source = (
        pl.col(one) for one in ("adjustment", "rest", "present", "source")
    )
    wanted = source + adjustment
    changed = (
        (pl.col("base") != present)
        | (adjustment != pl.col("asked"))
        | (rest < 0)
        | ((rest > 0) & pl.col("recent"))
    )
    entities = judged.group_by("metric", "entityId").agg(
        withdrawn=adjustment.clip(lower_bound=0).sum(),
        overlap=-adjustment.clip(upper_bound=0).sum(),
        unsettled=(pl.col("low") < pl.col("high")).sum().cast(pl.Int64),
        unsettled_width=(pl.col("high") - pl.col("low")).sum(),
        moved=pl.min_horizontal(rest.clip(lower_bound=0).sum(), -rest.clip(upper_bound=0).sum()),
        change=(wanted - present).sum(),
        least=pl.col("least_change").first(),
        greatest=pl.col("greatest_change").first(),
        gone_untold=_gone_untold().sum(),
        changes=changed.sum().cast(pl.Int64),
        largest=adjustment.abs().max(),
    )
    change = pl.col("change")
    sums = (
        entities.with_columns(
            live_missing=(pl.col("least") - change).clip(lower_bound=0),
            live_phantom=(change - pl.col("greatest")).clip(lower_bound=0),
        )
        .group_by("metric")
        .agg(pl.all().exclude("entityId", "largest").sum(), pl.col("largest").max())
    )
    found = {metric: Judged(LiveFigures()) for metric in rule.judging.metrics}
    names = set(LiveFigures.__dataclass_fields__) & set(sums.columns)
    for row in sums.iter_rows(named=True):
        of_metric = LiveFigures(**{name: row[name] for name in names})
        found[rule.metrics[row["metric"] - 1]] = Judged(of_metric, row["changes"], row["largest"])
    return found


def _gone_untold() -> pl.Expr:
    """What was held of a key, is neither at the source nor wanted, and has no live event."""
    present, source = pl.col("present"), pl.col("source")
    lost = pl.min_horizontal(present - source - pl.col("adjustment"), present - source)
    return pl.when(pl.col("negative") == 0).then(lost.clip(lower_bound=0)).otherwise(0)


def examined(metric: str, judged: pl.DataFrame, sides: Sides, rule: Rule) -> Examined:
    """The rows of a metric on all sides, and its judged keys."""
    chosen = rule.among([metric])

    def rows(side: pl.DataFrame) -> pl.DataFrame:
        return side.filter(chosen).select(COLUMNS.names()).cast(COLUMNS)

    keys = pl.DataFrame(schema=JUDGED)
    if not judged.is_empty():
        whole = pl.lit(metric in rule.judging.by_entity)
        told = judged.filter(chosen & ((pl.col("adjustment") != 0) | (pl.col("rest") != 0)))
        keys = told.with_columns(whole=whole).select(JUDGED.names()).cast(JUDGED)
    wanted, held = rows(sides.before), rows(sides.held)
    entities = pl.concat([wanted["entityId"], held["entityId"]]).n_unique()
    return Examined(wanted, held, rows(sides.after), rows(sides.live), keys, entities)


def drift_hours(
    judged: pl.DataFrame, sides: Sides, rule: Rule, most: int
) -> dict[str, tuple[DriftHour, ...]]:
    """By metric, the hours in which live events lack or have most, as
    sql/clickhouse/drift_hours.sql has them: ``most`` of them, in their order.
    """
    keys = judged.filter(pl.col("rest") != 0).select(KEY)
    live = sides.live.filter(pl.col("createdAt") <= rule.judging.horizon.until)
    rows = pl.concat([sides.after, live.with_columns(-pl.col("value"))])
    hours = (
        rule.keyed(rows)
        .join(keys, on=KEY, how="semi")
        .group_by("metric", pl.col("createdAt").dt.truncate("1h").alias("hour"))
        .agg(net=pl.col("value").sum())
        .filter(pl.col("net") != 0)
        .sort(pl.col("net").abs() * -1, "hour")
        .group_by("metric", maintain_order=True)
        .head(most)
        .sort("metric", "hour")
    )
    found: dict[str, tuple[DriftHour, ...]] = {}
    for metric, hour, net in hours.select("metric", "hour", "net").iter_rows():
        name = rule.metrics[metric - 1]
        found[name] = (*found.get(name, ()), DriftHour(hour, max(net, 0), max(-net, 0)))
    return found


def gone_entities(judged: pl.DataFrame, rule: Rule, most: int) -> dict[str, dict[int, int]]:
    """By metric: ``most`` entities of which something held is gone untold, and how much."""
    gone = (
        judged.group_by("metric", "entityId")
        .agg(gone=_gone_untold().sum())
        .filter(pl.col("gone") > 0)
        .sort(pl.col("gone") * -1, "entityId")
        .head(most)
    )
    found: dict[str, dict[int, int]] = {}
    for metric, entity, lost in gone.iter_rows():
        found.setdefault(rule.metrics[metric - 1], {})[entity] = lost
    return found
