"""Load results and check results gathered into one row a pair.

Belongs here: what of a result counts in which row. Does not belong here: what a row comes to (row),
rendering, or the sentence that closes a command (closing).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from metric_assets.catalog.model import Pair
from metric_assets.cli.row import Row
from metric_assets.load_result import LoadResult
from metric_assets.operations.dry_run import Missed
from metric_assets.orchestration.check_names import MATCHES_LEGACY, MATCHES_SOURCE
from metric_assets.orchestration.outcomes import (
    Evaluation,
    Outcome,
    badge_of,
    partition_checks,
    plain_metadata,
)
from metric_assets.ranges import IdRange
from metric_assets.source_check import SourceVerdict, SourceWord

#: Counter units of live events that a row sums up.
_LIVE = (
    "withdrawn", "overlap", "unsettled", "unsettled_width", "moved", "live_missing",
    "live_phantom", "gone_untold", "orphaned",
)  # fmt: skip


def merged(load_results: Iterable[LoadResult]) -> list[LoadResult]:
    """One load result a pair and range, in the order of their first attempts.

    A retried step works on its ranges again. What counts of them is the last attempt, but what all
    attempts inserted and removed was really written, so these two are sums.
    """
    found: dict[tuple[Pair, IdRange], LoadResult] = {}
    for result in load_results:
        key = (result.pair, result.ids)
        earlier = found.get(key)
        found[key] = (
            result
            if earlier is None
            else replace(
                result,
                inserted=result.inserted + earlier.inserted,
                removed=result.removed + earlier.removed,
            )
        )
    return list(found.values())


def build_rows(
    pairs: Sequence[Pair],
    load_results: Iterable[LoadResult],
    outcomes: Iterable[Outcome],
    missed: Iterable[Missed] = (),
    *,
    badges: bool = False,
) -> list[Row]:
    """A row a pair, in catalog order; ``missed`` are ranges that could not be planned.

    With ``badges`` what is known of the whole grid counts as well, not only what the runs did.
    """
    rows = {pair.key: Row(pair.key, rule=pair.legacy.rule.value) for pair in pairs}
    for result in merged(load_results):
        _add_load_result(rows[result.pair.key], result)
    for one in missed:
        for key in one.pairs:
            _add_missed(rows[key], one)
    for outcome in outcomes:
        for row in rows.values():
            _add_outcome(row, outcome, badges=badges)
    return list(rows.values())


def _add_missed(row: Row, missed: Missed) -> None:
    if missed.busy:
        row.busy_ranges.append(missed.ids.key)
        row.remarks.append(str(missed.error))
    else:
        row.failures.append(str(missed.error))


def _add_outcome(row: Row, outcome: Outcome, *, badges: bool) -> None:
    for partition, check in partition_checks(outcome, row.pair, MATCHES_LEGACY).items():
        _add_legacy(row, partition, check)
    for partition, check in partition_checks(outcome, row.pair, MATCHES_SOURCE).items():
        _add_source(row, partition, check)
    badge = badge_of(outcome, row.pair) if badges else None
    if badge is not None:
        _add_badge(row, badge)
    if row.pair in outcome.failures:
        row.failures.append(outcome.failures[row.pair])


def _add_load_result(row: Row, result: LoadResult) -> None:
    row.ranges += 1
    row.wanted += result.wanted
    row.present += result.present
    row.inserted += result.inserted
    row.removed += result.removed
    row.unchanged += result.unchanged
    for name in _LIVE:
        setattr(row, name, getattr(row, name) + getattr(result.live, name))
    if result.dry_run:
        row.planned = True
        verdict = SourceVerdict(result)
        _place(row, result.ids.key, verdict.word.value)
        if not verdict.passed:
            row.remarks.append(verdict.sentence)
        if result.refused:
            row.refused.append(result.refused)


def _place(row: Row, partition: str, word: str) -> None:
    """Note what the source check says of a range."""
    row.verified += 1
    lists = {
        SourceWord.DIFFERS.value: row.differing_ranges,
        SourceWord.DRIFTS.value: row.drifting_ranges,
        SourceWord.BEHIND.value: row.behind_ranges,
    }
    if word in lists and partition not in lists[word]:
        lists[word].append(partition)


def _add_source(row: Row, partition: str, check: Evaluation) -> None:
    word = str(plain_metadata(check).get("word", ""))
    # What is being written right now says nothing about what will be there.
    if partition not in row.busy_ranges:
        _place(row, partition, word)
        if not check.passed:
            row.remarks.append(check.description or "")


def _add_legacy(row: Row, partition: str, check: Evaluation) -> None:
    figures = plain_metadata(check)
    row.checked += 1
    row.events = (row.events or 0) + figures["events_total"]
    row.legacy = (row.legacy or 0) + figures["legacy_total"]
    row.missing += figures["missing"]
    row.phantom += figures["phantom"]
    if not check.passed and partition not in row.busy_ranges:
        row.legacy_failing_ranges.append(partition)
        row.remarks.append(check.description or "")


def _add_badge(row: Row, check: Evaluation) -> None:
    """What is known of the whole grid, from this run or earlier ones."""
    figures: Mapping[str, Any] = plain_metadata(check)
    lists = figures["ranges"]
    for name, ranges in (
        ("differing", row.differing_ranges),
        ("drifting", row.drifting_ranges),
        ("behind", row.behind_ranges),
        ("unproven", row.unproven_ranges),
        ("unloaded", row.unloaded_ranges),
    ):
        ranges += [key for key in lists[name] if key not in ranges]
    row.ranges = int(figures["materialized_ranges"])
    row.verified = int(figures["proven_ranges"])
    row.oldest_days = figures.get("oldest_proof_days")
    row.stale = not check.passed and not any(lists.values())
    if not check.passed:
        row.remarks.append(check.description or "")


def reasons(rows: Iterable[Row], outcomes: Iterable[Outcome]) -> list[str]:
    """What the table cannot say, in words, each once: failures, then what differs or is busy."""
    found = [outcome.failure for outcome in outcomes if not outcome.success]
    for row in rows:
        # A reason that is part of a run's failure has been told with it.
        found += [text for text in row.failures if not any(text in known for known in found)]
        found += row.remarks
    return list(dict.fromkeys(text for text in found if text))


def incomplete(load_results: Iterable[LoadResult]) -> list[str]:
    """One sentence if a source may have shown less than there is while it was read."""
    doubted = [result for result in load_results if result.incomplete]
    if not doubted:
        return []
    last = doubted[-1]
    ranges = {(result.pair, result.ids) for result in doubted}
    return [
        f"The source may have shown less than there is in {len(ranges)} ranges, the last one"
        f" {last.place} (read from: {last.source}): {'; '.join(last.incomplete)}."
        " Load again once that has passed: `metric-assets doctor` says whether it has"
    ]


def is_clean(rows: Iterable[Row], outcomes: Iterable[Outcome]) -> bool:
    """Whether every run ended well, no check fails, and nothing was left out."""
    return all(outcome.success for outcome in outcomes) and all(row.well for row in rows)
