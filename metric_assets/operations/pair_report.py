"""What a command did and found of one pair: for the closing table and for JSON.

Belongs here: what load results and verdicts of all ranges come to, in figures and in a word. Does
not belong here: a verdict (source_check, reconcile, badge), or how a report is shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from metric_assets.audit.source_check import SourceVerdict, SourceWord
from metric_assets.badge import Badge
from metric_assets.catalog.model import Pair, Rule
from metric_assets.live import LiveFigures
from metric_assets.load_result import LoadResult
from metric_assets.operations.listener import Checked
from metric_assets.reconcile import Verdict, coverage

if TYPE_CHECKING:
    # Its module imports the drivers, which cost seconds that `--help` need not pay.
    from metric_assets.operations.dry_run import Missed

_V = TypeVar("_V", SourceVerdict, Verdict)

#: Rows of load results that are summed up, and counter units of their live events.
_ROWS = ("wanted", "present", "inserted", "removed", "unchanged")
_LIVE = tuple(one.name for one in fields(LiveFigures) if one.name != "drift_hours")
#: Ranges that are not well, by the word for what is wrong: their names in a document.
_RANGES = {
    SourceWord.DIFFERS.value: "differing_ranges",
    SourceWord.DRIFTS.value: "drifting_ranges",
    SourceWord.BEHIND.value: "behind_ranges",
    "not verified": "unverified_ranges",
    "not loaded": "unloaded_ranges",
    "legacy differs": "legacy_failing_ranges",
    "busy": "busy_ranges",
}


def code(word: str) -> str:
    """A state as programs compare it: ``live_drift``."""
    return word.replace(" ", "_")


@dataclass(frozen=True, eq=False)
class PairReport:
    """A pair over all ranges of a command.

    ``source_verdicts`` and ``legacy_verdicts`` are of ranges that the command looked at, ``badge``
    is of the whole grid, ``missed`` could not be planned, ``failure`` is why a run failed.
    """

    pair: Pair
    load_results: Sequence[LoadResult] = ()
    source_verdicts: Sequence[SourceVerdict] = ()
    legacy_verdicts: Sequence[Verdict] = ()
    missed: Sequence[Missed] = ()
    badge: Badge | None = None
    failure: str = ""

    def rows(self, name: str) -> int:
        """Rows of all load results: wanted, present, inserted, removed or unchanged."""
        return sum(getattr(result, name) for result in self.load_results)

    @property
    def live(self) -> LiveFigures:
        """What live events meant, over all load results."""
        lives = [result.live for result in self.load_results]
        return LiveFigures(**{name: sum(getattr(one, name) for one in lives) for name in _LIVE})

    def legacy(self, name: str) -> float:
        """Counter units of all comparisons with legacy: events, legacy, missing or phantom."""
        total: float = sum(getattr(verdict, name) for verdict in self.legacy_verdicts)
        return total

    @property
    def coverage(self) -> float | None:
        """1 minus missing over legacy; None where legacy is 0."""
        return coverage(self.legacy("missing"), self.legacy("legacy"))

    @property
    def ranges(self) -> int:
        """Ranges that the command loaded; with a badge, that are loaded."""
        return self.badge.materialized if self.badge else len(self.load_results)

    @property
    def verified(self) -> int:
        """Ranges that the source check was made of."""
        return self.badge.verified if self.badge else len(self._settled(self.source_verdicts))

    @property
    def stale(self) -> bool:
        """Whether nothing is wrong but the age of the oldest proof."""
        badge = self.badge
        return badge is not None and not badge.passed and not any(badge.lists.values())

    @property
    def failures(self) -> list[str]:
        """Why something could not be done or looked at."""
        missed = [str(one.error) for one in self.missed if not one.busy]
        return [*missed, self.failure] if self.failure else missed

    @property
    def remarks(self) -> list[str]:
        """What is wrong, in words."""
        busy = [str(one.error) for one in self.missed if one.busy]
        verdicts: tuple[Checked, ...] = (
            *self._settled(self.legacy_verdicts),
            *self._settled(self.source_verdicts),
            *([self.badge] if self.badge else []),
        )
        return [*busy, *(one.sentence for one in verdicts if not one.passed)]

    @cached_property
    def failing(self) -> dict[str, list[str]]:
        """Ranges (partition keys) that are not well, by what is wrong with them, in a word or two:
        the gravest first, and last those that break the rule of legacy.
        """
        known = self.badge.lists if self.badge else {}
        legacy = [one for one in self._settled(self.legacy_verdicts) if not one.passed]
        return {
            "differs": self._ranges(SourceWord.DIFFERS, known.get("differing", [])),
            "not loaded": known.get("unloaded", []),
            "live drift": self._ranges(SourceWord.DRIFTS, known.get("drifting", [])),
            "busy": self._busy,
            "stream behind": self._ranges(SourceWord.BEHIND, known.get("behind", [])),
            "not verified": known.get("unverified", []),
            "legacy differs": [one.ids.key for one in legacy],
        }

    @property
    def source_check(self) -> str:
        """What the source check says of the pair: the gravest word."""
        if self.failures:
            return "failed"
        for word, ranges in self.failing.items():
            if ranges and word != "legacy differs":
                return word
        if self.stale:
            return "not verified"
        return SourceWord.EQUAL.value if self.verified else "unchecked"

    @property
    def legacy_check(self) -> str:
        """What the comparison with legacy says; a pair without a rule is not judged by it."""
        if self.failing["legacy differs"]:
            return "differs"
        if self.pair.legacy.rule is Rule.INFORMATIONAL:
            return "not judged"
        return "agrees" if self.legacy_verdicts else "unchecked"

    @property
    def status(self) -> str:
        """One word for both checks; ``ok`` if all is well, with the number of ranges if not."""
        word = self.source_check
        if word in {"equal", "unchecked"} and self.failing["legacy differs"]:
            word = "legacy differs"
        elif word == SourceWord.EQUAL.value:
            return "ok"
        ranges = self.failing.get(word)
        if not ranges:
            return word
        seen = max(len(self.legacy_verdicts), self.ranges + len(self._busy), self.verified)
        of = f" of {seen}" if seen >= len(ranges) and word != "not loaded" else ""
        return f"{word}: {len(ranges)}{of} ranges"

    @property
    def well(self) -> bool:
        """Whether the counter equals its source and breaks no rule, as far as was looked at."""
        return self.status in {"ok", "unchecked"}

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        looked, live = bool(self.legacy_verdicts), self.live
        grave = ("differs", "live drift", "legacy differs")
        failed = [key for word in grave for key in self.failing[word]]
        return {
            "pair": self.pair.key,
            "ranges": self.ranges,
            **{name: self.rows(name) for name in _ROWS},
            **{name: getattr(live, name) for name in _LIVE},
            "events": self.legacy("events") if looked else None,
            "legacy": self.legacy("legacy") if looked else None,
            "missing": self.legacy("missing"),
            "phantom": self.legacy("phantom"),
            "checked": len(self.legacy_verdicts),
            "rule": self.pair.legacy.rule.value,
            **{name: self.failing[word] for word, name in _RANGES.items()},
            "refused": [one.refused for one in self.load_results if one.dry_run and one.refused],
            "failures": self.failures,
            "remarks": self.remarks,
            "verified": self.verified,
            "planned": any(result.dry_run for result in self.load_results),
            "stale": self.stale,
            "oldest_days": self.badge.oldest_days if self.badge else None,
            "coverage": self.coverage,
            "failed_ranges": list(dict.fromkeys(failed)),
            "source_check": code(self.source_check),
            "legacy_check": code(self.legacy_check),
            "status": code(self.status.partition(":")[0]),
        }

    @cached_property
    def _busy(self) -> list[str]:
        return [one.ids.key for one in self.missed if one.busy]

    def _settled(self, verdicts: Sequence[_V]) -> list[_V]:
        """Without those of ranges that are being written: they say nothing of what will be."""
        return [one for one in verdicts if one.ids.key not in self._busy]

    def _ranges(self, word: SourceWord, known: Sequence[str]) -> list[str]:
        """Ranges with a verdict, then those that are known from earlier ones."""
        verdicts = self._settled(self.source_verdicts)
        found = [one.ids.key for one in verdicts if one.word is word]
        return list(dict.fromkeys([*found, *known]))
