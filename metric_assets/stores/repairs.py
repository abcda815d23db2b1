"""The record of changes: what each change of the target inserted and removed, in `metricRepairs`.

Belongs here: writing a change down before it is made, and asking which run changed what. Does not
belong here: when a change is made (attempt), or how one is undone (undoing).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from typing import Any, Protocol

import polars as pl

from metric_assets.actor import Actor
from metric_assets.changes import ChangedRange, ChangedRun, LaterRun
from metric_assets.errors import RecordError, TargetError
from metric_assets.live import EPOCH
from metric_assets.plan import Mode
from metric_assets.ranges import IdRange
from metric_assets.settings import REPAIRS_DAYS, REPAIRS_TABLE
from metric_assets.sql import Statement, load
from metric_assets.stores.ports import Binds, Scope

#: Stands for the cutoff of a range that was never loaded.
NEVER = -(2**62)
#: No cutoff was recorded with a load that was recorded by hand; the earliest that a column holds.
NO_CUTOFF = datetime(1900, 1, 1, tzinfo=timezone.utc)
#: Runs that are listed at most.
LISTED = 1_000


class Store(Protocol):
    """The target's server."""

    def frame(self, statement: Statement, binds: Binds, owner: str = "") -> pl.DataFrame:
        """All rows of a small statement."""
        ...

    def run(self, statement: Statement, binds: Binds, owner: str, **settings: object) -> None:
        """Run a statement that returns nothing."""
        ...


@dataclass(frozen=True)
class Change:
    """A change that is about to be made to some metrics of a scope: ``rows`` is a rendered fragment
    record_….sql, ``cutoffs`` (UTC) those recorded so far, of metrics that were loaded, by their
    names in the scope.
    """

    name: str
    kind: str
    rows: str
    scope: Scope
    metrics: Sequence[str]
    mode: Mode
    cutoffs: Mapping[str, datetime]


@dataclass(frozen=True)
class Repairs:
    """The record of changes of a target table.

    ``days`` is how long changes are kept; 0: none is recorded. ``actor`` makes the changes, and
    ``undoes`` is the run that they undo.
    """

    store: Store
    target: str
    days: int
    actor: Actor
    undoes: str = ""
    #: Whether the table is known to be there; shared by all that record into it.
    _made: list[bool] = field(default_factory=list, compare=False, repr=False)

    def undoing(self, run: str) -> Repairs:
        """The same, for changes that undo a run."""
        return replace(self, undoes=run)

    def exists(self) -> bool:
        """Whether anything was ever recorded."""
        found = self.store.frame(load("clickhouse/existing"), {"tables": [REPAIRS_TABLE]})
        return not found.is_empty()

    def record(self, change: Change, owner: str = "") -> None:
        """Write a change down; raises RecordError if that is not possible for good."""
        scope = change.scope
        binds: Binds = {
            **self._names,
            "change": change.name,
            "run": self.actor.run or change.name,
            "undoes": self.undoes,
            "user": self.actor.user,
            "host": self.actor.host,
            "command": self.actor.command,
            "entity": scope.entity,
            "metrics": list(change.metrics),
            "starts": [part.start for part in scope.parts or [scope.ids]],
            "stops": [part.stop for part in scope.parts or [scope.ids]],
            "cutoff": scope.cutoff,
            "append": change.mode is Mode.APPEND,
            "previous": [
                _milliseconds(change.cutoffs.get(name)) for name in _names(scope, change.metrics)
            ],
            "never": NEVER,
            "kind": change.kind,
            "rows": change.rows,
        }
        with _refused(scope.label):
            self._make(owner)
            self.store.run(load("clickhouse/record"), binds, owner)

    def _make(self, owner: str) -> None:
        if not self._made:
            binds = {"repairs": REPAIRS_TABLE, "days": str(max(self.days, 1))}
            self.store.run(load("clickhouse/repairs_table"), binds, owner)
            self._made.append(True)

    def runs(self, beginning: str = "", limit: int = LISTED) -> list[ChangedRun]:
        """Runs that changed the target, newest first; those whose id begins in a way."""
        if not self.exists():
            return []
        rows = self._frame("repairs_runs", beginning=beginning, limit=limit).rows(named=True)
        return [
            ChangedRun(
                row["run"],
                row["undone"],
                row["began"],
                row["ended"],
                Actor(row["who"], row["machine"], row["called"], row["run"]),
                tuple(row["pairs"]),
                row["ranges"],
                row["inserted"],
                row["removed"],
            )
            for row in rows
        ]

    def ranges(self, run: str) -> list[ChangedRange]:
        """Pairs and ranges that a run changed."""
        return [
            ChangedRange(
                run,
                row["entityType"],
                row["metricType"],
                IdRange(row["first"], row["last"]),
                row["latest"],
                None if row["never"] else row["previous"],
                row["began"],
                row["number"],
                bool(row["whole"]),
                row["until"],
            )
            for row in self._frame("repairs_ranges", run=run).rows(named=True)
        ]

    def later(self, changed: ChangedRange) -> list[LaterRun]:
        """Runs that changed a pair and range after a run did, in their order; its undoings too."""
        rows = self._frame(
            "repairs_later",
            entity=changed.entity,
            metric=changed.metric,
            first=changed.ids.start,
            last=changed.ids.stop,
            number=changed.number,
            run=changed.run,
        )
        return [
            LaterRun(
                row["run"],
                row["undone"],
                row["who"],
                row["machine"],
                row["began"],
                IdRange(row["lowest"], row["highest"]),
                row["earliest"],
                row["latest"],
            )
            for row in rows.rows(named=True)
        ]

    def _frame(self, name: str, **binds: Any) -> pl.DataFrame:
        return self.store.frame(load(f"clickhouse/{name}"), {**self._names, **binds})

    @property
    def _names(self) -> Binds:
        return {"repairs": REPAIRS_TABLE, "target_name": self.target}


def _names(scope: Scope, metrics: Sequence[str]) -> list[str]:
    """The names of metrics in a scope: those in its first range, in its second …"""
    if not scope.parts:
        return list(metrics)
    return [scope.name(metric, part) for part in scope.parts for metric in metrics]


@contextmanager
def _refused(place: str) -> Iterator[None]:
    try:
        yield
    except TargetError as error:
        raise RecordError(
            f"{place}: what is about to change cannot be written down in {REPAIRS_TABLE}, so"
            f" nothing was changed: {error}. Grant CREATE TABLE, INSERT and SELECT on"
            f" {REPAIRS_TABLE}, or make the table (docs/reference/repairs.md);"
            f" {REPAIRS_DAYS}=0 changes the target without a record, and without a way back"
        ) from None


def _milliseconds(instant: datetime | None) -> int:
    if instant is None:
        return NEVER
    since: timedelta = max(instant, NO_CUTOFF) - EPOCH
    return round(since.total_seconds() * 1000)
