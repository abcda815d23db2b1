"""An attempt's private tables: wanted events wait there, and a scope is made right from them.

Belongs here: which statement does which step. Does not belong here: when a step is taken
(pipeline), or how a dead attempt's tables are found (target).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress

import polars as pl

from metric_assets.errors import MetricAssetsError
from metric_assets.plan import Mode, Summary
from metric_assets.sql import load
from metric_assets.stores.clickhouse import ClickHouse
from metric_assets.stores.layout import COLUMNS, Layout
from metric_assets.stores.ports import Binds, Scope


class ClickHouseStage:
    """One attempt's private tables beside the target."""

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
        self._scope = scope
        self.mode = mode
        self.bounds = layout.bounds
        #: Private tables there are now, in the order of their making.
        self.made: dict[str, None] = {}
        self._making = threading.Lock()
        self._attachable = False
        self._names: dict[str, str] = {
            "target": target,
            **{kind: f"{target}__{kind}_{attempt}" for kind in ("stage", "difference", "surplus")},
        }
        self._binds: Binds = {
            "entity": scope.entity,
            "metrics": list(scope.metrics),
            "start": scope.ids.start,
            "stop": scope.ids.stop,
            "cutoff": scope.cutoff,
            "append": mode is Mode.APPEND,
            "owner": owner,
            **self._names,
        }

    def create(self) -> None:
        """Make the stage itself, once; a range without rows, and there are many, needs none.

        Only where the target holds nothing of the scope, and surplus may be deleted from it, is the
        stage laid out to be handed over.
        """
        with self._making:
            if self._names["stage"] in self.made:
                return
            self._attachable = (
                self.mode is Mode.REPLACE
                and self._layout.engine.endswith("MergeTree")
                and self._frame("occupied").is_empty()
            )
            self._make("stage", "stage" if self._attachable else "stage_unsorted")

    def cancel(self) -> None:
        """End in the server what this attempt runs there, from any thread; never raises."""
        with suppress(MetricAssetsError):
            self._end()

    def insert(self, events: pl.DataFrame) -> None:
        """Send events of metricType, entityId, userId, metricValue, createdAt; from any thread."""
        self.create()
        # Names travel as a number a row and one dictionary, numbers as wide as they are stored.
        entity = pl.lit(self._scope.entity, pl.Enum([self._scope.entity])).alias("entityType")
        numbers = [pl.col(name).cast(kind) for name, kind in self._layout.numbers.items()]
        frame = events.with_columns(entity, *numbers)
        if self._layout.coarse:
            frame = frame.with_columns(pl.col("createdAt").dt.truncate("1s"))
        self._store.insert(self._names["stage"], frame.select(COLUMNS), self._owner)

    def staged(self) -> dict[str, Summary]:
        """What the stage holds."""
        if self._names["stage"] not in self.made:
            return {metric: Summary() for metric in self._scope.metrics}
        return self._summary("stage_summary")

    def present(self) -> dict[str, Summary]:
        """What the target holds in the scope."""
        return self._summary("scope_summary")

    def difference(self, metrics: Sequence[str]) -> dict[str, tuple[int, int, int]]:
        """Take the difference into a private table and count it."""
        self.create()
        self._make("difference", metrics=list(metrics))
        rows = self._frame("difference_summary").rows(named=True)
        return {
            row["metricType"]: (row["inserted"], row["removed"], row["compensated"]) for row in rows
        }

    def publish(self, metrics: Sequence[str], *, alone: bool) -> None:
        """Attach the stage's partitions, or where that is not possible insert from it."""
        if not (alone and self._attachable):
            self._run("publish", metrics=list(metrics))
            return
        parts = self._store.frame(load("clickhouse/partitions"), {"table": self._names["stage"]})
        for partition in parts["partition_id"]:
            self._run("attach", partition=partition)

    def level(self, metrics: Sequence[str]) -> None:
        """Insert what is missing, then remove what is surplus."""
        self._run("insert_missing")
        if self.mode is Mode.APPEND:
            return
        self._make("surplus", metrics=list(metrics))
        self._run("remove", metrics=list(metrics))

    def _make(self, kind: str, statement: str = "", **more: str | list[str]) -> None:
        """Make a private table anew, by the statement of its name unless by another."""
        name = self._names[kind]
        if name in self.made:
            self._store.run(load("clickhouse/drop"), {"table": name}, self._owner)
        self.made[name] = None
        self._run(statement or kind, **more)

    def _run(self, name: str, **more: str | list[str]) -> None:
        statement = load(f"clickhouse/{name}")
        self._store.run(statement, self._asked(statement.placeholders, more), self._owner)

    def _frame(self, name: str) -> pl.DataFrame:
        statement = load(f"clickhouse/{name}")
        return self._store.frame(statement, self._asked(statement.placeholders, {}), self._owner)

    def _asked(self, placeholders: frozenset[str], more: Binds) -> Binds:
        return {name: more.get(name, self._binds.get(name, "")) for name in placeholders}

    def _summary(self, name: str) -> dict[str, Summary]:
        found = {
            row["metricType"]: Summary(row["events"], row["total"], row["hash"])
            for row in self._frame(name).rows(named=True)
        }
        return {metric: found.get(metric, Summary()) for metric in self._scope.metrics}
