"""Materialize: fill the stage, plan, guard, apply, prove.

Belongs here: the order of the steps, and what may happen in between. Does not belong here: how the
stage is filled (filling), how a store does a step (stores), what a plan means (plan), or Dagster.
"""

from __future__ import annotations

import hashlib
import time
import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import polars as pl

from metric_assets.catalog import Pair, Scan
from metric_assets.errors import ProofError, StageMismatchError
from metric_assets.filling import Progress, fill
from metric_assets.plan import Plan, Summary, build_plan, guard_removal, outline
from metric_assets.ranges import IdRange
from metric_assets.sql import load
from metric_assets.stores.ports import Bind, Scope, Source, Stage, Target, Turn, Turnstile

#: Plans applied before giving up. A merge under way or an orphan's late commit costs one more.
MAX_ROUNDS = 3


@dataclass(frozen=True)
class Stores:
    """The doors a materialization goes through.

    ``versions`` is the mirror's table, for scans that ask for it; refresh it before a run.
    """

    source: Source
    target: Target
    turnstile: Turnstile
    versions: str = ""


@dataclass(frozen=True)
class Receipt:
    """What a materialization of one pair and range proves. Counts are rows.

    ``rows_read`` is of the whole scan, shared by its pairs. ``events`` and ``total`` are what the
    scope holds afterwards; in a dry run, what it would hold. ``phases`` say where the ``seconds``
    went, in the order of the steps: enter, fill, plan, apply, prove, leave.
    """

    pair: str
    ids: IdRange
    rows_read: int
    wanted: int
    present: int
    inserted: int
    removed: int
    unchanged: int
    rejected: int
    events: int
    total: int
    seconds: float
    snapshot: str
    cutoff: datetime
    mode: str
    code_version: str
    dry_run: bool
    fenced: tuple[str, ...]
    phases: dict[str, float]

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {**asdict(self), "ids": self.ids.key, "cutoff": self.cutoff.isoformat()}


def materialize(  # noqa: PLR0913 - each argument is a decision of the caller
    scan: Scan,
    pairs: Sequence[Pair],
    ids: IdRange,
    cutoff: datetime,
    stores: Stores,
    *,
    max_removed_share: float = 0.5,
    dry_run: bool = False,
    progress: Progress = lambda _rows: None,
) -> list[Receipt]:
    """Make the target hold exactly what the source implies for ``pairs`` in ``ids``.

    Returns a receipt a pair. Raises RejectedRowsError, SchemaDriftError or RemovalRefusedError with
    the target untouched, BusyError if somebody else is at it, ProofError if the scope cannot be
    made level. With ``dry_run`` everything up to the plan happens and nothing is written.
    """
    clock = _Clock()
    scope = Scope(scan.entity, tuple(pair.metric for pair in pairs), ids, cutoff)
    more: dict[str, Bind] = {"versions": stores.versions} if scan.versions else {}
    with stores.turnstile.enter(scope) as turn:
        fenced = tuple(stores.target.fence(scope))
        with stores.target.stage(scope, uuid.uuid4().hex[:16]) as stage:
            clock.ends("enter")
            filled = fill(scan, pairs, scope, stores.source, more, stage, progress)
            clock.ends("fill")
            staged = _check_stage(scope, stage, filled.sent)
            attempt = _Attempt(stage, staged, scope, turn, max_removed_share, clock)
            first, after = attempt.level(dry_run=dry_run)
    clock.ends("leave")
    facts: dict[str, Any] = {
        "ids": ids,
        "rows_read": filled.rows,
        "rejected": filled.rejected,
        "seconds": round(sum(clock.phases.values()), 3),
        "snapshot": filled.snapshot,
        "cutoff": cutoff,
        "mode": stage.mode.value,
        "dry_run": dry_run,
        "fenced": fenced,
        "phases": {name: round(seconds, 3) for name, seconds in clock.phases.items()},
    }
    return [
        Receipt(
            pair=pair.key,
            wanted=staged[pair.metric].events,
            present=first.of(pair.metric).present,
            inserted=first.of(pair.metric).inserted,
            removed=first.of(pair.metric).removed,
            unchanged=first.of(pair.metric).unchanged,
            events=after[pair.metric].events,
            total=after[pair.metric].total,
            code_version=code_version(scan, pair),
            **facts,
        )
        for pair in pairs
    ]


class _Clock:
    """Seconds that each phase took, summed over rounds."""

    def __init__(self) -> None:
        self._last = time.monotonic()
        self.phases: dict[str, float] = {}

    def ends(self, phase: str) -> None:
        """What went by since the last end was ``phase``."""
        now = time.monotonic()
        self.phases[phase] = self.phases.get(phase, 0.0) + now - self._last
        self._last = now


@dataclass(frozen=True)
class _Attempt:
    """A filled stage on its way to the target."""

    stage: Stage
    staged: dict[str, Summary]
    scope: Scope
    turn: Turn
    max_removed_share: float
    clock: _Clock

    def level(self, *, dry_run: bool) -> tuple[Plan, dict[str, Summary]]:
        """Apply plans until one is empty: the first plan, and what the scope then holds.

        Every plan passes the guard, the second and third as well as the first.
        """
        first, present = self._plan("plan")
        if dry_run:
            return first, self.staged
        plan = first
        for _ in range(MAX_ROUNDS):
            if plan.empty:
                return first, present
            self.turn.confirm()
            _apply(self.stage, plan, self.staged)
            self.clock.ends("apply")
            plan, present = self._plan("prove")
        if plan.empty:
            return first, present
        raise ProofError(
            f"{self.scope.label}: after {MAX_ROUNDS} rounds the target still differs: {plan};"
            " something else is writing below the cutoff"
            f" {self.scope.cutoff.isoformat()}"
        )

    def _plan(self, phase: str) -> tuple[Plan, dict[str, Summary]]:
        plan, present = _take_plan(self.stage, self.staged)
        guard_removal(self.scope.label, plan.metrics, self.max_removed_share)
        self.clock.ends(phase)
        return plan, present


def code_version(scan: Scan, pair: Pair) -> str:
    """Changes whenever the text of the scan or the row of the pair does."""
    # Polars shortens long lists in the text of an expression unless told not to.
    with pl.Config(fmt_table_cell_list_len=-1):
        row = f"{pair.key} {pair.where} {pair.value}"
    return hashlib.sha256(f"{load(scan.name).text}\n{row}".encode()).hexdigest()[:12]


def _check_stage(scope: Scope, stage: Stage, sent: dict[str, Summary]) -> dict[str, Summary]:
    staged = stage.staged()
    for metric, summary in staged.items():
        if (summary.events, summary.total) != (sent[metric].events, sent[metric].total):
            raise StageMismatchError(
                f"{scope.entity}/{metric}/{scope.ids.key}: sent {sent[metric].events} events with"
                f" sum {sent[metric].total}, the stage holds {summary.events} with sum"
                f" {summary.total}; the target was not touched"
            )
    return staged


def _take_plan(stage: Stage, staged: dict[str, Summary]) -> tuple[Plan, dict[str, Summary]]:
    present = stage.present()
    unlike = outline(staged, present).unlike
    return build_plan(staged, present, stage.difference(unlike) if unlike else {}), present


def _apply(stage: Stage, plan: Plan, staged: dict[str, Summary]) -> None:
    fresh = [name for name in plan.changed if plan.of(name).present == 0]
    unlike = [name for name in plan.changed if plan.of(name).present > 0]
    if fresh:
        others = [name for name in staged if name not in fresh and staged[name].events]
        stage.publish(fresh, alone=not others)
    if unlike:
        stage.level(unlike)
