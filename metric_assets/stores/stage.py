"""An attempt's private tables: wanted events wait there, and a scope is made right from them.

Belongs here: which statement does which step. Does not belong here: when a step is taken
(pipeline), or how a dead attempt's tables are found (target).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress

import polars as pl
from clickhouse_connect.driver.binding import format_str

from metric_assets.changes import Known
from metric_assets.errors import MetricAssetsError
from metric_assets.fingerprint import BITS, CODES, Prints
from metric_assets.plan import Mode, Summary
from metric_assets.stores.layout import COLUMNS
from metric_assets.stores.private_tables import PARTITIONS, PrivateTables
from metric_assets.stores.repairs import Change, Repairs
from metric_assets.stores.scope_rows import chosen_of


class ClickHouseStage:
    """One attempt's private tables beside the target."""

    #: Nothing is compared in memory.
    memory_rows = 0

    def __init__(
        self, tables: PrivateTables, end: Callable[[], object], repairs: Repairs | None = None
    ) -> None:
        self.tables = tables
        self._end = end
        self._repairs = repairs
        #: Changes that were written down.
        self._recorded = 0
        self.scope = tables.scope
        self.attempt = tables.attempt
        self.mode = tables.mode
        self.bounds = tables.layout.bounds
        self.coarse = tables.layout.coarse
        self._making = threading.Lock()
        self._attachable = False
        self._occupied: bool | None = None
        #: Rows that insert() was given.
        self._inserted = 0

    def create(self) -> None:
        """Make the staging table itself, once; a range without rows needs none, and there are many.

        It is laid out to be attached only where the target holds nothing of the scope, surplus may
        be deleted from it, and a scope falls into few of its partitions.
        """
        with self._making:
            if self.tables.has("stage"):
                return
            self._attachable = (
                self.mode is Mode.REPLACE
                and bool(self.tables.layout.staging_keys)
                and not self.occupied()
                and self._spread() <= PARTITIONS
            )
            self.tables.make("stage", "stage" if self._attachable else "stage_unsorted")

    def _spread(self) -> int:
        """About how many partitions of the target the events of the scope fall into."""
        return self.tables.frame("spread")["partitions"][0] if self.tables.layout.partition else 1

    def occupied(self) -> bool:
        """Whether the target holds anything in the scope; asked once."""
        if self._occupied is None:
            self._occupied = not self.tables.frame("occupied").is_empty()
        return self._occupied

    def fingerprints(self, prints: Prints) -> pl.DataFrame:
        """What the target holds of the scope, by metric and bucket of ids: fingerprints, and held,
        held_total, up, down below the cutoff (see sql/clickhouse/fingerprint.sql).
        """
        return self.tables.frame(
            "fingerprint",
            metrics=list(prints.metrics),
            judged=list(prints.judged),
            by_entity=[
                place for place, one in enumerate(prints.metrics, 1) if one in prints.by_entity
            ],
            exact=prints.exact,
            recent=prints.recent,
            until=prints.until,
            bits=BITS,
        )

    def restrict(self, buckets: pl.DataFrame) -> None:
        """Look at these buckets only (metricType, bucket): of the rest source and target agree."""
        places = {metric: place for place, metric in enumerate(self.scope.metrics, 1)}
        place = pl.col("metricType").replace_strict(places, return_dtype=pl.Int64)
        codes = buckets.select((pl.col("bucket") * CODES + place).alias("code"))
        self.tables.make("buckets", "buckets_table")
        self.tables.insert("buckets", codes)
        names = ", ".join(format_str(metric) for metric in self.scope.metrics)
        self.tables.restrict("only_buckets", bits=str(BITS), codes=str(CODES), names=names)
        self.tables.make("copy", "stage_unsorted", stage=self.tables.names["copy"])
        self.tables.run("copy_scope")
        self.tables.hold_copy()

    def cancel(self) -> None:
        """End in the server what this attempt runs there, from any thread; never raises."""
        with suppress(MetricAssetsError):
            self._end()

    def insert(self, events: pl.DataFrame) -> None:
        """Send events of metricType, entityId, userId, metricValue, createdAt; from any thread.

        Those from the cutoff on go into a table beside the staging table.
        """
        frame = self._shaped(events)
        before = pl.col("createdAt") < self.scope.cutoff
        for kind, rows in (("stage", frame.filter(before)), ("after", frame.filter(~before))):
            if rows.height:
                self.create() if kind == "stage" else self._beside()
                self.tables.insert(kind, rows)
        with self._making:
            self._inserted += frame.height

    def _shaped(self, events: pl.DataFrame) -> pl.DataFrame:
        """Events with the columns of the target and in its types."""
        # Names travel as a number a row and one dictionary, numbers as wide as they are stored.
        entity = pl.lit(self.scope.entity, pl.Enum([self.scope.entity])).alias("entityType")
        numbers = [pl.col(name).cast(kind) for name, kind in self.tables.layout.numbers.items()]
        frame = events.with_columns(entity, *numbers)
        if self.tables.layout.coarse:
            frame = frame.with_columns(pl.col("createdAt").dt.truncate("1s"))
        return frame.select(COLUMNS)

    def rows(self, limit: int) -> pl.DataFrame:
        """At most ``limit`` events that the target holds in the scope, live ones too."""
        return self.tables.frame("scope_rows", limit=limit)

    def restage(self, events: pl.DataFrame, *, occupied: bool) -> None:
        """Stage these events anew; ``occupied``: the target holds something in the scope."""
        self.tables.drop("stage")
        self._occupied = occupied
        self.insert(events)

    def put_difference(self, differs: pl.DataFrame) -> None:
        """Take a difference that was made elsewhere, in the columns of its table."""
        self.tables.make("difference", "difference_table")
        self.tables.insert("difference", self._typed(differs))

    def _typed(self, frame: pl.DataFrame) -> pl.DataFrame:
        """A frame of a private table with its ids as wide as the target has them."""
        kinds = self.tables.layout.numbers
        return frame.cast({name: kinds[name] for name in ("entityId", "userId")})

    def _beside(self) -> None:
        """Make the table of rows from the cutoff on, once."""
        with self._making:
            if not self.tables.has("after"):
                self.tables.make("after", "stage_unsorted", stage=self.tables.names["after"])

    def staged(self) -> dict[str, Summary]:
        """What the stage holds."""
        if not self.tables.has("stage"):
            return {metric: Summary() for metric in self.scope.metrics}
        return self.tables.summary("stage_summary")

    def beside(self) -> dict[str, Summary]:
        """What was inserted from the cutoff on."""
        if not self.tables.has("after"):
            return {metric: Summary() for metric in self.scope.metrics}
        return self.tables.summary("stage_summary", stage=self.tables.names["after"])

    def present(self) -> dict[str, Summary]:
        """What the target holds in the scope."""
        return self.tables.summary("scope_summary")

    def difference(self, metrics: Sequence[str]) -> dict[str, tuple[int, int, int]]:
        """Take the difference into a table of its own and count it."""
        self.create()
        self.tables.make("difference", "difference_table")
        self.tables.run("difference", metrics=list(metrics))
        rows = self.tables.frame("difference_summary").rows(named=True)
        return {
            row["metricType"]: (row["inserted"], row["removed"], row["compensated"]) for row in rows
        }

    def publish(self, metrics: Sequence[str], known: Known, *, alone: bool) -> None:
        """Attach the stage's partitions, or where that is not possible insert from it."""
        self.tables.hold_target()
        whole = [metric for metric in metrics if metric in known.empty]
        self._record("scope", "record_scope", whole, known)
        part = [metric for metric in metrics if metric not in known.empty]
        self._record("rows", "record_stage", part, known)
        if not (alone and self._attachable):
            stored = self._stored(metrics)
            for portion in self.tables.portions("stage_partitions", metrics=stored):
                self.tables.run("publish", metrics=stored, portion=portion)
            return
        parts = self.tables.frame("partitions", table=self.tables.names["stage"])
        for partition in parts["partition_id"]:
            self.tables.run("attach", partition=partition)

    def apply_difference(self, metrics: Sequence[str], known: Known) -> None:
        """Insert what is missing, then remove what is surplus."""
        self.tables.hold_target()
        self._record("rows", "record_difference", metrics, known)
        for portion in self.tables.portions("difference_partitions"):
            self.tables.run("insert_missing", portion=portion)
        if self.mode is Mode.APPEND:
            return
        stored = self._stored(metrics)
        self.tables.make("surplus", "surplus_table")
        self.tables.run("surplus", metrics=stored)
        self.tables.run("remove", metrics=stored)

    def _stored(self, names: Sequence[str]) -> list[str]:
        """The metrics, as they are stored, that some names of the scope stand for."""
        stored = dict(zip(self.scope.names, self.scope.stored, strict=True))
        return list(dict.fromkeys(stored[name] for name in names))

    def _record(self, kind: str, rows: str, metrics: Sequence[str], known: Known) -> None:
        """Write down what is about to be written of some metrics, where changes are recorded."""
        if self._repairs is None or not metrics:
            return
        name, tables = f"{self.attempt}-{self._recorded}", self.tables
        clause = tables.clause(rows, chosen=chosen_of(self.scope, metrics))
        stored = self._stored(metrics)
        change = Change(name, kind, clause, self.scope, stored, self.mode, known.cutoffs)
        self._repairs.record(change, tables.owner)
        self._recorded += 1
