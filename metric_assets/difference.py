"""The signed difference of rows wanted and rows present, over frames: sql/clickhouse/difference.sql
for a range that is small enough to be compared here.

Belongs here: arithmetic over frames of rows (see rows.ROWS). Does not belong here: any I/O.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from metric_assets.plan import Mode, Summary
from metric_assets.row_hash import row_hashes

#: What two rows must share to be copies or negations of each other; magnitude is the size.
EVENT = ("metric", "entityId", "userId", "createdAt", "magnitude")
_NONE = pl.lit(0, pl.Int64)


def summaries(rows: pl.DataFrame, metrics: Sequence[str]) -> dict[str, Summary]:
    """A summary of the rows of every metric."""
    sums = (
        rows.with_columns(hash=row_hashes(rows))
        .group_by("metric")
        .agg(
            events=pl.len().cast(pl.Int64),
            total=pl.col("value").sum(),
            hash=pl.col("hash").sum(),
            net=pl.when(pl.col("value") >= 0).then(1).otherwise(-1).sum(),
        )
    )
    found = {row[0]: Summary(*row[1:]) for row in sums.iter_rows()}
    return {metric: found.get(place, Summary()) for place, metric in enumerate(metrics, 1)}


def difference(wanted: pl.DataFrame, present: pl.DataFrame, mode: Mode) -> pl.DataFrame:
    """A row an event that is not in sync: metric, entityId, userId, createdAt, magnitude, and how
    many copies of it (addPositive, removePositive) and of its negation (addNegative,
    removeNegative) to add and take away; ``compensating`` of those to add stand for rows that may
    not be removed. ``heldPositive`` and ``heldNegative`` copies are present.
    """
    plus = pl.col("value") >= 0

    def counted(rows: pl.DataFrame, name: str) -> pl.DataFrame:
        return rows.select(
            *EVENT[:-1],
            plus.cast(pl.Int64).alias(f"{name}_plus"),
            (~plus).cast(pl.Int64).alias(f"{name}_minus"),
            magnitude=pl.col("value").abs(),
        )

    counts = ("wanted_plus", "wanted_minus", "present_plus", "present_minus")
    both = (
        pl.concat([counted(wanted, "wanted"), counted(present, "present")], how="diagonal")
        .group_by(EVENT)
        .agg(pl.col(counts).sum())
    )
    lacks_plus, lacks_minus = (
        pl.col(f"wanted_{sign}") - pl.col(f"present_{sign}") for sign in ("plus", "minus")
    )
    changes = _added if mode is Mode.APPEND else _moved
    held = {"heldPositive": pl.col("present_plus"), "heldNegative": pl.col("present_minus")}
    differs = both.filter(lacks_plus != lacks_minus).select(
        *EVENT, **changes(lacks_plus, lacks_minus), **held
    )
    return differs.filter(pl.sum_horizontal("^(add|remove).*$") > 0)


def _added(lacks_plus: pl.Expr, lacks_minus: pl.Expr) -> dict[str, pl.Expr]:
    """The changes where nothing may be removed: a negation is added instead."""
    net = lacks_plus - lacks_minus
    negations = pl.when(pl.col("magnitude") == 0).then(_NONE).otherwise(_most(-net))
    beside = pl.min_horizontal(negations, _most(-lacks_plus)) + pl.min_horizontal(
        _most(net), _most(-lacks_minus)
    )
    return {
        "addPositive": _most(net),
        "addNegative": negations,
        "removePositive": _NONE,
        "removeNegative": _NONE,
        "compensating": beside,
    }


def _moved(lacks_plus: pl.Expr, lacks_minus: pl.Expr) -> dict[str, pl.Expr]:
    """The changes where surplus is removed."""
    return {
        "addPositive": _most(lacks_plus),
        "addNegative": _most(lacks_minus),
        "removePositive": _most(-lacks_plus),
        "removeNegative": _most(-lacks_minus),
        "compensating": _NONE,
    }


def _most(counts: pl.Expr) -> pl.Expr:
    return counts.clip(lower_bound=0)


def counted(differs: pl.DataFrame, metrics: Sequence[str]) -> dict[str, tuple[int, int, int]]:
    """Rows to insert, to remove, and inserted to compensate, by metric."""
    sums = differs.group_by("metric").agg(
        (pl.col("addPositive") + pl.col("addNegative")).sum(),
        (pl.col("removePositive") + pl.col("removeNegative")).sum().alias("removed"),
        pl.col("compensating").sum(),
    )
    return {metrics[row[0] - 1]: (row[1], row[2], row[3]) for row in sums.iter_rows()}
