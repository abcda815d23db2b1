"""One row a pair: what was done and what is wrong, for the closing table and for JSON.

Belongs here: the words and columns of a row. Does not belong here: where its figures come from
(report).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from metric_assets.catalog.model import Rule
from metric_assets.source_check import SourceWord

#: Columns of a backfill's table, and of a reconciliation's.
COLUMNS = (
    "pair", "ranges", "wanted", "inserted", "removed", "withdrawn", "overlap",
    "rule", "source", "legacy",
)  # fmt: skip
CHECK_COLUMNS = (
    "pair", "ranges", "events", "missing", "phantom", "coverage", "rule", "source", "legacy",
)  # fmt: skip
#: Rules as the table names them.
RULES = {
    Rule.EXACT.value: "exact",
    Rule.TOLERANCE.value: "tolerance",
    Rule.EVENTS_AT_LEAST_LEGACY.value: "at least",
    Rule.LEGACY_AT_LEAST_EVENTS.value: "at most",
    Rule.INFORMATIONAL.value: "none",
}


@dataclass
class Row:
    """A pair over all ranges of a command. Counts are rows; sums are counter units.

    ``missing`` and ``phantom`` are by the comparison with legacy, ``checked`` the ranges of it.
    ``failures`` are the reasons why something could not be done or looked at. ``status`` is one
    word for all of it, ``source_check`` and ``legacy_check`` are those of the two checks.
    """

    pair: str
    ranges: int = 0
    wanted: int = 0
    present: int = 0
    inserted: int = 0
    removed: int = 0
    unchanged: int = 0
    withdrawn: int = 0
    overlap: int = 0
    unsettled: int = 0
    unsettled_width: int = 0
    moved: int = 0
    live_missing: int = 0
    live_phantom: int = 0
    gone_untold: int = 0
    orphaned: int = 0
    events: float | None = None
    legacy: float | None = None
    missing: float = 0
    phantom: float = 0
    checked: int = 0
    rule: str = ""
    differing_ranges: list[str] = field(default_factory=list)
    drifting_ranges: list[str] = field(default_factory=list)
    behind_ranges: list[str] = field(default_factory=list)
    unproven_ranges: list[str] = field(default_factory=list)
    unloaded_ranges: list[str] = field(default_factory=list)
    legacy_failing_ranges: list[str] = field(default_factory=list)
    busy_ranges: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    #: Ranges that the source check was made of.
    verified: int = 0
    planned: bool = False
    stale: bool = False
    #: The age of the oldest result of the source check that counts, in days.
    oldest_days: float | None = None

    @property
    def coverage(self) -> float | None:
        """1 minus missing over legacy; None where legacy is 0."""
        return 1 - self.missing / self.legacy if self.legacy else None

    @property
    def failed_ranges(self) -> list[str]:
        """Ranges that fail either check."""
        return list(
            dict.fromkeys(
                [*self.differing_ranges, *self.drifting_ranges, *self.legacy_failing_ranges]
            )
        )

    @property
    def source_check(self) -> str:
        """What the source check says of the pair: the gravest word."""
        found = (
            (self.failures, "failed"),
            (self.differing_ranges, SourceWord.DIFFERS.value),
            (self.unloaded_ranges, "not loaded"),
            (self.drifting_ranges, SourceWord.DRIFTS.value),
            (self.busy_ranges, "busy"),
            (self.behind_ranges, SourceWord.BEHIND.value),
            (self.unproven_ranges or self.stale, "not proven"),
            (self.verified, SourceWord.EQUAL.value),
        )
        return next((word for ranges, word in found if ranges), "unchecked")

    @property
    def legacy_check(self) -> str:
        """What the comparison with legacy says; a pair without a rule is not judged by it."""
        if self.legacy_failing_ranges:
            return "differs"
        if self.rule == Rule.INFORMATIONAL.value:
            return "not judged"
        return "agrees" if self.checked else "unchecked"

    @property
    def status(self) -> str:
        """One word for both checks; ``ok`` if all is well, with the number of ranges if not."""
        word = self.source_check
        if word == SourceWord.EQUAL.value and not self.legacy_failing_ranges:
            return "ok"
        if word in {"equal", "unchecked"} and self.legacy_failing_ranges:
            word = "legacy differs"
        ranges = {
            "differs": self.differing_ranges,
            "legacy differs": self.legacy_failing_ranges,
            "not loaded": self.unloaded_ranges,
            "live drift": self.drifting_ranges,
            "busy": self.busy_ranges,
            "stream behind": self.behind_ranges,
            "not proven": self.unproven_ranges,
        }.get(word)
        seen = max(self.checked, self.ranges + len(self.busy_ranges), self.verified)
        if not ranges:
            return word
        of = f" of {seen}" if seen >= len(ranges) and word != "not loaded" else ""
        return f"{word}: {len(ranges)}{of} ranges"

    @property
    def well(self) -> bool:
        """Whether the counter equals its source and breaks no rule, as far as was looked at."""
        return self.status in {"ok", "unchecked"}

    def cell(self, column: str) -> object:
        """What the table shows in a column."""
        match column:
            case "rule":
                return RULES.get(self.rule, self.rule)
            case "source":
                return self.source_check
            case "legacy":
                return self.legacy_check
            case _:
                return getattr(self, column)

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {
            **asdict(self),
            "coverage": self.coverage,
            "failed_ranges": self.failed_ranges,
            "source_check": self.source_check,
            "legacy_check": self.legacy_check,
            "status": self.status,
        }
