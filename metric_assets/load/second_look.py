"""The second look: live events that were late at a load are read again at the end of its run.

Belongs here: what is looked at again, when, and how the load result changes. Does not belong here:
the judgement itself (attempt), or the first look (pipeline).
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from metric_assets.catalog.model import Pair
from metric_assets.live import LiveFigures
from metric_assets.load.attempt import Attempt, Counts, Outcome
from metric_assets.load.clock import Clock
from metric_assets.load_result import LoadResult
from metric_assets.ranges import IdRange
from metric_assets.stores.ports import PartitionLocks, Scope, Target

#: Seconds of one wait, so that an interruption is felt.
_PULSE = 0.5

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
        while self._pending:
            key = next(iter(self._pending))
            found += _look(self._pending[key], target, locks)
            del self._pending[key]
        return found


def _look(pending: Pending, target: Target, locks: PartitionLocks) -> list[LoadResult]:
    """Look at one scope again; nothing if it was loaded by somebody else in between."""
    scope, dry_run, first = pending.scope, pending.dry_run, pending.attempt
    name = uuid.uuid4().hex[:16]
    judging = first.judging
    if judging is not None and not dry_run:
        # What the first look left out is not held: it has been loaded since.
        judging = replace(judging, loaded=judging.metrics)
    clock = Clock()
    with locks.watch(scope, name) if dry_run else locks.acquire(scope) as lock:
        # Whoever loaded the scope since has cleaned this up, and may keep something of their own
        # for a second look: cleaning up now would drop that.
        if judging is None or not target.keeps(pending.name):
            return []
        target.clean_up(scope, lock.is_alive, dry_run=dry_run, spare=pending.name)
        with target.stage(scope, name, dry_run=dry_run) as stage:
            if not stage.recall(pending.name, judging):
                return []
            again = replace(
                first,
                stage=stage,
                lock=lock,
                judging=judging,
                clock=clock,
                looks=False,
                part=True,
            )
            outcome = again.run(dry_run=dry_run)
        target.forget(pending.name)
    clock.ends("look")
    return [_revised(result, pending, outcome, clock) for result in pending.load_results]


def _revised(result: LoadResult, pending: Pending, again: Outcome, clock: Clock) -> LoadResult:
    """A load result after the second look."""
    metric = result.pair.metric
    if metric in pending.attempt.behind:
        return result
    first, figures = result.live, again.judged[metric].figures
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
