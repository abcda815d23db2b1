"""One row a pair: what was done and what is wrong.

Belongs here: receipts and check results gathered into rows, for the closing table and for JSON.
Does not belong here: rendering.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from metric_assets.catalog import Pair, Rule
from metric_assets.cli.running import Outcome, legacy_checks, plain_metadata
from metric_assets.pipeline import Receipt

COLUMNS = ("pair", "ranges", "wanted", "inserted", "removed", "unchanged")
CHECK_COLUMNS = ("events", "legacy", "coverage", "missing", "phantom", "status")


@dataclass
class Row:
    """A pair over all ranges of a command. Counts are rows; sums are counter units."""

    pair: str
    ranges: int = 0
    wanted: int = 0
    present: int = 0
    inserted: int = 0
    removed: int = 0
    unchanged: int = 0
    events: float | None = None
    legacy: float | None = None
    missing: float = 0
    phantom: float = 0
    checked: int = 0
    rule: str = ""
    failed_ranges: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    status: str = "unchecked"

    @property
    def coverage(self) -> float | None:
        """1 minus missing over legacy; None where legacy is 0."""
        return 1 - self.missing / self.legacy if self.legacy else None

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {**asdict(self), "coverage": self.coverage}


def build_rows(
    pairs: Sequence[Pair], receipts: Iterable[Receipt], outcomes: Iterable[Outcome]
) -> list[Row]:
    """A row a pair, in catalogue order."""
    rows = {pair.key: Row(pair.key, rule=pair.legacy.rule.value) for pair in pairs}
    for receipt in receipts:
        row = rows[receipt.pair]
        row.ranges += 1
        row.wanted += receipt.wanted
        row.present += receipt.present
        row.inserted += receipt.inserted
        row.removed += receipt.removed
        row.unchanged += receipt.unchanged
        row.status = "planned" if receipt.dry_run else row.status
    failures: dict[str, str] = defaultdict(str)
    for outcome in outcomes:
        for key, partition, check in legacy_checks(outcome):
            if key in rows:
                _add_check(
                    rows[key], partition, check.passed, check.description, plain_metadata(check)
                )
        if not outcome.success:
            failures[outcome.entity] = outcome.failure
    for row in rows.values():
        _conclude(row, failures)
    return list(rows.values())


def _add_check(
    row: Row, partition: str, passed: bool, sentence: str | None, figures: dict[str, Any]
) -> None:
    row.checked += 1
    row.events = (row.events or 0) + figures["events_total"]
    row.legacy = (row.legacy or 0) + figures["legacy_total"]
    row.missing += figures["missing"]
    row.phantom += figures["phantom"]
    if not passed:
        row.failed_ranges.append(partition)
        row.remarks.append(sentence or "")


def _conclude(row: Row, failures: dict[str, str]) -> None:
    entity = row.pair.split("/")[0]
    if entity in failures and not row.checked:
        row.status = "failed"
    elif row.failed_ranges:
        row.status = f"differs: {len(row.failed_ranges)} of {row.checked} ranges"
    elif row.checked:
        row.status = "informational" if row.rule == Rule.INFORMATIONAL.value else "ok"


def is_clean(rows: Iterable[Row], outcomes: Iterable[Outcome]) -> bool:
    """Whether every run ended well and no check fails."""
    return all(outcome.success for outcome in outcomes) and not any(
        row.failed_ranges or row.status == "failed" for row in rows
    )
