"""From a scan's rows to events, and the schema every event has to meet.

Belongs here: Polars expressions and the Pandera schema; frames in, frames out. Does not belong
here: reading, writing, or the decision what to do about rows that fail.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

import pandera.polars as pa
import polars as pl
from pandera.errors import SchemaErrors

from metric_assets.catalog.model import Pair
from metric_assets.catalog.scan import Scan
from metric_assets.errors import RejectedRowsError, SchemaDriftError
from metric_assets.ranges import IdRange

EVENT_TIME = pl.Datetime("ms", "UTC")
#: Integers of the source that stay 32 bits wide: half of the memory.
_NARROW = (pl.Int8, pl.Int16, pl.Int32)
#: The first instant of a DateTime64.
_EARLIEST = datetime(1900, 1, 1, tzinfo=timezone.utc)
#: Times beyond Python's calendar (infinity, the year 294276) cannot even be shown. Moved to its
#: ends they are as far out of bounds as they were.
_CALENDAR = (
    datetime(1, 1, 1, tzinfo=timezone.utc),
    datetime(9999, 12, 31, 23, 59, 59, 999_000, tzinfo=timezone.utc),
)
#: Failing rows kept per kind, to be shown.
SAMPLES = 3


@dataclass(frozen=True)
class Bounds:
    """What the target's column types can hold, both ends inclusive: ids, values and times."""

    entity_id: tuple[int, int] = (-(2**31), 2**31 - 1)
    user_id: tuple[int, int] = (-(2**31), 2**31 - 1)
    value: tuple[int, int] = (-(2**31), 2**31 - 1)
    earliest: datetime = _EARLIEST


def check_columns(scan: Scan, frame: pl.DataFrame) -> None:
    """Raise SchemaDriftError unless ``frame`` has exactly the columns the scan is known for."""
    if set(frame.columns) != set(scan.columns):
        raise SchemaDriftError(
            f"{scan.entity}: sql/{scan.name}.sql returned columns {sorted(frame.columns)},"
            f" its pairs need {sorted(scan.columns)}"
        )


def derive(frame: pl.DataFrame, pairs: Sequence[Pair]) -> pl.DataFrame:
    """The events of ``pairs`` in a scan's rows.

    Columns: metricType, entityId, userId, metricValue, createdAt.

    Times without a zone are UTC. Numbers stay as wide as the source has them (32 or 64 bits), so
    that the schema, not a cast, finds what the target cannot hold. Raises SchemaDriftError for a
    column of another type.
    """
    metrics = pl.Enum([pair.metric for pair in pairs])
    parts = []
    try:
        shared = frame.with_columns(
            *(pl.col(name).cast(_width(frame.schema[name])) for name in ("entityId", "userId")),
            _utc(frame.schema["createdAt"]).alias("createdAt"),
        )
        values = {pair.metric: _value(pair, frame) for pair in pairs}
        kind = pl.Int64 if pl.Int64 in [width for _, width in values.values()] else pl.Int32
        for pair in pairs:
            rows = shared if pair.where is None else shared.filter(pair.where)
            parts.append(
                rows.select(
                    pl.lit(pair.metric, dtype=metrics).alias("metricType"),
                    "entityId",
                    "userId",
                    values[pair.metric][0].cast(kind).alias("metricValue"),
                    "createdAt",
                )
            )
    except pl.exceptions.PolarsError as error:
        raise SchemaDriftError(
            f"{pairs[0].key}: the source's column types are not those the scan was written for:"
            f" {error}; got {dict(frame.schema)}"
        ) from error
    return pl.concat(parts)


