"""One attempt at a scope: from a filled stage to a target that holds what is wanted.

Belongs here: judge, plan, guard, apply, verify, in this order. Does not belong here: how the stage
was filled (filling, or a second look), or the load result (pipeline).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from metric_assets.changes import Known
from metric_assets.errors import RemovalRefusedError, TargetError, VerificationError
from metric_assets.live import Judged, Judging, LiveFigures
from metric_assets.load.clock import Clock
from metric_assets.plan import Plan, RemovalGuard, Summary, build_plan, compare_summaries
from metric_assets.source_state import Loaded, SourceState
from metric_assets.stores.ports import PartitionLock, Scope
from metric_assets.stores.stage_port import Stage

#: Plans applied before giving up. A merge under way or an orphan's late commit costs one more.
MAX_ROUNDS = 3
#: (inserted, removed, compensated) rows of a metric.
Counts = tuple[int, int, int]


@dataclass(frozen=True)
class SourceCheck:
    """The sources that an attempt has read, and the states that its pairs were last loaded from."""

    states: tuple[SourceState, ...]
    loaded: Mapping[str, Loaded]

    def reasons(self, max_lag: float) -> tuple[str, ...]:
        """Why they may show less than there is."""
        found = (state.incomplete(max_lag) for state in self.states)
        return tuple(reason for reasons in found for reason in reasons)

    def overtaken(self) -> tuple[str, ...]:
        """Whether a pair was loaded from a later state, by what is recorded."""
        loaded = tuple(one.position for one in self.loaded.values())
        found = (state.overtaken(loaded) for state in self.states)
        return tuple(reason for reasons in found for reason in reasons)


@dataclass(frozen=True)
class Outcome:
    """What an attempt came to.

    ``first`` is its first plan, ``before`` what the scope held, ``after`` what it holds afterwards
    (in a dry run, what it would hold), ``judged`` the judgement by metric. ``refused`` is what the
    guard refused of a dry run. ``kept`` says that a second look is needed, ``looked`` which part of
    a dry run's plan it will find anew, and ``gone`` how much is gone untold, by metric and entity.
    """

    first: Plan
    before: dict[str, Summary]
    after: dict[str, Summary]
    judged: dict[str, Judged]
    refused: str = ""
    kept: bool = False
    looked: Mapping[str, Counts] = field(default_factory=dict)
    gone: Mapping[str, Mapping[int, int]] = field(default_factory=dict)


@dataclass(frozen=True)
class Attempt:
    """A filled stage on its way to the target.

    ``judging`` says how live events are judged, None where none have a say. Metrics in ``behind``
    keep what they hold: their live stream is behind. With ``looks`` a second look follows where
    one is needed.
    """

    stage: Stage
    scope: Scope
    lock: PartitionLock
    guard: RemovalGuard
    source: SourceCheck
    clock: Clock
    judging: Judging | None = None
    behind: frozenset[str] = frozenset()
    looks: bool = False
    #: What the target holds where fingerprints agree: neither staged nor looked at again.
    agreed: Mapping[str, Summary] = field(default_factory=dict)
    #: Whether they agree everywhere.
    in_sync: bool = False
    gone: Counter[str] = field(default_factory=Counter)
    #: Whether only some keys of the scope are looked at, as by a second look.
    part: bool = False

    def run(self, *, dry_run: bool) -> Outcome:
        """Apply plans until one is empty; of a dry run, only the first plan.

        Raises RemovalRefusedError if the guard refuses a plan (a dry run tells it instead),
        TargetError for an adjustment that does not fit into the target, BusyError if the partition
        lock is lost, VerificationError if the scope cannot be brought in sync.
        """
        if self.in_sync:
            return self._nothing(dry_run=dry_run)
        present = self.stage.present()
        judged, kept = self._judge(present, dry_run)
        wanted = self.stage.staged()
        first = self._plan(wanted, present)
        outcome = Outcome(first, present, present, judged, kept=kept, gone=self._gone(judged))
        if dry_run:
            return self._dry(outcome, wanted, present)
        self._guard(first)
        self.clock.ends("plan")
        plan = first
        for _ in range(MAX_ROUNDS):
            if plan.empty:
                return replace(outcome, after=present)
            self.lock.verify()
            self._apply(plan, wanted)
            self.gone.update({metric.metric: metric.gone for metric in plan.metrics})
            self.clock.ends("apply")
            present = self.stage.present()
            plan = self._plan(wanted, present)
            self._guard(plan)
            self.clock.ends("verify")
        if plan.empty:
            return replace(outcome, after=present)
        raise VerificationError(
            f"{self.scope.label}: after {MAX_ROUNDS} rounds the target still differs: {plan};"
            " something else is writing below the cutoff"
            f" {self.scope.cutoff.isoformat()}"
        )

    def _nothing(self, *, dry_run: bool) -> Outcome:
        """The outcome where nothing differs."""
        if dry_run:
            self.lock.verify()
        none = {metric: Summary() for metric in self.scope.names}
        self.clock.ends("plan")
        judged = {metric: Judged(LiveFigures()) for metric in self.scope.names}
        return Outcome(build_plan(none, none, {}), none, none, judged)

    def _dry(
        self, outcome: Outcome, wanted: dict[str, Summary], present: dict[str, Summary]
    ) -> Outcome:
        refused = ""
        try:
            self._guard(outcome.first)
        except RemovalRefusedError as error:
            refused = str(error)
        self.lock.verify()
        fresh = [name for name, summary in present.items() if summary.events == 0]
        looked = self.stage.looked(fresh) if outcome.kept else {}
        self.clock.ends("plan")
        after = {name: present[name] if name in self.behind else wanted[name] for name in wanted}
        return replace(outcome, after=after, refused=refused, looked=looked)

    def _judge(
        self, present: Mapping[str, Summary], dry_run: bool
    ) -> tuple[dict[str, Judged], bool]:
        """The judgement by metric, its adjustments put into the stage; and whether what a second
        look needs was kept.
        """
        none = {metric: Judged(LiveFigures()) for metric in self.scope.names}
        if self.judging is None:
            return none, False
        fresh = tuple(name for name in self.judging.metrics if self._is_fresh(name, present))
        seen = self.stage.sees_live(self.judging)
        beside = any(summary.events for summary in self.stage.beside().values())
        if not (seen.some or beside) and len(fresh) == len(self.judging.metrics):
            return none, False
        judged = self.stage.judge(self.judging, fresh)
        self._check(judged)
        changes = any(one.changes for one in judged.values())
        kept = self.looks and (changes or (seen.recent and not dry_run))
        if kept:
            self.stage.keep(self.judging)
        if any(one.largest for one in judged.values()):
            self.stage.adjust(self.judging)
        if any(one.figures.drift for one in judged.values()):
            hours = self.stage.drift_hours(self.judging)
            for name, one in judged.items():
                told = hours.get(name, ()) if one.figures.drift else ()
                judged[name] = replace(one, figures=replace(one.figures, drift_hours=told))
        return {**none, **judged}, kept

    def _is_fresh(self, metric: str, present: Mapping[str, Summary]) -> bool:
        """Whether the scope holds nothing of a metric."""
        return present[metric].events == 0 and not self._agreed(metric)

    def _gone(self, judged: Mapping[str, Judged]) -> Mapping[str, Mapping[int, int]]:
        if any(one.figures.gone_untold for one in judged.values()):
            return self.stage.gone_entities()
        return {}

    def _check(self, judged: Mapping[str, Judged]) -> None:
        """Raise TargetError for an adjustment that the target cannot hold."""
        low, high = self.stage.bounds.value
        for metric, one in judged.items():
            if one.largest > min(-low if low < 0 else high, high):
                raise TargetError(
                    f"{self.scope.key_of(metric)}: an adjustment of"
                    f" {one.largest} does not fit into metricValue ({low} to {high}); nothing was"
                    " written. Widen the column of the target"
                )

    def _plan(self, wanted: Mapping[str, Summary], present: Mapping[str, Summary]) -> Plan:
        # What is behind keeps what it holds: that is wanted of it.
        aims = {name: present[name] if name in self.behind else wanted[name] for name in wanted}
        differing = compare_summaries(aims, present).differing
        return build_plan(aims, present, self.stage.difference(differing) if differing else {})

    def _guard(self, plan: Plan) -> None:
        """Raise RemovalRefusedError if what the plan removes is too much, or cannot be judged."""
        label, guard = self.scope.label, self.guard
        keys = {name: self.scope.key_of(name) for name in self.scope.names}
        if guard.max_share < 1 and any(metric.gone for metric in plan.metrics):
            reasons = (*self.source.reasons(guard.max_lag), *self.source.overtaken())
            guard.check_source(label, plan.metrics, reasons)
        held = [
            replace(one, present=one.present + self._agreed(one.metric)) for one in plan.metrics
        ]
        guard.check(label, keys, held, self.gone)

    def _apply(self, plan: Plan, wanted: Mapping[str, Summary]) -> None:
        fresh = [name for name in plan.changed if plan.of(name).present == 0]
        differing = [name for name in plan.changed if plan.of(name).present > 0]
        empty = () if self.part else (name for name in fresh if not self._agreed(name))
        cutoffs = {metric: loaded.cutoff for metric, loaded in self.source.loaded.items()}
        known = Known(frozenset(empty), cutoffs)
        if fresh:
            others = [name for name in wanted if name not in fresh and wanted[name].events]
            self.stage.publish(fresh, known, alone=not others)
        if differing:
            self.stage.apply_difference(differing, known)

    def _agreed(self, metric: str) -> int:
        """Events of a metric that are neither staged nor looked at: fingerprints agree."""
        return self.agreed.get(metric, Summary()).events
