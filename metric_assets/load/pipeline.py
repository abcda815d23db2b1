"""Materialize: read, judge by live events, plan, guard, apply, verify.

Belongs here: the order of the steps. Does not belong here: how the stage is filled (filling), what
becomes of it (attempt), what a load result says (load_results), how a store does a step (stores).
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, Protocol

from metric_assets import defaults
from metric_assets.catalog.model import Pair
from metric_assets.catalog.scan import Scan
from metric_assets.errors import StageMismatchError
from metric_assets.live import FOREVER, Judging, LiveRules
from metric_assets.load.attempt import Attempt, Outcome, SourceCheck
from metric_assets.load.clock import Clock
from metric_assets.load.cutoffs import check_cutoff, check_moved
from metric_assets.load.filling import fill
from metric_assets.load.load_results import (
    code_version,
    digest_of,
    orphaned,
    plan_facts,
    read_facts,
)
from metric_assets.load.reading import Extent, Filled, Progress, Request
from metric_assets.load.second_look import Existing, Pending, SecondLooks
from metric_assets.load.side_by_side import Stop
from metric_assets.load.streams import Streams
from metric_assets.load_result import LoadResult
from metric_assets.plan import RemovalGuard, Summary
from metric_assets.ranges import IdRange
from metric_assets.source_state import Loaded, Records, SourceState
from metric_assets.stores.ports import Bind, PartitionLock, PartitionLocks, Scope, Source, Target
from metric_assets.stores.stage_port import Stage


class Copy(Protocol):
    """The copy of a dimension beside the target."""

    name: str

    def state(self) -> SourceState:
        """What its source was when it was made."""
        ...


@dataclass(frozen=True)
class Stores:
    """The stores that a materialization uses.

    ``dimensions`` are the copies that the scan joins with; refresh them before a run. What their
    source left out then, the scan leaves out as well.
    ``existing`` says which ids of an entity type the source still has.
    """

    source: Source
    target: Target
    locks: PartitionLocks
    dimensions: Mapping[str, Copy] = field(default_factory=dict)
    existing: Existing | None = None


@dataclass(frozen=True)
class Planned:
    """What an attempt came to, and its stage, which shows the rows."""

    stage: Stage
    outcome: Outcome
    filled: Filled
    judging: Judging | None

    def digest(self, metric: str) -> int:
        """The digest of what must be held of a metric."""
        agreed = self.filled.agreed.get(metric, Summary())
        return self.outcome.after[metric].hash_with(agreed)


def materialize(  # noqa: PLR0913 - each argument is a decision of the caller
    scan: Scan,
    pairs: Sequence[Pair],
    ids: IdRange,
    cutoff: datetime,
    stores: Stores,
    *,
    max_removed_share: float = defaults.MAX_REMOVED_SHARE,
    guard: RemovalGuard | None = None,
    loaded: Records = dict,
    live: LiveRules | None = None,
    looks: SecondLooks | None = None,
    dry_run: bool = False,
    examine: Callable[[Planned], object] = lambda _planned: None,
    progress: Progress = lambda _rows: None,
    stop: Stop | None = None,
) -> list[LoadResult]:
    """Make backfilled and live events of ``pairs`` in ``ids`` add up to what the source says.

    ``guard`` is the removal guard of the whole run (by default of this range alone), ``loaded``
    what was recorded of the last load, ``live`` how far live events are trusted; ``looks`` collects
    ranges to look at again at the end of a run; ``dry_run`` ends with the plan and tells what the
    guard would refuse; ``examine`` is shown the plan with its stage. Returns a load result a pair.
    Raises RejectedRowsError, SchemaDriftError, CutoffError, RemovalRefusedError, BusyError or, if
    ``stop`` ends it, StoppedError before it writes, VerificationError if it stays out of sync.
    """
    scope = Scope(scan.entity, tuple(pair.metric for pair in pairs), ids, cutoff)
    locks, target, clock, name = stores.locks, stores.target, Clock(), uuid.uuid4().hex[:16]
    guard = guard or RemovalGuard(max_removed_share)
    rules, stop = live or LiveRules(), stop or Stop()
    with locks.watch(name, scope) if dry_run else locks.acquire(scope) as lock:
        cleaned_up = tuple(target.clean_up([scope], lock.is_alive, dry_run=dry_run))
        loading = _Load(scan, tuple(pairs), scope, stores, rules, loaded(), clock, stop)
        check_cutoff(scope, loading.records)
        with target.stage(scope, name, dry_run=dry_run) as stage, stop.ending(stage.cancel):
            clock.ends("acquire")
            filled = loading.fill(stage, progress)
            attempt = loading.attempt(stage, lock, guard, filled, looks=looks is not None)
            outcome = attempt.run(dry_run=dry_run)
            examine(Planned(stage, outcome, filled, attempt.judging))
    clock.ends("release")
    results = loading.results(filled, outcome, attempt, cleaned_up, dry_run=dry_run)
    if outcome.kept and looks is not None:
        looks.add(Pending(scope, name, attempt, outcome, tuple(results), dry_run, rules.lag))
    return results


@dataclass(frozen=True)
class _Load:
    """A scope on its way from the source to an attempt, and the load results of it."""

    scan: Scan
    pairs: tuple[Pair, ...]
    scope: Scope
    stores: Stores
    rules: LiveRules
    records: Mapping[str, Loaded]
    clock: Clock
    stop: Stop

    @cached_property
    def streams(self) -> Streams:
        """The live streams of the pairs."""
        return Streams(self.pairs, self.scope, self.stores.target)

    def fill(self, stage: Stage, progress: Progress) -> Filled:
        """Read the source into the stage, and see that all of it has arrived."""
        scan, stores = self.scan, self.stores
        extent = _extent(scan, self.scope, self.streams.judged, stores.source, self.rules)
        more: dict[str, Bind] = {name: stores.dimensions[name].name for name in scan.dimensions}
        source, stop = stores.source, self.stop
        request = Request(scan, self.pairs, self.scope, extent, source, more, progress, stop)
        filled = fill(request, stage)
        self.clock.ends("fill")
        _check_stage(self.scope, stage, filled)
        check_moved(self.scope, self.records, filled.horizon.instant, self.rules.lag)
        return filled

    def attempt(
        self, stage: Stage, lock: PartitionLock, guard: RemovalGuard, filled: Filled, *, looks: bool
    ) -> Attempt:
        """The attempt that a filled stage is ready for."""
        copied = [copy.state() for copy in self.stores.dimensions.values()]
        source = SourceCheck((filled.state, *copied), self.records)
        behind = self.streams.behind(filled, self.rules)
        judging = self.streams.judging(self.records, filled, self.rules)
        kept = frozenset(behind & self.records.keys())
        return Attempt(
            stage,
            self.scope,
            self.stop.guarding(lock),
            guard,
            source,
            self.clock,
            judging,
            kept,
            looks,
            filled.agreed,
            filled.in_sync,
        )

    def results(
        self,
        filled: Filled,
        outcome: Outcome,
        attempt: Attempt,
        cleaned_up: tuple[str, ...],
        *,
        dry_run: bool,
    ) -> list[LoadResult]:
        """The load results, one a pair."""
        behind = self.streams.behind(filled, self.rules)
        orphans = orphaned(self.scope.entity, outcome, self.stores.existing)
        shared: dict[str, Any] = {
            "ids": self.scope.ids,
            "cutoff": self.scope.cutoff,
            "refused": outcome.refused,
            "mode": attempt.stage.mode.value,
            "dry_run": dry_run,
            "cleaned_up": cleaned_up,
            "incomplete": attempt.source.reasons(attempt.guard.max_lag),
            **read_facts(filled),
            **self.clock.facts(),
        }
        return [
            LoadResult(
                pair=pair,
                **plan_facts(filled, outcome, pair.metric, orphans),
                digest=digest_of(filled, outcome, pair.metric, dry_run=dry_run),
                stream=self.streams.of(pair, behind),
                provisional=pair.metric in behind and pair.metric not in self.records,
                code_version=code_version(self.scan, pair),
                **shared,
            )
            for pair in self.pairs
        ]


def _extent(
    scan: Scan, scope: Scope, judged: tuple[str, ...], source: Source, rules: LiveRules
) -> Extent:
    """How far to read: to the cutoff where no live event has a say, else all there is."""
    now = source.now()
    if now is not None and scan.daily:
        now = now.replace(hour=0, minute=0, second=0, microsecond=0)
    until = scope.cutoff if not judged else (now or FOREVER)
    return Extent(until, judged, rules, now)


def _check_stage(scope: Scope, stage: Stage, filled: Filled) -> None:
    for held, sent in ((stage.staged(), filled.sent), (stage.beside(), filled.after)):
        for metric, summary in held.items():
            _check_sent(scope, metric, summary, sent[metric])


def _check_sent(scope: Scope, metric: str, held: Summary, sent: Summary) -> None:
    if (held.events, held.total) != (sent.events, sent.total):
        raise StageMismatchError(
            f"{scope.entity}/{metric}/{scope.ids.key}: sent {sent.events} events with sum"
            f" {sent.total}, the stage holds {held.events} with sum {held.total}; the target was"
            " not touched"
        )
