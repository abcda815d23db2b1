"""A scope on its way from the source to an attempt, and the load results of it.

Belongs here: what ranges loaded alone and together share. Does not belong here: the order of the
steps (pipeline, together), or how the stage is filled (filling).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import product
from typing import Any, Protocol

from metric_assets.catalog.model import Pair
from metric_assets.catalog.scan import Scan
from metric_assets.errors import StageMismatchError
from metric_assets.live import FOREVER, LiveRules
from metric_assets.load.attempt import Attempt, Outcome, SourceCheck
from metric_assets.load.clock import Clock
from metric_assets.load.cutoffs import check_moved
from metric_assets.load.filling import fill
from metric_assets.load.load_results import (
    code_version,
    digest_of,
    orphaned,
    plan_facts,
    read_facts,
)
from metric_assets.load.reading import Extent, Filled, Progress, Request
from metric_assets.load.second_look import Existing
from metric_assets.load.side_by_side import Stop
from metric_assets.load.streams import Streams
from metric_assets.load_result import LoadResult
from metric_assets.plan import RemovalGuard, Summary
from metric_assets.source_state import Loaded, SourceState
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
class Load:
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
        """The load results, one a pair and range."""
        behind = self.streams.behind(filled, self.rules)
        orphans = orphaned(self.scope.entity, outcome, self.stores.existing)
        parts = self.scope.parts or (self.scope.ids,)
        shared: dict[str, Any] = {
            "cutoff": self.scope.cutoff,
            "refused": outcome.refused,
            "mode": attempt.stage.mode.value,
            "dry_run": dry_run,
            "incomplete": attempt.source.reasons(attempt.guard.max_lag),
            **read_facts(filled),
            **self.clock.facts(len(parts)),
        }
        return [
            LoadResult(
                pair=pair,
                ids=part,
                rows_read=filled.by_part[part] if self.scope.parts else filled.rows,
                cleaned_up=cleaned_up if part == parts[0] else (),
                **plan_facts(filled, outcome, name, orphans),
                digest=digest_of(filled, outcome, name, dry_run=dry_run),
                stream=self.streams.of(name, behind),
                provisional=name in behind and name not in self.records,
                code_version=code_version(self.scan, pair),
                **shared,
            )
            for name, (part, pair) in zip(self.scope.names, product(parts, self.pairs), strict=True)
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
            f"{scope.key_of(metric)}: sent {sent.events} events with sum"
            f" {sent.total}, the stage holds {held.events} with sum {held.total}; the target was"
            " not touched"
        )
