"""Fingerprints of events by bucket of ids: what is equal on both sides need not be compared.

Belongs here: the arithmetic over frames, and which buckets differ. Does not belong here: the same
arithmetic in the target (sql/clickhouse/fingerprint.sql), or what becomes of what differs.

Two sums a metric and bucket, in wrapping 64-bit integers. ``net`` adds up value times key over all
events, live ones too: equal means that every counter of every user in the bucket is right.
``dated`` adds up a signed hash of each event before the cutoff: equal means that the rows are the
same. Each step of the hash is a bijection, so a difference stays unseen about once in 2^64.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import polars as pl

#: Ids of one bucket, as a power of two.
BITS = 4
K0, K1, K2, K3, K4 = (
    0x9E3779B97F4A7C15,
    0xC2B2AE3D27D4EB4F,
    0x165667B19E3779F9,
    0xD6E8FEB86659FD93,
    0xFF51AFD7ED558CCD,
)
_HALF = 2**32
#: Metrics of a scope, at most.
CODES = 256
#: Groups merged at once: buckets of a batch are few, but batches are many.
_MERGE = 64


def code_of(metric: str) -> int:
    """A number of 64 bits that stands for a metric, wherever and whenever it is asked for."""
    return int.from_bytes(hashlib.blake2b(metric.encode(), digest_size=8).digest(), "little")


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

    @property
    def codes(self) -> list[int]:
        """The code of each metric."""
        return [code_of(metric) for metric in self.metrics]


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
    """metricType and bucket where the two sides are unlike, or where late events may still come.

    A bucket that is absent on a side counts as zeros.
    """
    columns = ("metricType", "bucket", "net", "dated", "recent")
    both = (
        source.select(columns)
        .cast({"recent": pl.UInt8})
        .join(target.select(columns), on=["metricType", "bucket"], how="full", coalesce=True)
    )
    unlike: pl.Expr = pl.lit(value=False)
    for name in ("net", "dated"):
        unlike |= pl.col(name).fill_null(0) != pl.col(f"{name}_right").fill_null(0)
    for name in ("recent", "recent_right"):
        unlike |= pl.col(name).fill_null(0).cast(pl.Boolean)
    return both.filter(unlike).select("metricType", "bucket")


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
    """The fingerprints of a frame by code: 256 times the bucket plus the place of the metric."""
    places = _places(events["metricType"], prints.metrics)
    codes = pl.Series("metric", prints.codes, dtype=pl.UInt64).gather(places)
    created = pl.col("createdAt").dt.truncate("1s") if prints.coarse else pl.col("createdAt")
    value = pl.col("metricValue").cast(pl.Int64)
    user = _wrapped(pl.col("userId"))
    keyed = user
    if prints.by_entity:
        whole = pl.Series([metric in prints.by_entity for metric in prints.metrics]).gather(places)
        keyed = pl.when(pl.lit(whole)).then(pl.lit(0, pl.UInt64)).otherwise(user)
    base = _wrapped(pl.col("entityId")) * _number(_HALF) + keyed % _number(_HALF)
    inner = _mix(base.xor(pl.col("metric") * _number(K0)), K1)
    key = _mix(inner.xor(keyed // _number(_HALF) * _number(K2)), K3)
    at = _wrapped(pl.col("createdAt").dt.timestamp("ms"))
    size = _wrapped(value.abs()) * _number(K0) + user * _number(K1)
    event = _mix(_mix(pl.col("key") + at * _number(K2), K4).xor(size), K3)
    # What is taken away is added as its complement: unsigned integers wrap.
    signed = pl.when(value < 0).then(pl.lit(0, pl.UInt64) - event).otherwise(event)
    exact = pl.col("createdAt") < prints.exact
    return (
        events.with_columns(created, codes, places.alias("place"))
        .lazy()
        .with_columns(key.alias("key"))
        .select(
            (bucket() * CODES + pl.col("place")).alias("code"),
            (_wrapped(value) * pl.col("key")).alias("net"),
            pl.when(exact).then(signed).otherwise(pl.lit(0, pl.UInt64)).alias("dated"),
            (pl.col("createdAt") >= prints.recent).alias("recent"),
        )
        .group_by("code")
        .agg(pl.col("net").sum(), pl.col("dated").sum(), pl.col("recent").any())
        .collect()
    )


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
    places: pl.Series = names.to_physical().cast(pl.Int64)
    return places


def _mix(expression: pl.Expr, factor: int) -> pl.Expr:
    product = expression * _number(factor)
    mixed: pl.Expr = product.xor(product // _number(_HALF))
    return mixed


def _number(value: int) -> pl.Expr:
    return pl.lit(value, pl.UInt64)


def _wrapped(expression: pl.Expr) -> pl.Expr:
    return expression.cast(pl.Int64).cast(pl.UInt64, wrap_numerical=True)
