"""The second look: live events that were late at a load are read again at the end of its run.

Belongs here: what is looked at again, when, and how the load result changes. Does not belong here:
the judgement itself (attempt), or the first look (pipeline).
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

import polars as pl

from metric_assets.catalog.model import Pair
from metric_assets.errors import BusyError
from metric_assets.live import LiveFigures
from metric_assets.load.attempt import Attempt, Counts, Outcome
from metric_assets.load.clock import Clock
from metric_assets.load_result import LoadResult
from metric_assets.ranges import IdRange
from metric_assets.stores.ports import PartitionLock, PartitionLocks, Scope, Target

#: Seconds of one wait, so that an interruption is felt.
_PULSE = 0.5
#: Ranges of an entity type that are looked at under one lock.
TOGETHER = 16

#: Of some ids of an entity type, those that the source still has.
Existing = Callable[[str, Sequence[int]], set[int]]


@dataclass(frozen=True)
class Pending:
    """A scope that has to be looked at again: what ``name``, the attempt, kept of it.

    ``since`` is the monotonic second at which the source had been read, ``lag`` (seconds) how late
    live events may arrive.
    """

    scope: Scope
    name: str
    attempt: Attempt
    outcome: Outcome
    load_results: tuple[LoadResult, ...]
    dry_run: bool
    lag: float
    since: float = field(default_factory=time.monotonic)


class SecondLooks:
    """The scopes of one run that have to be looked at again at its end."""

    def __init__(self) -> None:
        self._pending: dict[tuple[Scope, bool], Pending] = {}

    def __len__(self) -> int:
        return len(self._pending)

    def add(self, pending: Pending) -> None:
        """Look at a scope again; a scope that is loaded again replaces its own."""
        self._pending[(pending.scope, pending.dry_run)] = pending

    @property
    def pending(self) -> set[tuple[Pair, IdRange]]:
        """Pairs and ranges whose load results are not final yet."""
        return {(one.pair, one.ids) for held in self._pending.values() for one in held.load_results}

    def due(self) -> float:
        """Seconds until the last of them can be looked at again."""
        ends = [one.since + one.lag for one in self._pending.values()]
        return max(0.0, max(ends, default=0.0) - time.monotonic())

    def take(
        self,
        target: Target,
        locks: PartitionLocks,
        *,
        wait: Callable[[float], None] = time.sleep,
        announce: Callable[[str], None] = lambda _sentence: None,
    ) -> list[LoadResult]:
        """Wait until late events have arrived, look again; load results that replace the first.

        What is left when this raises is cleaned up by the next load of each scope.
        """
        if not self._pending:
            return []
        due = self.due()
        if due > 1:
            announce(
                f"waiting {due:.0f} s for late live events of {len(self._pending)} ranges, to look"
                " at them again"
            )
        while due > 0:
            wait(min(_PULSE, due))
            due -= _PULSE
        found: list[LoadResult] = []
        together = TOGETHER
        while self._pending:
            try:
                for pending, results in _look(self._next(together), target, locks):
                    del self._pending[(pending.scope, pending.dry_run)]
                    found += results
            except BusyError:  # noqa: PERF203 - one try a group of ranges.
                if together == 1:
                    raise
                # One that is busy holds up the others of its kind only.
                together = 1
        return found

    def _next(self, most: int) -> list[Pending]:
        """Some of one entity type that can be looked at under one lock."""
        first = next(iter(self._pending.values()))
        alike = (
            one
            for one in self._pending.values()
            if (one.scope.entity, one.dry_run) == (first.scope.entity, first.dry_run)
        )
        return list(islice(alike, most))


def _look(
    group: Sequence[Pending], target: Target, locks: PartitionLocks
) -> Iterator[tuple[Pending, list[LoadResult]]]:
    """Look at some scopes again, one after the other; each with no load results if it was loaded
    by somebody else in between.
    """
    scopes, dry_run, name = [one.scope for one in group], group[0].dry_run, uuid.uuid4().hex[:16]
    with locks.watch(name, *scopes) if dry_run else locks.acquire(*scopes) as lock:
        # Whoever loaded a scope since has cleaned up what was kept of it, and may keep something of
        # their own for a second look: cleaning up now would drop that.
        kept = target.still_kept([one.name for one in group])
        seen: Mapping[Scope, pl.DataFrame] = {}
        ours = [one for one in group if one.name in kept]
        if ours:
            free = [one.scope for one in ours]
            target.clean_up(free, lock.is_alive, dry_run=dry_run, spare=kept)
            seen = target.rows_of(free)
        for one in group:
            attempt = name if dry_run else uuid.uuid4().hex[:16]
            yield one, _look_at(one, attempt, lock, target, seen) if one in ours else []


def _look_at(
    pending: Pending,
    name: str,
    lock: PartitionLock,
    target: Target,
    seen: Mapping[Scope, pl.DataFrame],
) -> list[LoadResult]:
    """Look at one scope again, by the attempt ``name``; ``seen`` is what is held."""
    scope, dry_run, first = pending.scope, pending.dry_run, pending.attempt
    judging = first.judging
    if judging is None:
        return []
    if not dry_run:
        # What the first look left out has been loaded since.
        judging = replace(judging, loaded=judging.metrics)
    clock = Clock()
    with target.stage(scope, name, dry_run=dry_run, seen=seen.get(scope)) as stage:
        if not stage.recall(pending.name, judging):
            return []
        own: dict[str, Any] = {"stage": stage, "lock": lock, "judging": judging, "clock": clock}
        again = replace(first, **own, looks=False, part=True)
        outcome = again.run(dry_run=dry_run)
    target.forget(pending.name)
    clock.ends("look")
    return [_revised(result, pending, outcome, clock) for result in pending.load_results]


def _revised(result: LoadResult, pending: Pending, again: Outcome, clock: Clock) -> LoadResult:
    """A load result after the second look."""
    metric = result.pair.metric
    if metric in pending.attempt.behind:
        return result
    first = result.live
    figures = _with_agreed(again.judged[metric].figures, first, pending.outcome, metric)
    if pending.dry_run:
        looked = pending.outcome.looked.get(metric, (0, 0, 0))
        changes: dict[str, Any] = _planned(result, again, looked)
        changes["total"] = result.total + _adjusted(figures) - _adjusted(first)
    else:
        changes = _loaded(result, again)
    return replace(
        result,
        live=replace(figures, orphaned=min(first.orphaned, figures.gone_untold)),
        refused=again.refused,
        seconds=round(result.seconds + clock.facts()["seconds"], 3),
        phases={**result.phases, **clock.facts()["phases"]},
        **changes,
    )


def _with_agreed(
    again: LiveFigures, first: LiveFigures, outcome: Outcome, metric: str
) -> LiveFigures:
    """The figures of a second look, with what the first load result tells beyond its judgement: the
    adjustments of buckets whose fingerprints agreed, which nobody judges.
    """
    judged = outcome.judged[metric].figures
    return replace(
        again,
        withdrawn=again.withdrawn + first.withdrawn - judged.withdrawn,
        overlap=again.overlap + first.overlap - judged.overlap,
    )


def _adjusted(figures: LiveFigures) -> int:
    return figures.withdrawn - figures.overlap


def _loaded(result: LoadResult, again: Outcome) -> dict[str, Any]:
    """Counts of a load, and of what its second look changed in the target."""
    metric = result.pair.metric
    plan, before, after = again.first.of(metric), again.before[metric], again.after[metric]
    return {
        "inserted": result.inserted + plan.inserted,
        "removed": result.removed + plan.removed,
        "wanted": result.wanted + plan.inserted - plan.removed - 2 * plan.compensated,
        "events": result.events + after.events - before.events,
        "total": result.total + after.total - before.total,
        "digest": None
        if result.digest is None
        else (result.digest + after.hash - before.hash) % 2**64,
    }


def _planned(result: LoadResult, again: Outcome, looked: Counts) -> dict[str, int]:
    """Counts of a dry run, in which the part that was looked at again takes the place of
    ``looked``.
    """
    plan = again.first.of(result.pair.metric)
    inserted, removed = plan.inserted - looked[0], plan.removed - looked[1]
    changed = inserted - removed - 2 * (plan.compensated - looked[2])
    return {
        "inserted": result.inserted + inserted,
        "removed": result.removed + removed,
        "unchanged": result.unchanged - removed,
        "wanted": result.wanted + changed,
        "events": result.events + changed,
    }
