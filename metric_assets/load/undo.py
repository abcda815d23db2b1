"""Undo: put back what a pair and range held before a run changed it.

Belongs here: the order of the steps at one pair and range. Does not belong here: which run and
ranges (operations/undo), or how a store does a step (stores/undo_stage).

What is wanted of a key is what it held before the run's first change of it, and the plan is that
minus what is held now. So it can be interrupted anywhere and taken up again, and it works for a run
that was itself interrupted.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from metric_assets.changes import ChangedRange, LaterRun, UndoPlan
from metric_assets.errors import UndoError, VerificationError
from metric_assets.load.attempt import MAX_ROUNDS
from metric_assets.plan import MetricPlan
from metric_assets.ranges import IdRange
from metric_assets.stores.ports import PartitionLock, PartitionLocks, Scope
from metric_assets.stores.undo_port import Undoing, UndoTarget


@dataclass(frozen=True)
class Undone:
    """What undoing a run takes, or took, in a pair and range.

    ``plan`` is the first plan. ``later`` are runs that have to be undone first.
    """

    changed: ChangedRange
    plan: UndoPlan
    later: tuple[LaterRun, ...] = ()
    seconds: float = 0.0

    @property
    def share(self) -> float:
        """Share of the rows present that are taken out or made up for (0 to 1)."""
        rows = self.plan.rows
        return rows.gone / rows.present if rows.present else 0.0

    @property
    def refusals(self) -> list[str]:
        """Why it is refused: by later runs, or by what others wrote."""
        said = []
        if self.later:
            names = ", ".join(one.name for one in self.later)
            said.append(f"{self.changed.place}: undo later runs first: {names}")
        if self.plan.foreign:
            said.append(
                f"{self.changed.place}: {self.plan.foreign} keys or more hold what neither run"
                f" {self.changed.run} nor an undoing of it left there: somebody else wrote; with"
                " --force they are put back as well"
            )
        return said

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        rows = self.plan.rows
        return {
            "pair": f"{self.changed.entity}/{self.changed.metric}",
            "range": self.changed.ids.key,
            "cutoff": self.changed.cutoff.isoformat(),
            "previous_cutoff": self.changed.previous.isoformat() if self.changed.previous else None,
            "never_loaded_before": self.changed.previous is None,
            "present": rows.present,
            "inserted": rows.inserted,
            "removed": rows.removed,
            "compensated": rows.compensated,
            "share": round(self.share, 6),
            "foreign": self.plan.foreign,
            "later_runs": [one.run for one in self.later],
            "seconds": round(self.seconds, 3),
        }


@dataclass(frozen=True)
class Undo:
    """Undoing of pairs and ranges on a target; ``force`` puts back what others changed, too.

    ``recorded`` gives the cutoff (UTC) recorded for a pair and range now, None if none is.
    ``began`` is told of each before it is written to.
    """

    target: UndoTarget
    locks: PartitionLocks
    force: bool = False
    recorded: Callable[[ChangedRange], datetime | None] = lambda _changed: None
    began: Callable[[ChangedRange], None] = lambda _changed: None

    def plan(self, changed: ChangedRange) -> Undone:
        """What it takes; nothing is written, and what is in its way is told in the result."""
        scope, name = _scope(changed), _name()
        began = time.monotonic()
        with self.locks.watch(name, scope) as lock:
            self.target.clean_up([scope], lock.is_alive, dry_run=True)
            with self.target.undoing(changed, name, dry_run=True) as stage:
                later = tuple(stage.later())
                plan = _nothing(changed)
                if not later:
                    for portion in stage.portions():
                        plan += stage.compare(portion)
                lock.verify()
        return Undone(changed, plan, later, time.monotonic() - began)

    def run(self, changed: ChangedRange) -> Undone:
        """Put it back, and see that nothing differs any more.

        Raises BusyError if another run is at the range, UndoError if a later run or somebody else's
        rows are in the way, RecordError if it cannot be written down, VerificationError if
        something else keeps writing to the range.
        """
        scope, name = _scope(changed), _name()
        began = time.monotonic()
        with self.locks.acquire(scope) as lock:
            self.target.clean_up([scope], lock.is_alive)
            with self.target.undoing(changed, name) as stage:
                _refuse(Undone(changed, _nothing(changed), tuple(stage.later())))
                plan, work = _nothing(changed), _Work(self, changed, stage, lock)
                for portion in stage.portions():
                    plan += work.put_back(portion)
        return Undone(changed, plan, (), time.monotonic() - began)


@dataclass
class _Work:
    """One pair and range under its lock; ``changes`` counts what is written."""

    undo: Undo
    changed: ChangedRange
    stage: Undoing
    lock: PartitionLock
    changes: int = 0

    def put_back(self, portion: IdRange) -> UndoPlan:
        """Put a portion back; its first plan."""
        first = plan = self.stage.compare(portion)
        for _ in range(MAX_ROUNDS):
            if plan.empty:
                return first
            if not self.undo.force:
                _refuse(Undone(self.changed, plan))
            self._write()
            plan = self.stage.compare(portion)
        if plan.empty:
            return first
        raise VerificationError(
            f"{self.changed.place}: after {MAX_ROUNDS} rounds it still differs from what it held"
            f" before run {self.changed.run}: {plan.rows}; something else is writing below the"
            f" cutoff {self.changed.cutoff.isoformat()}"
        )

    def _write(self) -> None:
        self.lock.verify()
        if not self.changes:
            self.undo.began(self.changed)
        self.stage.record(self.changes, self.undo.recorded(self.changed))
        self.changes += 1
        self.stage.put_back()


def _refuse(undone: Undone) -> None:
    if undone.refusals:
        raise UndoError("; ".join(undone.refusals))


def _scope(changed: ChangedRange) -> Scope:
    return Scope(changed.entity, (changed.metric,), changed.ids, changed.cutoff)


def _name() -> str:
    return uuid.uuid4().hex[:16]


def _nothing(changed: ChangedRange) -> UndoPlan:
    return UndoPlan(MetricPlan(changed.metric, 0, 0, 0, 0))
