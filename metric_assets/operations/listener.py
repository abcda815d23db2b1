"""Callbacks of whoever waits for a load, a dry run or checks, called inside its process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from metric_assets.audit.source_check import SourceVerdict
from metric_assets.badge import Badge
from metric_assets.catalog.model import Pair
from metric_assets.load.undo import Undone
from metric_assets.load_result import LoadResult
from metric_assets.ranges import IdRange
from metric_assets.reconcile import Verdict

#: What a check comes to: of a range by its source or by legacy, or of a whole pair.
Checked = SourceVerdict | Verdict | Badge


@dataclass(frozen=True)
class Retry:
    """A failed step that is tried again: in ``seconds``, as ``attempt`` of ``attempts``."""

    step: str
    cause: str
    seconds: float
    attempt: int
    attempts: int

    @property
    def sentence(self) -> str:
        """In words."""
        return (
            f"{self.step}: {self.cause}; trying again in {self.seconds:.0f} s, attempt"
            f" {self.attempt} of {self.attempts}"
        )

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {**asdict(self), "seconds": round(self.seconds, 1)}


@dataclass(frozen=True)
class Unread:
    """What the checks of a run could not compare: why, by pair; other pairs were compared."""

    run: str
    reasons: Mapping[Pair, str]


class Listener:
    """Listens to nothing: for runs that Dagster launches, whose events the UI has."""

    def began(self, scan: str, ids: IdRange) -> None:
        """A range of a scan is being read."""

    def read(self, rows: int) -> None:
        """So many rows of it have been read."""

    def ended(self, load_results: list[LoadResult]) -> None:
        """It is done."""

    def looked(self, load_results: list[LoadResult]) -> None:
        """A second look was taken; what it came to replaces the results that were given."""

    def checked(self, verdict: Checked) -> None:
        """A check of a range or the badge of a pair has come to this; an earlier one is void."""

    def undone(self, undone: Undone) -> None:
        """A range was put back to what it held before a run."""

    def retrying(self, retry: Retry) -> None:
        """A step failed and will be tried again."""

    def failed(self, unread: Unread) -> None:
        """Something could not be compared; the step fails once the rest is told."""

    def remarked(self, sentences: list[str]) -> None:
        """Something besides the work should be known."""


@dataclass(eq=False)
class Results(Listener):
    """Keeps what is told: load results in their order, verdicts by pair and range."""

    load_results: list[LoadResult] = field(default_factory=list)
    source: dict[Pair, dict[IdRange, SourceVerdict]] = field(default_factory=dict)
    legacy: dict[Pair, dict[IdRange, Verdict]] = field(default_factory=dict)
    badges: dict[Pair, Badge] = field(default_factory=dict)
    undoings: list[Undone] = field(default_factory=list)
    retries: list[Retry] = field(default_factory=list)
    unread: list[Unread] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    def ended(self, load_results: list[LoadResult]) -> None:
        """Keep them."""
        self.load_results += load_results

    def looked(self, load_results: list[LoadResult]) -> None:
        """Keep them in place of the first results."""
        for again in load_results:
            for place in reversed(range(len(self.load_results))):
                first = self.load_results[place]
                if (first.pair, first.ids) == (again.pair, again.ids):
                    self.load_results[place] = again
                    break

    def checked(self, verdict: Checked) -> None:
        """Keep it."""
        match verdict:
            case SourceVerdict():
                self.source.setdefault(verdict.pair, {})[verdict.ids] = verdict
            case Verdict():
                self.legacy.setdefault(verdict.pair, {})[verdict.ids] = verdict
            case Badge():
                self.badges[verdict.pair] = verdict

    def undone(self, undone: Undone) -> None:
        """Keep it."""
        self.undoings.append(undone)

    def retrying(self, retry: Retry) -> None:
        """Keep it."""
        self.retries.append(retry)

    def failed(self, unread: Unread) -> None:
        """Keep it."""
        self.unread.append(unread)

    def remarked(self, sentences: list[str]) -> None:
        """Keep them."""
        self.remarks += sentences

    def forget_checks(self) -> None:
        """Drop verdicts and badges: everything is checked again."""
        self.source, self.legacy, self.badges = {}, {}, {}
