"""Rows of one scope as frames: how they are compared in memory.

Belongs here: the columns of such a frame, and the way from events and back. Does not belong here:
what is compared (judge, difference), or any I/O.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np
import polars as pl

#: The columns of a frame of rows: metric is the place of its name in the scope, from 1 on;
#: createdAt is UTC.
ROWS = pl.Schema(
    [
        ("metric", pl.UInt8()),
        ("entityId", pl.Int64()),
        ("userId", pl.Int64()),
        ("value", pl.Int64()),
        ("createdAt", pl.Datetime("ms", "UTC")),
    ]
)
#: How many places that type can count.
PLACES = 255
NO_ROWS = pl.DataFrame(schema=ROWS)


def last_before(cutoff: datetime, *, coarse: bool) -> datetime:
    """The last instant before a cutoff that a target holds; ``coarse`` ones hold whole seconds."""
    return cutoff - (timedelta(seconds=1) if coarse else timedelta(milliseconds=1))


def rows_of(
    events: pl.DataFrame, metrics: Sequence[str], *, coarse: bool, stops: Sequence[int] = ()
) -> pl.DataFrame:
    """Events (metricType, entityId, userId, metricValue, createdAt) as rows; ``coarse`` cuts their
    times to whole seconds.

    With ``stops``, where each of several neighbouring ranges ends, metrics are counted on from
    range to range.
    """
    places = events["metricType"].cast(pl.String).cast(pl.Enum(metrics)).to_physical()
    if stops:
        places = places.cast(pl.UInt32) + len(metrics) * _ranges(events["entityId"], stops)
    created = pl.col("createdAt")
    rows = events.select(
        (places.cast(pl.UInt8) + 1).alias("metric"),
        "entityId",
        "userId",
        pl.col("metricValue").alias("value"),
        created.dt.truncate("1s") if coarse else created,
    )
    return rows.cast(ROWS)


def by_range(
    events: pl.DataFrame, metrics: Sequence[str], names: Sequence[str], stops: Sequence[int]
) -> pl.DataFrame:
    """Events, in the order of their ranges, whose metricType tells the range as well: one of
    ``names``, which are those of the metrics in the first range, in the second …
    """
    places = events["metricType"].cast(pl.Enum(metrics)).to_physical().cast(pl.UInt32)
    places = places + len(metrics) * _ranges(events["entityId"], stops)
    told = pl.Series("metricType", names, pl.Enum(names)).gather(places)
    return events.with_columns(told).sort("metricType", maintain_order=True)


def _ranges(ids: pl.Series, stops: Sequence[int]) -> pl.Series:
    """Which of several neighbouring ranges each id lies in, by where they end."""
    last = len(stops) - 1
    return pl.Series(stops, dtype=pl.Int64).search_sorted(ids, "right").clip(0, last)


def named(rows: pl.DataFrame, metrics: Sequence[str]) -> pl.DataFrame:
    """Rows with metricType, the name, in the place of metric; several places may have one name."""
    names = pl.Series("metricType", metrics, pl.Enum(list(dict.fromkeys(metrics))))
    return rows.drop("metric").insert_column(0, names.gather((rows["metric"] - 1).cast(pl.UInt32)))


def events_of(rows: pl.DataFrame, metrics: Sequence[str]) -> pl.DataFrame:
    """Rows as events."""
    return named(rows, metrics).rename({"value": "metricValue"})


def repeated(rows: pl.DataFrame) -> pl.DataFrame:
    """Each row as often as its ``copies`` say, without that column."""
    some = rows.filter(pl.col("copies") > 0)
    return some.drop("copies")[np.repeat(np.arange(some.height), some["copies"].to_numpy())]
