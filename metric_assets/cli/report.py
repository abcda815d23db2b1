"""One row a pair: what was done and what is wrong.

Belongs here: receipts and check results gathered into rows, for the closing table and for JSON.
Does not belong here: rendering.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from metric_assets.catalog import Pair, Rule
from metric_assets.cli.running import Evaluation, Outcome, legacy_checks, plain_metadata
from metric_assets.errors import BusyError, MetricAssetsError
from metric_assets.load_result import Receipt
from metric_assets.ranges import IdRange

COLUMNS = ("pair", "ranges", "wanted", "inserted", "removed", "unchanged")
CHECK_COLUMNS = ("events", "legacy", "coverage", "missing", "phantom", "status")


@dataclass(frozen=True)
class Missed:
    """A range of pairs that could not be planned, and why."""

    pairs: tuple[str, ...]
    ids: IdRange
    error: MetricAssetsError

    @property
    def busy(self) -> bool:
        """Whether it is only that another run is at it right now."""
        return isinstance(self.error, BusyError)

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {
            "pairs": list(self.pairs),
            "ids": self.ids.key,
            "busy": self.busy,
            "reason": str(self.error),
        }


@dataclass
class Row:
    """A pair over all ranges of a command. Counts are rows; sums are counter units.

    ``failures`` are the reasons why something of it could not be done or looked at.
    """

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
    busy_ranges: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    status: str = "unchecked"

    @property
    def coverage(self) -> float | None:
        """1 minus missing over legacy; None where legacy is 0."""
        return 1 - self.missing / self.legacy if self.legacy else None

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {**asdict(self), "coverage": self.coverage}


def merged(receipts: Iterable[Receipt]) -> list[Receipt]:
    """One load result a pair and range, in the order of their first attempts.

    A retried step works on its ranges again. What counts of them is the last attempt, but what all
    attempts inserted and removed was really written, so these two are sums.
    """
    found: dict[tuple[str, IdRange], Receipt] = {}
    for receipt in receipts:
        key = (receipt.pair, receipt.ids)
        earlier = found.get(key)
        found[key] = (
            receipt
            if earlier is None
            else replace(
                receipt,
                inserted=receipt.inserted + earlier.inserted,
                removed=receipt.removed + earlier.removed,
            )
        )
    return list(found.values())


def build_rows(
    pairs: Sequence[Pair],
    receipts: Iterable[Receipt],
    outcomes: Iterable[Outcome],
    missed: Iterable[Missed] = (),
) -> list[Row]:
    """A row a pair, in catalog order; ``missed`` are ranges that could not be planned."""
    rows = {pair.key: Row(pair.key, rule=pair.legacy.rule.value) for pair in pairs}
    for receipt in merged(receipts):
        row = rows[receipt.pair]
        row.ranges += 1
        row.wanted += receipt.wanted
        row.present += receipt.present
        row.inserted += receipt.inserted
        row.removed += receipt.removed
        row.unchanged += receipt.unchanged
        row.status = "planned" if receipt.dry_run else row.status
    busy: dict[str, list[str]] = {key: [] for key in rows}
    for one in missed:
        for key in one.pairs:
            if one.busy:
                busy[key].append(one.ids.key)
                rows[key].remarks.append(str(one.error))
            else:
                rows[key].failures.append(str(one.error))
    for outcome in outcomes:
        for (key, partition), check in _last_checks(outcome).items():
            if key in rows:
                _add_check(rows[key], partition, check, partition in busy[key])
        for key, reason in outcome.failures.items():
            if key in rows:
                rows[key].failures.append(reason)
    for row in rows.values():
        row.busy_ranges = busy[row.pair]
        _conclude(row)
    return list(rows.values())


def _last_checks(outcome: Outcome) -> dict[tuple[str, str], Evaluation]:
    """The last result of every pair and range: a retried step gives them again."""
    return {(key, partition): check for key, partition, check in legacy_checks(outcome)}


def _add_check(row: Row, partition: str, check: Evaluation, busy: bool) -> None:
    figures = plain_metadata(check)
    row.checked += 1
    row.events = (row.events or 0) + figures["events_total"]
    row.legacy = (row.legacy or 0) + figures["legacy_total"]
    row.missing += figures["missing"]
    row.phantom += figures["phantom"]
    # What is being written right now says nothing about what will be there.
    if not check.passed and not busy:
        row.failed_ranges.append(partition)
        row.remarks.append(check.description or "")


def _conclude(row: Row) -> None:
    seen = max(row.checked, row.ranges + len(row.busy_ranges))
    if row.failures:
        row.status = "failed"
    elif row.failed_ranges:
        row.status = f"differs: {len(row.failed_ranges)} of {seen} ranges"
        row.status += f", {len(row.busy_ranges)} busy" if row.busy_ranges else ""
    elif row.busy_ranges:
        row.status = f"busy: {len(row.busy_ranges)} of {seen} ranges"
    elif row.checked:
        row.status = "informational" if row.rule == Rule.INFORMATIONAL.value else "ok"


def reasons(rows: Iterable[Row], outcomes: Iterable[Outcome]) -> list[str]:
    """What the table cannot say, in words, each once: failures, then what differs or is busy."""
    found = [outcome.failure for outcome in outcomes if not outcome.success]
    for row in rows:
        # A reason that is part of a run's failure has been told with it.
        found += [text for text in row.failures if not any(text in known for known in found)]
        found += row.remarks
    return list(dict.fromkeys(text for text in found if text))


def incomplete(receipts: Iterable[Receipt]) -> list[str]:
    """One sentence if a source may have shown less than there is while it was read."""
    doubted = [receipt for receipt in receipts if receipt.incomplete]
    if not doubted:
        return []
    last = doubted[-1]
    ranges = {(receipt.pair, receipt.ids) for receipt in doubted}
    return [
        f"The source may have shown less than there is in {len(ranges)} ranges, the last one"
        f" {last.pair}/{last.ids.key} (read from: {last.source}): {'; '.join(last.incomplete)}."
        " Load again once that has passed: `metric-assets doctor` says whether it has"
    ]


def is_clean(rows: Iterable[Row], outcomes: Iterable[Outcome]) -> bool:
    """Whether every run ended well, no check fails, and nothing was left out."""
    return all(outcome.success for outcome in outcomes) and not any(
        row.failed_ranges or row.busy_ranges or row.failures for row in rows
    )
