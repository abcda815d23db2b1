"""Materialize: fill the stage, plan, guard, apply, prove.

Belongs here: the order of the steps, and what may happen in between. Does not belong here: how the
stage is filled (filling), how a store does a step (stores), what a plan means (plan), or Dagster.
"""

from __future__ import annotations

import hashlib
import time
import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import polars as pl

from metric_assets.catalog import Pair, Scan
from metric_assets.errors import ProofError, StageMismatchError
from metric_assets.filling import Filled, Progress, fill
from metric_assets.load_result import Receipt
from metric_assets.plan import MetricPlan, Plan, RemovalGuard, Summary, build_plan, outline
from metric_assets.ranges import IdRange
from metric_assets.source_state import Loaded, SourceState
from metric_assets.sql import load
from metric_assets.stores.ports import Bind, Scope, Source, Stage, Target, Turn, Turnstile

#: Plans applied before giving up. A merge under way or an orphan's late commit costs one more.
MAX_ROUNDS = 3


@dataclass(frozen=True)
class Stores:
    """The doors a materialization goes through.

    ``versions`` is the mirror's table, for scans that ask for it; refresh it before a run.
    ``mirrored`` tells what its source was then: what that left out, the scan leaves out as well.
    """

    source: Source
    target: Target
    turnstile: Turnstile
    versions: str = ""
    mirrored: Callable[[], SourceState] | None = None


def materialize(  # noqa: PLR0913 - each argument is a decision of the caller
    scan: Scan,
    pairs: Sequence[Pair],
    ids: IdRange,
    cutoff: datetime,
    stores: Stores,
    *,
    max_removed_share: float = 0.5,
    guard: RemovalGuard | None = None,
    loaded: Loaded = tuple,
    dry_run: bool = False,
    progress: Progress = lambda _rows: None,
) -> list[Receipt]:
    """Make the target hold exactly what the source implies for ``pairs`` in ``ids``.

    ``guard`` is the removal guard of the whole run (by default of this range alone, by
    ``max_removed_share``); ``loaded`` gives the states of the source that the pairs were last
    loaded from. Returns a load result a pair. Raises RejectedRowsError, SchemaDriftError or
    RemovalRefusedError with the target untouched, BusyError if somebody else is at it, ProofError
    if the scope cannot be brought in sync. With ``dry_run`` everything up to the plan happens,
    nothing is written, and no partition lock is taken.
    """
    clock = _Clock()
    scope = Scope(scan.entity, tuple(pair.metric for pair in pairs), ids, cutoff)
    more: dict[str, Bind] = {"versions": stores.versions} if scan.versions else {}
    name = uuid.uuid4().hex[:16]
    locks = stores.turnstile
    with locks.watch(scope, name) if dry_run else locks.enter(scope) as turn:
        fenced = tuple(stores.target.fence(scope, turn.is_alive, dry_run=dry_run))
        with stores.target.stage(scope, name, dry_run=dry_run) as stage:
            clock.ends("enter")
            filled = fill(scan, pairs, scope, stores.source, more, stage, progress)
            clock.ends("fill")
            staged = _check_stage(scope, stage, filled.sent)
            mirrored = stores.mirrored() if stores.mirrored else None
            source = _SourceCheck((filled.state, mirrored), loaded)
            checks = guard or RemovalGuard(max_removed_share)
            attempt = _Attempt(stage, staged, scope, turn, checks, source, clock)
            first, after = attempt.level(dry_run=dry_run)
    clock.ends("leave")
    facts: dict[str, Any] = {
        "ids": ids,
        "cutoff": cutoff,
        "mode": stage.mode.value,
        "dry_run": dry_run,
        "fenced": fenced,
        "incomplete": source.reasons(checks.max_lag),
        **_read_facts(filled),
        **clock.facts(),
    }
    return [
        Receipt(
            pair=pair.key,
            **_plan_facts(first.of(pair.metric), after[pair.metric]),
            code_version=code_version(scan, pair),
            **facts,
        )
        for pair in pairs
    ]


def _plan_facts(plan: MetricPlan, after: Summary) -> dict[str, Any]:
    """What a load result says of the first plan, and of the scope afterwards."""
    return {
        "wanted": plan.wanted,
        "present": plan.present,
        "inserted": plan.inserted,
        "removed": plan.removed,
        "unchanged": plan.unchanged,
        "events": after.events,
        "total": after.total,
    }


def _read_facts(filled: Filled) -> dict[str, Any]:
    """What a load result says of the reading."""
    return {
        "rows_read": filled.rows,
        "rejected": filled.rejected,
        "snapshot": filled.snapshot,
        "source": filled.state.sentence,
        "system": filled.state.position.system,
    }


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

    def facts(self) -> dict[str, Any]:
        """What a load result says of the time."""
        return {
            "seconds": round(sum(self.phases.values()), 3),
            "phases": {name: round(seconds, 3) for name, seconds in self.phases.items()},
        }


@dataclass(frozen=True)
class _SourceCheck:
    """The sources that an attempt has read, and the states that its pairs were last loaded from."""

    states: tuple[SourceState | None, ...]
    loaded: Loaded

    def reasons(self, max_lag: float) -> tuple[str, ...]:
        """Why they may show less than there is."""
        found = (state.incomplete(max_lag) for state in self.states if state)
        return tuple(reason for reasons in found for reason in reasons)

    def overtaken(self) -> tuple[str, ...]:
        """Whether a pair was loaded from a later state; asks for what is recorded."""
        loaded = tuple(self.loaded())
        found = (state.overtaken(loaded) for state in self.states if state)
        return tuple(reason for reasons in found for reason in reasons)


@dataclass(frozen=True)
class _Attempt:
    """A filled stage on its way to the target."""

    stage: Stage
    staged: dict[str, Summary]
    scope: Scope
    turn: Turn
    guard: RemovalGuard
    source: _SourceCheck
    clock: _Clock
    gone: Counter[str] = field(default_factory=Counter)

    def level(self, *, dry_run: bool) -> tuple[Plan, dict[str, Summary]]:
        """Apply plans until one is empty: the first plan, and what the scope then holds.

        Every plan passes the guard, the second and third as well as the first.
        """
        first, present = self._plan("plan")
        if dry_run:
            self.turn.confirm()
            return first, self.staged
        plan = first
        for _ in range(MAX_ROUNDS):
            if plan.empty:
                return first, present
            self.turn.confirm()
            _apply(self.stage, plan, self.staged)
            self.gone.update({metric.metric: metric.gone for metric in plan.metrics})
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
        self._guard(plan)
        self.clock.ends(phase)
        return plan, present

    def _guard(self, plan: Plan) -> None:
        """Raise RemovalRefusedError if what the plan removes is too much, or cannot be judged."""
        label, guard = self.scope.label, self.guard
        keys = {
            name: f"{self.scope.entity}/{name}/{self.scope.ids.key}" for name in self.scope.metrics
        }
        if guard.max_share < 1 and any(metric.gone for metric in plan.metrics):
            reasons = (*self.source.reasons(guard.max_lag), *self.source.overtaken())
            guard.check_source(label, plan.metrics, reasons)
        guard.check(label, keys, plan.metrics, self.gone)


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
