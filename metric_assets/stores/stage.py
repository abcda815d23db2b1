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

from metric_assets.errors import MetricAssetsError
from metric_assets.fingerprint import BITS, CODES, Prints
from metric_assets.plan import Mode, Summary
from metric_assets.sql import Statement, StatementError, load
from metric_assets.stores.clickhouse import ClickHouse, render
from metric_assets.stores.layout import COLUMNS, Layout
from metric_assets.stores.ports import Bind, Binds, Scope

#: Partitions of the target that one insert touches at most: a part is made for each, and held open
#: while the insert lasts.
PARTITIONS = 50
#: Kinds of private tables; what "look" holds outlives the attempt's stage.
KINDS = (
    "stage", "after", "judged", "difference", "surplus", "buckets", "copy", "look", "chosen",
)  # fmt: skip


class ClickHouseStage:
    """One attempt's private tables beside the target."""

    #: Nothing is compared in memory.
    memory_rows = 0

    def __init__(  # noqa: PLR0913 - a value of every kind that the statements bind
        self,
        store: ClickHouse,
        target: str,
        layout: Layout,
        mode: Mode,
        scope: Scope,
        attempt: str,
        owner: str,
        end: Callable[[], object],
    ) -> None:
        self._store = store
        self._layout = layout
        self._owner = owner
        self._end = end
        self.scope = self._scope = scope
        self.attempt = attempt
        self.mode = mode
        self.bounds = layout.bounds
        self.coarse = layout.coarse
        #: Private tables there are now, in the order of their making.
        self.made: dict[str, None] = {}
        self._making = threading.Lock()
        self._attachable = False
        self._occupied: bool | None = None
        #: Rows that insert() was given.
        self._inserted = 0
        self._names: dict[str, str] = {
            "target": target,
            **{kind: f"{target}__{kind}_{attempt}" for kind in KINDS},
        }
        self._binds: dict[str, Bind] = {
            "entity": scope.entity,
            "metrics": list(scope.metrics),
            "start": scope.ids.start,
            "stop": scope.ids.stop,
            "cutoff": scope.cutoff,
            "append": mode is Mode.APPEND,
            "owner": owner,
            "keys": layout.staging_keys,
            "policy": layout.storage_policy,
            "columns": layout.staging_columns,
            "id_type": layout.columns["entityId"],
            "user_type": layout.columns["userId"],
            "time_type": layout.columns["createdAt"],
            "partition": layout.partition or "''",
            "metric": scope.metrics[0],
            "portion": [],
            "held": target,
            **self._names,
        }
        #: What to restrict reading to once the target itself is read again.
        self._only: Bind | None = None
        self._restrict("only_all")

    def create(self) -> None:
        """Make the staging table itself, once; a range without rows needs none, and there are many.

        It is laid out to be attached only where the target holds nothing of the scope, surplus may
        be deleted from it, and a scope falls into few of its partitions.
        """
        with self._making:
            if self._names["stage"] in self.made:
                return
            self._attachable = (
                self.mode is Mode.REPLACE
                and bool(self._layout.staging_keys)
                and not self.occupied()
                and self._spread() <= PARTITIONS
            )
            self._make("stage", "stage" if self._attachable else "stage_unsorted")

    def _spread(self) -> int:
        """About how many partitions of the target the events of the scope fall into."""
        return self._frame("spread")["partitions"][0] if self._layout.partition else 1

    def occupied(self) -> bool:
        """Whether the target holds anything in the scope; asked once."""
        if self._occupied is None:
            self._occupied = not self._frame("occupied").is_empty()
        return self._occupied

    def fingerprints(self, prints: Prints) -> pl.DataFrame:
        """What the target holds of the scope, by metric and bucket of ids: fingerprints, and held,
        held_total, up, down below the cutoff (see sql/clickhouse/fingerprint.sql).
        """
        return self._frame(
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
        places = {metric: place for place, metric in enumerate(self._scope.metrics, 1)}
        place = pl.col("metricType").replace_strict(places, return_dtype=pl.Int64)
        codes = buckets.select((pl.col("bucket") * CODES + place).alias("code"))
        self._make("buckets", "buckets_table")
        self._store.insert(self._names["buckets"], codes, self._owner)
        names = ", ".join(format_str(metric) for metric in self._scope.metrics)
        self._restrict("only_buckets", bits=str(BITS), codes=str(CODES), names=names)
        self._make("copy", "stage_unsorted", stage=self._names["copy"])
        self._run("copy_scope")
        self._binds["held"] = self._names["copy"]
        self._only, self._binds["only"] = self._binds["only"], self._clause("only_all")

    def _reread(self) -> None:
        """The target has been written: what was copied of it is no longer what it holds."""
        self._binds["held"] = self._names["target"]
        if self._only is not None:
            self._binds["only"], self._only = self._only, None

    def cancel(self) -> None:
        """End in the server what this attempt runs there, from any thread; never raises."""
        with suppress(MetricAssetsError):
            self._end()

    def insert(self, events: pl.DataFrame) -> None:
        """Send events of metricType, entityId, userId, metricValue, createdAt; from any thread.

        Those from the cutoff on go into a table beside the staging table.
        """
        frame = self._shaped(events)
        before = pl.col("createdAt") < self._scope.cutoff
        for kind, rows in (("stage", frame.filter(before)), ("after", frame.filter(~before))):
            if rows.height:
                self.create() if kind == "stage" else self._beside()
                self._store.insert(self._names[kind], rows, self._owner)
        with self._making:
            self._inserted += frame.height

    def _shaped(self, events: pl.DataFrame) -> pl.DataFrame:
        """Events with the columns of the target and in its types."""
        # Names travel as a number a row and one dictionary, numbers as wide as they are stored.
        entity = pl.lit(self._scope.entity, pl.Enum([self._scope.entity])).alias("entityType")
        numbers = [pl.col(name).cast(kind) for name, kind in self._layout.numbers.items()]
        frame = events.with_columns(entity, *numbers)
        if self._layout.coarse:
            frame = frame.with_columns(pl.col("createdAt").dt.truncate("1s"))
        return frame.select(COLUMNS)

    def rows(self, limit: int) -> pl.DataFrame:
        """At most ``limit`` events that the target holds in the scope, live ones too."""
        return self._frame("scope_rows", limit=limit)

    def restage(self, events: pl.DataFrame, *, occupied: bool) -> None:
        """Stage these events anew; ``occupied``: the target holds something in the scope."""
        name = self._names["stage"]
        if name in self.made:
            self._store.run(load("clickhouse/drop"), {"table": name}, self._owner)
            del self.made[name]
        self._occupied = occupied
        self.insert(events)

    def put_difference(self, differs: pl.DataFrame) -> None:
        """Take a difference that was made elsewhere, in the columns of its table."""
        self._make("difference", "difference_table")
        self._store.insert(self._names["difference"], self._typed(differs), self._owner)

    def _typed(self, frame: pl.DataFrame) -> pl.DataFrame:
        """A frame of a private table with its ids as wide as the target has them."""
        kinds = self._layout.numbers
        return frame.cast({name: kinds[name] for name in ("entityId", "userId")})

    def _beside(self) -> None:
        """Make the table of rows from the cutoff on, once."""
        with self._making:
            if self._names["after"] not in self.made:
                self._make("after", "stage_unsorted", stage=self._names["after"])

    def staged(self) -> dict[str, Summary]:
        """What the stage holds."""
        if self._names["stage"] not in self.made:
            return {metric: Summary() for metric in self._scope.metrics}
        return self._summary("stage_summary")

    def beside(self) -> dict[str, Summary]:
        """What was inserted from the cutoff on."""
        if self._names["after"] not in self.made:
            return {metric: Summary() for metric in self._scope.metrics}
        return self._summary("stage_summary", stage=self._names["after"])

    def present(self) -> dict[str, Summary]:
        """What the target holds in the scope."""
        return self._summary("scope_summary")

    def difference(self, metrics: Sequence[str]) -> dict[str, tuple[int, int, int]]:
        """Take the difference into a table of its own and count it."""
        self.create()
        self._make("difference", "difference_table")
        self._run("difference", metrics=list(metrics))
        rows = self._frame("difference_summary").rows(named=True)
        return {
            row["metricType"]: (row["inserted"], row["removed"], row["compensated"]) for row in rows
        }

    def publish(self, metrics: Sequence[str], *, alone: bool) -> None:
        """Attach the stage's partitions, or where that is not possible insert from it."""
        self._reread()
        if not (alone and self._attachable):
            for portion in self._portions("stage_partitions", metrics=list(metrics)):
                self._run("publish", metrics=list(metrics), portion=portion)
            return
        parts = self._store.frame(load("clickhouse/partitions"), {"table": self._names["stage"]})
        for partition in parts["partition_id"]:
            self._run("attach", partition=partition)

    def apply_difference(self, metrics: Sequence[str]) -> None:
        """Insert what is missing, then remove what is surplus."""
        self._reread()
        for portion in self._portions("difference_partitions"):
            self._run("insert_missing", portion=portion)
        if self.mode is Mode.APPEND:
            return
        self._make("surplus", "surplus_table")
        self._run("surplus", metrics=list(metrics))
        self._run("remove", metrics=list(metrics))

    def _portions(self, statement: str, **more: Bind) -> list[list[str]]:
        """Partitions of the target, as many at once as one insert may well touch; one empty portion
        stands for all.
        """
        if not self._layout.partition:
            return [[]]
        found = self._frame(statement, **more)["partition"].to_list()
        if len(found) <= PARTITIONS:
            return [[]]
        return [found[first : first + PARTITIONS] for first in range(0, len(found), PARTITIONS)]

    def _make(self, kind: str, statement: str, **more: str) -> None:
        """Make a table of ours anew."""
        name = self._names[kind]
        if name in self.made:
            self._store.run(load("clickhouse/drop"), {"table": name}, self._owner)
        self.made[name] = None
        self._run(statement, **more)

    def _restrict(self, fragment: str, **more: str) -> None:
        """Restrict what is read of the target to the rows that a fragment of SQL names."""
        self._binds["only"] = self._clause(fragment, **more)

    def _clause(self, fragment: str, **more: str) -> str:
        """A fragment of SQL with its names put in; a value could not be bound from within it."""
        statement = load(f"clickhouse/{fragment}")
        text, served = render(statement, self._asked(statement, more))
        if served:
            raise StatementError(
                f"sql/{statement.name}.sql: a fragment cannot bind {sorted(served)}"
            )
        return f"({text})"

    def _run(self, name: str, **more: Bind) -> None:
        statement = load(f"clickhouse/{name}")
        self._store.run(statement, self._asked(statement, more), self._owner)

    def _frame(self, name: str, **more: Bind) -> pl.DataFrame:
        statement = load(f"clickhouse/{name}")
        return self._store.frame(statement, self._asked(statement, more), self._owner)

    def _asked(self, statement: Statement, more: Binds) -> Binds:
        """What is known of what a statement asks for.

        Raises StatementError for a placeholder that nobody binds: a guess, empty say, could widen
        what a DELETE removes.
        """
        known = {**self._binds, **more}
        binds = {name: known[name] for name in statement.placeholders if name in known}
        statement.check(binds)
        return binds

    def _summary(self, name: str, **more: Bind) -> dict[str, Summary]:
        found = {
            row["metricType"]: Summary(row["events"], row["total"], row["hash"], row["net"])
            for row in self._frame(name, **more).rows(named=True)
        }
        return {metric: found.get(metric, Summary()) for metric in self._scope.metrics}
