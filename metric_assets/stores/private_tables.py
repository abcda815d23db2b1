"""The private tables of one attempt beside the target, and what statements about them bind.

Does not belong here: which statement does which step (stage, judging), or how a dead attempt's
tables are found (orphans).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import polars as pl

from metric_assets.plan import Mode, Summary
from metric_assets.ranges import IdRange
from metric_assets.sql import Statement, load
from metric_assets.stores.clickhouse import ClickHouse
from metric_assets.stores.clickhouse_text import fragment
from metric_assets.stores.layout import Layout
from metric_assets.stores.owners import owner_of_part
from metric_assets.stores.ports import Bind, Binds, Scope

#: Kinds of private tables; what "look" holds outlives the attempt's stage.
KINDS = (
    "stage", "after", "judged", "difference", "surplus", "buckets", "copy", "look", "chosen",
)  # fmt: skip
#: Partitions of the target that one insert touches at most: a part is made for each, and held open
#: while the insert lasts.
PARTITIONS = 50


@dataclass(eq=False)
class PrivateTables:
    """The tables of ``attempt`` at a scope of ``target``; its statements carry ``owner``."""

    store: ClickHouse
    target: str
    layout: Layout
    mode: Mode
    scope: Scope
    attempt: str
    owner: str

    def __post_init__(self) -> None:
        #: Private tables there are now, in the order of their making.
        self.made: dict[str, None] = {}
        self.names: dict[str, str] = {
            "target": self.target,
            **{kind: f"{self.target}__{kind}_{self.attempt}" for kind in KINDS},
        }
        scope, layout = self.scope, self.layout
        self._binds: dict[str, Bind] = {
            "entity": scope.entity,
            "metrics": list(scope.metrics),
            "start": scope.ids.start,
            "stop": scope.ids.stop,
            "cutoff": scope.cutoff,
            "append": self.mode is Mode.APPEND,
            "owner": self.owner,
            "keys": layout.staging_keys,
            "policy": layout.storage_policy,
            "columns": layout.staging_columns,
            "id_type": layout.columns["entityId"],
            "user_type": layout.columns["userId"],
            "time_type": layout.columns["createdAt"],
            "partition": layout.partition or "''",
            "metric": scope.metrics[0],
            "portion": [],
            "held": self.target,
            "cuts": f"[{', '.join(str(part.stop) for part in scope.parts or [scope.ids])}]",
        }
        #: What to restrict reading to once the target itself is read again.
        self._only: Bind | None = None
        self.restrict("only_all")

    def of_part(self, part: IdRange, attempt: str) -> PrivateTables:
        """The tables of an attempt at one of the scope's parts alone."""
        owner = owner_of_part(self.owner, part, attempt)
        return replace(self, scope=self.scope.part(part), attempt=attempt, owner=owner)

    def has(self, kind: str) -> bool:
        """Whether a table was made."""
        return self.names[kind] in self.made

    def make(self, kind: str, statement: str, **more: str) -> None:
        """Make a table anew."""
        self.drop(kind)
        self.made[self.names[kind]] = None
        self.run(statement, **more)

    def drop(self, kind: str) -> None:
        """Drop a table if it was made."""
        if self.has(kind):
            self.run("drop", table=self.names[kind])
            del self.made[self.names[kind]]

    def insert(self, kind: str, frame: pl.DataFrame) -> None:
        """Insert a frame into a table."""
        self.store.insert(self.names[kind], frame, self.owner)

    def run(self, name: str, **more: Bind) -> None:
        """Run a statement below sql/clickhouse; ``more`` is bound beside what is known."""
        statement = load(f"clickhouse/{name}")
        self.store.run(statement, self._asked(statement, more), self.owner)

    def frame(self, name: str, **more: Bind) -> pl.DataFrame:
        """All rows of a statement below sql/clickhouse."""
        statement = load(f"clickhouse/{name}")
        return self.store.frame(statement, self._asked(statement, more), self.owner)

    def summary(self, name: str, **more: Bind) -> dict[str, Summary]:
        """A summary of every metric, by a statement that gives those it finds."""
        found = {
            row["metricType"]: Summary(row["events"], row["total"], row["hash"], row["net"])
            for row in self.frame(name, **more).rows(named=True)
        }
        return {metric: found.get(metric, Summary()) for metric in self.scope.metrics}

    def portions(self, statement: str, **more: Bind) -> list[list[str]]:
        """Partitions of the target, as many at once as one insert may well touch; one empty portion
        stands for all.
        """
        if not self.layout.partition:
            return [[]]
        found = self.frame(statement, **more)["partition"].to_list()
        if len(found) <= PARTITIONS:
            return [[]]
        return [found[first : first + PARTITIONS] for first in range(0, len(found), PARTITIONS)]

    def restrict(self, name: str, **more: str) -> None:
        """Restrict what is read of the target to the rows that a fragment of SQL names."""
        self._binds["only"] = self.clause(name, **more)

    def hold_copy(self) -> None:
        """Read the copy from now on, all of it: what is restricted was copied from the target."""
        self._binds["held"] = self.names["copy"]
        self._only, self._binds["only"] = self._binds["only"], self.clause("only_all")

    def hold_target(self) -> None:
        """Read the target again: it has been written, and a copy is no longer what it holds."""
        self._binds["held"] = self.target
        if self._only is not None:
            self._binds["only"], self._only = self._only, None

    def clause(self, name: str, **more: str) -> str:
        """A fragment of SQL below sql/clickhouse; ``more`` is put in beside what is known."""
        statement = load(f"clickhouse/{name}")
        return fragment(statement, self._asked(statement, more))

    def _asked(self, statement: Statement, more: Binds) -> Binds:
        """What is known of what a statement asks for.

        Raises StatementError for a placeholder that nobody binds: a guess, empty say, could widen
        what a DELETE removes.
        """
        known = {**self._binds, **self.names, **more}
        binds = {name: known[name] for name in statement.placeholders if name in known}
        statement.check(binds)
        return binds
