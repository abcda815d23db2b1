"""Fingerprints of events by bucket of ids: what is equal on both sides need not be compared.

Belongs here: the arithmetic over frames, and which buckets differ. Does not belong here: the same
arithmetic in the target (sql/clickhouse/fingerprint.sql), or what becomes of what differs.

Two sums a metric and bucket, in wrapping 64-bit integers. ``net`` adds up value times key over all
events, live ones too: equal means that every counter of every user in the bucket is right.
``dated`` adds up a signed hash of each event before the cutoff: equal means that the rows are the
same. Each step of the hash is a bijection, so a difference stays unseen about once in 2^64. The
metric is not hashed: events of one are never added to those of another.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from metric_assets.row_hash import Signed, event_hash, key_hash, wrapped

#: Ids of one bucket, as a power of two.
BITS = 4
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
#: Rows hashed at once.
_SLICE = 2**15
#: So many buckets more than twice the rows are still laid side by side.
_NEAR = 2**16
#: Metrics of a scope, at most.
CODES = 256
#: Groups merged at once: buckets of a batch are few, but batches are many.
_MERGE = 64


@dataclass(frozen=True)
class Prints:
    """What fingerprints are taken of.

    ``judged`` metrics count live events, those ``by_entity`` have no user in their keys. Events
    before ``exact`` (UTC; exclusive) are compared row by row: adjustments lie from there to the
    ``cutoff``. ``coarse`` targets keep whole seconds. Events from ``recent`` on may still be late.
    """

    metrics: tuple[str, ...]
    judged: tuple[str, ...]
    by_entity: tuple[str, ...]
    exact: datetime
    cutoff: datetime
    recent: datetime
    until: datetime
    coarse: bool = False


@dataclass
class Accumulator:
    """Adds up the fingerprints of frames: memory is that of the buckets, not of the events."""

    prints: Prints
    _parts: list[pl.DataFrame] = field(default_factory=list)
    _edges: list[pl.DataFrame] = field(default_factory=list)

    def add(self, events: pl.DataFrame) -> None:
        """Take in events of metricType, entityId, userId, metricValue, createdAt."""
        if events.height:
            self._parts.append(_grouped(events, self.prints))
            self._edges += _edge(events, self.prints)
        if len(self._parts) >= _MERGE:
            self._parts = [_merged(self._parts)]

    def edge(self) -> pl.DataFrame:
        """Where the source has rows just before the cutoff, which adjustments there may cancel:
        metricType, bucket; few.
        """
        schema = {"metricType": pl.String, "bucket": pl.Int64}
        return pl.concat([pl.DataFrame(schema=schema), *self._edges]).unique()

    def result(self) -> pl.DataFrame:
        """metricType, bucket, net, dated, recent; a row a metric and bucket."""
        if not self._parts:
            return pl.DataFrame(
                schema={
                    "metricType": pl.String,
                    "bucket": pl.Int64,
                    "net": pl.UInt64,
                    "dated": pl.UInt64,
                    "recent": pl.Boolean,
                }
            )
        names = pl.Series("metricType", self.prints.metrics)
        found = _merged(self._parts)
        return found.select(
            names.gather(found["code"] % CODES).alias("metricType"),
            (pl.col("code") // CODES).alias("bucket"),
            "net",
            "dated",
            "recent",
        )


def differing(source: pl.DataFrame, target: pl.DataFrame) -> pl.DataFrame:
    """metricType and bucket where the two sides differ, or where late events may still come.

    A bucket that is absent on a side counts as zeros.
    """
    columns = ("metricType", "bucket", "net", "dated", "recent")
    both = (
        source.select(columns)
        .cast({"recent": pl.UInt8})
        .join(target.select(columns), on=["metricType", "bucket"], how="full", coalesce=True)
    )
    differs: pl.Expr = pl.lit(value=False)
    for name in ("net", "dated"):
        differs |= pl.col(name).fill_null(0) != pl.col(f"{name}_right").fill_null(0)
    for name in ("recent", "recent_right"):
        differs |= pl.col(name).fill_null(0).cast(pl.Boolean)
    return both.filter(differs).select("metricType", "bucket")


def bucket(entity_id: str = "entityId") -> pl.Expr:
    """The bucket of an id."""
    found: pl.Expr = pl.col(entity_id).cast(pl.Int64) // 2**BITS
    return found


def _merged(parts: Sequence[pl.DataFrame]) -> pl.DataFrame:
    return (
        pl.concat(parts)
        .group_by("code")
        .agg(pl.col("net").sum(), pl.col("dated").sum(), pl.col("recent").any())
    )


def _grouped(events: pl.DataFrame, prints: Prints) -> pl.DataFrame:
    """The fingerprints of a frame by code: 256 times the bucket plus the place of the metric.

    In slices that stay in the processor's cache, added up in cells side by side, a row of them a
    bucket: as expressions and groups over whole frames it takes more than twice the time.
    """
    columns = ("entityId", "userId", "metricValue")
    entity, user, value = (events[name].to_numpy() for name in columns)
    created = events["createdAt"]
    at = (created.dt.truncate("1s") if prints.coarse else created).dt.timestamp("ms").to_numpy()
    place = _places(events["metricType"], prints.metrics).to_numpy()
    buckets, width = _buckets(entity), len(prints.metrics)
    net, dated = (np.zeros(buckets.size * width, np.uint64) for _ in range(2))
    recent = np.zeros(net.size, np.bool_)
    whole = np.array([metric in prints.by_entity for metric in prints.metrics])
    exact, late = _milliseconds(prints.exact), _milliseconds(prints.recent)
    for first in range(0, events.height, _SLICE):
        rows = slice(first, first + _SLICE)
        ids, users, values = (one[rows].astype(np.int64) for one in (entity, user, value))
        cell = _slots(ids >> BITS, buckets) * width + place[rows]
        key = own = key_hash(wrapped(ids), wrapped(users))
        if prints.by_entity:
            nobody = key_hash(wrapped(ids), np.zeros(ids.size, np.uint64))
            key = np.where(whole[place[rows]], nobody, own)
        event = event_hash(own, wrapped(users), values, at[rows])
        event[at[rows] >= exact] = 0
        np.add.at(net, cell, wrapped(values) * key)
        np.add.at(dated, cell, event)
        recent[cell[at[rows] >= late]] = True
    used = np.flatnonzero((net != 0) | (dated != 0) | recent)
    return pl.DataFrame(
        {
            "code": buckets[used // width] * CODES + used % width,
            "net": net[used],
            "dated": dated[used],
            "recent": recent[used],
        }
    )


def _buckets(entity: npt.NDArray[np.signedinteger[Any]]) -> Signed:
    """The buckets that ids may be in: all from the lowest to the highest, unless they are few."""
    low, high = int(entity.min()) >> BITS, int(entity.max()) >> BITS
    if high - low < 2 * entity.size + _NEAR:
        return np.arange(low, high + 1, dtype=np.int64)
    buckets: Signed = np.unique(entity.astype(np.int64) >> BITS)
    return buckets


def _slots(bucket: Signed, buckets: Signed) -> Signed:
    """Where each bucket is among the buckets."""
    first, last = int(buckets[0]), int(buckets[-1])
    if last - first < buckets.size:
        return bucket - first
    slots: Signed = np.searchsorted(buckets, bucket)
    return slots


def _edge(events: pl.DataFrame, prints: Prints) -> list[pl.DataFrame]:
    """Where a frame has rows just before the cutoff, if anywhere."""
    created = pl.col("createdAt")
    rows = events.filter((created >= prints.exact) & (created < prints.cutoff))
    if not rows.height:
        return []
    return [rows.select(pl.col("metricType").cast(pl.String), bucket().alias("bucket"))]


def _places(names: pl.Series, metrics: Sequence[str]) -> pl.Series:
    """The place of each name among the metrics; for nothing where it is an enum of them."""
    if names.dtype != pl.Enum(metrics):
        names = names.cast(pl.String).cast(pl.Enum(metrics))
    places: pl.Series = names.to_physical()
    return places


def _milliseconds(instant: datetime) -> int:
    """The first millisecond since 1970 that does not lie before an instant."""
    return -((_EPOCH - instant) // timedelta(milliseconds=1))
