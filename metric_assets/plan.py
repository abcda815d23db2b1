"""Wanted minus present: what a scope needs, what it means and whether it may be done.

Belongs here: dataclasses and arithmetic. Does not belong here: any I/O; the numbers come from the
target, which takes the difference itself.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

from metric_assets import defaults
from metric_assets.errors import RemovalRefusedError

#: Plans that remove no more rows than this pass the guard whatever their share: in a sparse
#: range a single row is a large share and no danger.
REMOVAL_FLOOR = 1_000


class Mode(str, Enum):
    """How a surplus is repaired: by deleting it, or by adding its negation."""

    REPLACE = "replace"
    APPEND = "append"


@dataclass(frozen=True)
class Summary:
    """Rows of one metric in a table: their number, sum of values, and a hash that adds up.

    ``hash`` is the sum of fingerprint.row_hashes(), in 64 bits that wrap, wherever it is computed:
    it compares with one that was taken at any other time. ``hash`` and ``net`` count an event of a
    negative value against the one that it compensates, so that such a pair weighs nothing: ``net``
    is the number of rows less those of negative value.
    """

    events: int = 0
    total: int = 0
    hash: int = 0
    net: int = 0

    def hash_with(self, other: Summary) -> int:
        """The hash of the rows of both."""
        return (self.hash + other.hash) % 2**64

    def agrees(self, other: Summary) -> bool:
        """Whether both hold the same events, but for pairs of an event and its compensation."""
        return (self.net, self.total, self.hash) == (other.net, other.total, other.hash)


@dataclass(frozen=True)
class MetricPlan:
    """What one metric of a scope needs; all figures are rows.

    ``removed`` are surplus rows taken away (replace). ``inserted`` includes the ``compensated``
    ones, the negations that append adds in their place.
    """

    metric: str
    wanted: int
    present: int
    inserted: int
    removed: int
    compensated: int = 0

    @property
    def empty(self) -> bool:
        """Whether nothing is to be done."""
        return self.inserted == 0 and self.removed == 0

    @property
    def gone(self) -> int:
        """Rows present that are taken away or made up for."""
        return self.removed + self.compensated

    @property
    def unchanged(self) -> int:
        """Rows that are present and stay."""
        return self.present - self.removed


@dataclass(frozen=True)
class Plan:
    """The plan of a scope, a row a metric."""

    metrics: tuple[MetricPlan, ...]

    @property
    def empty(self) -> bool:
        """Whether the scope already holds what it should."""
        return all(metric.empty for metric in self.metrics)

    @property
    def changed(self) -> tuple[str, ...]:
        """Metrics with something to do."""
        return tuple(metric.metric for metric in self.metrics if not metric.empty)

    def of(self, metric: str) -> MetricPlan:
        """The plan of one metric."""
        return next(plan for plan in self.metrics if plan.metric == metric)


@dataclass(frozen=True)
class Comparison:
    """Metrics of a scope sorted by how much has to be compared.

    ``in_sync`` hold exactly what is staged; ``empty`` hold nothing yet; ``differing`` need a
    difference key by key.
    """

    in_sync: tuple[str, ...]
    empty: tuple[str, ...]
    differing: tuple[str, ...]


def compare_summaries(staged: Mapping[str, Summary], present: Mapping[str, Summary]) -> Comparison:
    """Sort metrics by their summaries; those that agree are in sync."""
    in_sync, empty, differing = [], [], []
    for metric, summary in staged.items():
        if present[metric].agrees(summary):
            in_sync.append(metric)
        elif present[metric].events == 0:
            empty.append(metric)
        else:
            differing.append(metric)
    return Comparison(tuple(in_sync), tuple(empty), tuple(differing))


def build_plan(
    staged: Mapping[str, Summary],
    present: Mapping[str, Summary],
    differences: Mapping[str, tuple[int, int, int]],
) -> Plan:
    """The plan from summaries, and (inserted, removed, compensated) rows of differing metrics."""
    empty = compare_summaries(staged, present).empty
    return Plan(
        tuple(
            MetricPlan(
                metric,
                summary.events,
                present[metric].events,
                *(
                    (summary.events, 0, 0)
                    if metric in empty
                    else differences.get(metric, (0, 0, 0))
                ),
            )
            for metric, summary in staged.items()
        )
    )


def guard_removal(scope: str, plans: Iterable[MetricPlan], max_share: float) -> None:
    """Raise RemovalRefusedError if any metric would lose more than ``max_share`` of what it holds.

    Refuses the suspicious: an emptied or half-restored source must not empty the target.
    """
    for plan in plans:
        if plan.gone > max(REMOVAL_FLOOR, max_share * plan.present):
            raise RemovalRefusedError(
                f"{scope}: the plan removes {plan.gone} of {plan.present} {plan.metric} events"
                f" that are present ({plan.gone / plan.present:.0%}); at most {max_share:.0%} may"
                " go without a word. Look whether the source has lost rows or the cutoff or range"
                " has changed; if the removal is right, allow it with"
                " METRIC_ASSETS_MAX_REMOVED_SHARE=1"
            )


@dataclass
class RemovalGuard:
    """What one run, or one command over all its runs, may remove; it lives as long as that.

    ``max_share`` (0 to 1) bounds what goes of each range and of the whole run; with 1 nothing is
    refused. A source that is more than ``max_lag`` seconds behind is not trusted with a removal.
    """

    max_share: float = defaults.MAX_REMOVED_SHARE
    max_lag: float = defaults.MAX_REPLICA_LAG
    #: Rows gone and rows present, by pair and range; a range that is tried again replaces its own.
    _gone: dict[str, int] = field(default_factory=dict)
    _present: dict[str, int] = field(default_factory=dict)
    _judging: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    def check(
        self,
        scope: str,
        keys: Mapping[str, str],
        plans: Iterable[MetricPlan],
        before: Mapping[str, int],
    ) -> None:
        """Raise RemovalRefusedError if the plans of a scope, and all before them, are too much.

        ``keys`` name the partition of each metric; ``before`` are rows that earlier rounds of the
        same attempt have removed. Ranges side by side are judged one after another.
        """
        plans = tuple(plans)
        guard_removal(scope, plans, self.max_share)
        with self._judging:
            self._check_all(scope, keys, plans, before)

    def _check_all(
        self,
        scope: str,
        keys: Mapping[str, str],
        plans: Sequence[MetricPlan],
        before: Mapping[str, int],
    ) -> None:
        gone, present = dict(self._gone), dict(self._present)
        for plan in plans:
            key = keys[plan.metric]
            gone[key] = max(gone.get(key, 0), before.get(plan.metric, 0) + plan.gone)
            present[key] = max(present.get(key, 0), plan.present)
        total, held = sum(gone.values()), sum(present.values())
        removes = any(plan.gone for plan in plans)
        if removes and self.max_share < 1 and total > max(REMOVAL_FLOOR, self.max_share * held):
            raise RemovalRefusedError(
                f"{scope}: with this plan the run removes {total} of {held} events that were"
                f" present in its ranges so far ({total / held:.0%}); at most {self.max_share:.0%}"
                " may go without a word, over a run as in a range. Look whether the source has lost"
                " rows or the cutoff or range has changed; if the removal is right, allow it with"
                " METRIC_ASSETS_MAX_REMOVED_SHARE=1"
            )
        self._gone, self._present = gone, present

    def check_source(self, scope: str, plans: Iterable[MetricPlan], reasons: Sequence[str]) -> None:
        """Raise RemovalRefusedError if anything is to go while the source may show less than there
        is, for ``reasons``.
        """
        gone = sum(plan.gone for plan in plans)
        if gone and reasons and self.max_share < 1:
            raise RemovalRefusedError(
                f"{scope}: the plan removes {gone} events that are present, but the source may show"
                f" less than there is: {'; '.join(reasons)}. Nothing was written. Wait until that"
                " has passed, or read the primary or a role that sees every row; if the removal is"
                " right, allow it with METRIC_ASSETS_MAX_REMOVED_SHARE=1"
            )