def event_schema(
    ids: IdRange, cutoff: datetime, bounds: Bounds, widths: Mapping[str, Any] | None = None
) -> pa.DataFrameSchema:
    """The contract of staged events: no nulls, ids in range, values that fit, before the cutoff.

    ``widths`` are the types of the integer columns as derive() has them from the source, 64 bits
    without. Metric types need no check: derive() makes them an enum of exactly its pairs.
    """
    widths = widths or {}
    return pa.DataFrameSchema(
        {
            "metricType": pa.Column(nullable=False, description="The metric, as stored."),
            "entityId": pa.Column(
                widths.get("entityId", pl.Int64),
                [
                    pa.Check.in_range(
                        ids.start, ids.stop - 1, error=f"outside the partition {ids.key}"
                    ),
                    *_held(ids, bounds),
                ],
                description="The entity counted for.",
            ),
            "userId": pa.Column(
                widths.get("userId", pl.Int64),
                pa.Check.in_range(*bounds.user_id, error="beyond the target's userId"),
                description="The acting user; 0 where there is none.",
            ),
            "metricValue": pa.Column(
                widths.get("metricValue", pl.Int64),
                pa.Check.in_range(*bounds.value, error="beyond the target's metricValue"),
                description="What the event adds to the counter.",
            ),
            "createdAt": pa.Column(
                EVENT_TIME,
                [
                    pa.Check.lt(cutoff, error=f"at or after the cutoff {cutoff.isoformat()}"),
                    pa.Check.ge(bounds.earliest, error="before the target's first instant"),
                ],
                description="When it happened, UTC.",
            ),
        },
        strict=True,
    )


def _held(ids: IdRange, bounds: Bounds) -> list[pa.Check]:
    """The check that a partition needs which reaches beyond what the target's entityId holds."""
    low, high = bounds.entity_id
    if low <= ids.start and ids.stop - 1 <= high:
        return []
    return [pa.Check.in_range(low, high, error="beyond the target's entityId")]


@dataclass
class Rejections:
    """Failing rows of one range, counted by kind and sampled."""

    entity: str
    counts: Counter[str] = field(default_factory=Counter)
    samples: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def validate(self, schema: pa.DataFrameSchema, events: pl.DataFrame) -> bool:
        """Whether all rows meet the schema; what fails is added to the account."""
        try:
            schema.validate(events, lazy=True)
        except SchemaErrors as errors:
            self._add(events, errors.failure_cases)
            return False
        return True

    def _add(self, events: pl.DataFrame, cases: pl.DataFrame) -> None:
        for (column, check), rows in cases.group_by("column", "check", maintain_order=True):
            kind = f"{column}: {'null' if check == 'not_nullable' else check}"
            self.counts[kind] += rows.height
            kept = self.samples.setdefault(kind, [])
            for index in rows["index"].drop_nulls().head(SAMPLES - len(kept)):
                kept.append(events.row(int(index), named=True))

    @property
    def total(self) -> int:
        """Failed checks so far."""
        return self.counts.total()

    def raise_if_any(self, ids: IdRange) -> None:
        """Raise RejectedRowsError with every kind, its count and samples, if anything failed."""
        if not self.counts:
            return
        lines = [
            f"{self.entity}/{ids.key}: {self.total} values of the source fail the schema of events;"
            " nothing was written. Correct them at the source, or the statement that reads them:"
        ]
        for kind, count in self.counts.most_common():
            lines.append(f"  {kind}: {count}")
            lines += [f"    {_show(row)}" for row in self.samples.get(kind, [])]
        raise RejectedRowsError("\n".join(lines))


def _show(row: dict[str, Any]) -> str:
    return ", ".join(
        f"{name}={value.isoformat() if isinstance(value, datetime) else value}"
        for name, value in row.items()
        if not (isinstance(value, float) and math.isnan(value))
    )


def _width(dtype: pl.DataType) -> type[pl.Int32 | pl.Int64]:
    return pl.Int32 if dtype in _NARROW else pl.Int64


def _value(pair: Pair, frame: pl.DataFrame) -> tuple[pl.Expr, type[pl.Int32 | pl.Int64]]:
    """What an event of a pair counts, and how wide it is; raises SchemaDriftError."""
    value = pl.lit(1, pl.Int32) if pair.value is None else pair.value
    kind = frame.lazy().select(value.alias("value")).collect_schema()["value"]
    if not kind.is_integer():
        raise SchemaDriftError(
            f"{pair.key}: the source's column types are not those the scan was written for:"
            f" its values are {kind}, the target counts in whole numbers"
        )
    return value, _width(kind)


def _utc(dtype: pl.DataType) -> pl.Expr:
    created = pl.col("createdAt")
    if isinstance(dtype, pl.Datetime) and dtype.time_zone is None:
        created = created.dt.replace_time_zone("UTC")
    elif isinstance(dtype, pl.Datetime):
        created = created.dt.convert_time_zone("UTC")
    return created.dt.cast_time_unit("ms").clip(*_CALENDAR)
