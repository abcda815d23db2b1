"""A spool: events of one range on the local disk, until it is known which of them are needed.

Belongs here: writing and reading the file. Does not belong here: which buckets are wanted
(fingerprint).
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

import polars as pl
import pyarrow as pa
import pyarrow.ipc

from metric_assets.errors import MetricAssetsError
from metric_assets.fingerprint import BITS, CODES, bucket

#: Ids up to here have a bucket of their own; of larger ones the bucket wraps, on every side alike.
_PLAIN = 2**63 // CODES * 2**BITS


class SpoolError(MetricAssetsError):
    """The spool cannot be written or read; the target was not touched."""


class Spool:
    """A file of events that is gone when the context is left.

    Memory holds one batch. Raises SpoolError where the disk is full or the folder cannot be used.
    """

    def __init__(self, metrics: tuple[str, ...]) -> None:
        self._metrics = pl.Enum(metrics)
        self._folder = tempfile.gettempdir()
        self._path: Path | None = None
        self._writer: pa.ipc.RecordBatchFileWriter | None = None
        #: The lowest and highest id of each batch.
        self._ends: list[tuple[int, int]] = []

    def __enter__(self) -> Spool:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._writer is not None:
            try:
                self._writer.close()
            except OSError:
                # A full disk; what failed has been told.
                self._writer = None
        if self._path is not None:
            self._path.unlink(missing_ok=True)

    @property
    def bytes(self) -> int:
        """Bytes on the disk."""
        return self._path.stat().st_size if self._path else 0

    def write(self, events: pl.DataFrame) -> None:
        """Append events: metricType, entityId, userId, metricValue, createdAt."""
        if not events.height:
            return
        # A file has one dictionary of names; numbers travel without any.
        names = events["metricType"]
        if names.dtype != self._metrics:
            names = names.cast(pl.String).cast(self._metrics)
        names = names.to_physical().cast(pl.UInt8)
        table = events.with_columns(names.alias("metricType")).to_arrow(
            compat_level=pl.CompatLevel.oldest()
        )
        try:
            writer = self._writer or self._open(table.schema)
            # As they lie, mostly a metric each: putting them together would copy them once more.
            for batch in table.to_batches():
                writer.write_batch(batch)
                self._ends.append(_ends(batch))
        except OSError as error:
            raise self._failed(error) from None

    def read(self, buckets: pl.DataFrame | None = None) -> Iterator[pl.DataFrame]:
        """The events again, in batches: those of ``buckets`` (metricType, bucket), or all."""
        if self._writer is None or self._path is None:
            return
        wanted = None if buckets is None else self._codes(buckets)
        try:
            self._writer.close()
            with pa.memory_map(str(self._path)) as source, pa.ipc.open_file(source) as reader:
                for number, (low, high) in enumerate(self._ends):
                    if buckets is not None and not _touches(buckets["bucket"], low, high):
                        continue
                    yield self._picked(reader.get_batch(number), wanted)
        except OSError as error:
            raise self._failed(error) from None

    def _codes(self, buckets: pl.DataFrame) -> pl.DataFrame:
        """Metric and bucket as one number: comparing names takes many times the work."""
        places = buckets["metricType"].cast(pl.String).cast(self._metrics).to_physical()
        return pl.DataFrame({"code": buckets["bucket"].cast(pl.Int64) * CODES + places})

    def _picked(self, batch: pa.RecordBatch, wanted: pl.DataFrame | None) -> pl.DataFrame:
        frame = pl.DataFrame(pl.from_arrow(pa.Table.from_batches([batch])))
        if wanted is not None:
            code = (bucket() * CODES + pl.col("metricType")).alias("code")
            frame = frame.with_columns(code).join(wanted, on="code", how="semi").drop("code")
        names = pl.Series("metricType", self._metrics.categories).gather(frame["metricType"])
        return frame.with_columns(names.cast(self._metrics))

    def _open(self, schema: pa.Schema) -> pa.ipc.RecordBatchFileWriter:
        handle, path = tempfile.mkstemp(prefix="metric_assets_", suffix=".arrow", dir=self._folder)
        os.close(handle)
        self._path = Path(path)
        # Not compressed: the file lives for seconds, mostly in the system's cache.
        self._writer = pa.ipc.new_file(path, schema)
        return self._writer

    def _failed(self, error: OSError) -> SpoolError:
        return SpoolError(
            f"{self._folder}: events of a range are kept there until they have been compared, and"
            f" that failed: {error.strerror or error}. Nothing was written to the target. Make room"
            " there, or name another folder in TMPDIR"
        )


def _ends(batch: pa.RecordBatch) -> tuple[int, int]:
    ids = pl.Series(batch.column("entityId"))
    low, high = ids.min(), ids.max()
    return int(low), int(high)  # type: ignore[arg-type]


def _touches(wanted: pl.Series, low: int, high: int) -> bool:
    if low < -_PLAIN or high >= _PLAIN:
        return True
    return bool(wanted.is_between(low // 2**BITS, high // 2**BITS).any())
