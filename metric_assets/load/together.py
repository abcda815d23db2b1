"""Neighbouring ranges that hold little, loaded together: one reading, one plan, one insert for all.

A range costs a server some twenty statements however little it holds. Nothing else is different:
each range has its lock, its load result, its record and its second look.

Belongs here: the order of the steps, and what becomes of each range. Does not belong here: which
ranges are loaded together (groups).
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from metric_assets.catalog.model import Pair
from metric_assets.catalog.scan import Scan
from metric_assets.errors import ApartError
from metric_assets.live import Judged, Judging, LiveRules
from metric_assets.load.attempt import Attempt, Outcome
from metric_assets.load.clock import Clock
from metric_assets.load.cutoffs import check_cutoff
from metric_assets.load.loading import Load, Stores
from metric_assets.load.reading import Progress
from metric_assets.load.second_look import Pending, SecondLooks
from metric_assets.load.side_by_side import Stop
from metric_assets.load_result import LoadResult
from metric_assets.plan import RemovalGuard
from metric_assets.ranges import IdRange
from metric_assets.source_state import Loaded
from metric_assets.stores.parts_stage import PartsStage
from metric_assets.stores.ports import Scope


def materialize_together(  # noqa: PLR0913 - each argument is a decision of the caller
    scan: Scan,
    pairs: Sequence[Pair],
    parts: Sequence[IdRange],
    cutoff: datetime,
    stores: Stores,
    *,
    guard: RemovalGuard,
    loaded: Callable[[IdRange], Mapping[str, Loaded]],
    live: LiveRules,
    looks: SecondLooks | None,
    progress: Progress,
    stop: Stop,
) -> list[LoadResult]:
    """Load neighbouring ranges as pipeline.materialize() loads one; a load result a range and pair.

    Raises ApartError where they have to be loaded one by one: they hold more rows than are compared
    in this process, or the live stream of one is behind. Any other error, too, may be of one of
    them alone: whoever loads them one by one then is told which.
    """
    scope = Scope.together(scan.entity, tuple(pair.metric for pair in pairs), parts, cutoff)
    alone = [scope.part(part) for part in parts]
    clock, name = Clock(), uuid.uuid4().hex[:16]
    with stores.locks.acquire(*alone) as lock:
        cleaned_up = tuple(stores.target.clean_up(alone, lock.is_alive))
        records = {
            scope.name(metric, part): one for part in parts for metric, one in loaded(part).items()
        }
        loading = Load(scan, tuple(pairs), scope, stores, live, records, clock, stop)
        check_cutoff(scope, records)
        with stores.target.stage(scope, name) as stage, stop.ending(stage.cancel):
            clock.ends("acquire")
            filled = loading.fill(stage, progress)
            if loading.streams.behind(filled, live):
                raise ApartError(f"{scope.label}: the live stream of a range is behind")
            attempt = loading.attempt(stage, lock, guard, filled, looks=looks is not None)
            outcome = attempt.run(dry_run=False)
    clock.ends("release")
    results = loading.results(filled, outcome, attempt, cleaned_up, dry_run=False)
    if looks is not None and isinstance(stage, PartsStage):
        for part, again in stage.kept.items():
            own = tuple(result for result in results if result.ids == part)
            of_part = _attempt(attempt, part), _outcome(outcome, scope, part)
            looks.add(Pending(scope.part(part), again, *of_part, own, False, live.lag))
    return results


def _attempt(attempt: Attempt, part: IdRange) -> Attempt:
    """The attempt as if it had been at one range alone."""
    scope, names = attempt.scope, _names(attempt.scope, part)
    loaded = {names[name]: one for name, one in attempt.source.loaded.items() if name in names}
    return replace(
        attempt,
        scope=scope.part(part),
        source=replace(attempt.source, loaded=loaded),
        judging=None if attempt.judging is None else _judging(attempt.judging, names),
        gone=Counter({names[one]: rows for one, rows in attempt.gone.items() if one in names}),
    )


def _judging(judging: Judging, names: Mapping[str, str]) -> Judging:
    def those(chosen: Sequence[str]) -> tuple[str, ...]:
        return tuple(names[name] for name in chosen if name in names)

    return Judging(
        those(judging.metrics),
        judging.horizon,
        those(judging.signed),
        those(judging.absorbing),
        those(judging.by_entity),
        those(judging.loaded),
    )


def _outcome(outcome: Outcome, scope: Scope, part: IdRange) -> Outcome:
    """What a second look asks of the first one: what was judged of the range."""
    names = _names(scope, part)
    judged: dict[str, Judged] = {
        names[name]: one for name, one in outcome.judged.items() if name in names
    }
    return replace(outcome, judged=judged)


def _names(scope: Scope, part: IdRange) -> dict[str, str]:
    """By the name of each metric in a range, the metric."""
    return {scope.name(metric, part): metric for metric in scope.metrics}
