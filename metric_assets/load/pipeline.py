"""Materialize: read, judge by live events, plan, guard, apply, verify.

Belongs here: the order of the steps. Does not belong here: how the stage is filled (filling), what
becomes of it (attempt), what a load result says (load_results), how a store does a step (stores),
or several ranges at once (together).
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from metric_assets import defaults
from metric_assets.catalog.model import Pair
from metric_assets.catalog.scan import Scan
from metric_assets.live import Judging, LiveRules
from metric_assets.load.attempt import Outcome
from metric_assets.load.clock import Clock
from metric_assets.load.cutoffs import check_cutoff
from metric_assets.load.loading import Load, Stores
from metric_assets.load.reading import Filled, Progress
from metric_assets.load.second_look import Pending, SecondLooks
from metric_assets.load.side_by_side import Stop
from metric_assets.load_result import LoadResult
from metric_assets.plan import RemovalGuard, Summary
from metric_assets.ranges import IdRange
from metric_assets.source_state import Records
from metric_assets.stores.ports import Scope
from metric_assets.stores.stage_port import Stage


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
        loading = Load(scan, tuple(pairs), scope, stores, rules, loaded(), clock, stop)
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
