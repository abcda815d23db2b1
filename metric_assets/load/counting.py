"""Counts and sums of events, before and after a cutoff."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import polars as pl

from metric_assets.plan import Summary


def count_events(
    events: pl.DataFrame, cutoff: datetime, before: dict[str, Summary], after: dict[str, Summary]
) -> None:
    """Add the number of events, and the sum of their values, to those of each metric.

    Events of a metric lie together: a look at each stretch costs a fifth of a group.
    """
    early, values = events["createdAt"] < cutoff, events["metricValue"]
    first = 0
    for rows, metric in events["metricType"].rle().struct.unnest().iter_rows():
        mask, stretch = early.slice(first, rows), values.slice(first, rows)
        first += rows
        events_before, total_before = int(mask.sum()), _total(stretch.filter(mask))
        _add(before, metric, events_before, total_before)
        _add(after, metric, rows - events_before, _total(stretch) - total_before)


def _total(values: pl.Series) -> int:
    # A sum of 32 bits would wrap.
    return int(values.to_numpy().sum(dtype=np.int64))


def _add(counts: dict[str, Summary], metric: str, events: int, total: int) -> None:
    if events:
        so_far = counts[metric]
        counts[metric] = Summary(so_far.events + events, so_far.total + total)
