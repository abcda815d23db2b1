"""Reports of all pairs of a command, from what its listener was told.

Belongs here: which results count in which report, and what is said beside the table. Does not
belong here: what a report comes to (pair_report), or the sentence that closes a command (cli).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from metric_assets.audit.source_check import SourceVerdict
from metric_assets.catalog.model import Pair
from metric_assets.load_result import LoadResult
from metric_assets.operations.listener import Results
from metric_assets.operations.pair_report import PairReport
from metric_assets.ranges import IdRange

if TYPE_CHECKING:
    # Their modules import the drivers, which cost seconds that `--help` need not pay.
    from metric_assets.operations.backfill import Outcome
    from metric_assets.operations.dry_run import Missed


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


def report_loads(
    pairs: Sequence[Pair],
    results: Results,
    outcomes: Iterable[Outcome] = (),
    missed: Sequence[Missed] = (),
) -> list[PairReport]:
    """A report a pair of what was loaded or planned; ``missed`` could not be planned."""
    loads: dict[Pair, list[LoadResult]] = {}
    for result in merged(results.load_results):
        loads.setdefault(result.pair, []).append(result)
    reports = []
    for report in report_checks(pairs, results, outcomes, missed):
        own = loads.get(report.pair, [])
        planned = [SourceVerdict(result) for result in own if result.dry_run]
        verdicts = (*planned, *report.source_verdicts)
        reports.append(replace(report, load_results=own, source_verdicts=verdicts, badge=None))
    return reports


def report_checks(
    pairs: Sequence[Pair],
    results: Results,
    outcomes: Iterable[Outcome] = (),
    missed: Sequence[Missed] = (),
) -> list[PairReport]:
    """A report a pair of what was checked, and of what is known of its whole grid."""
    failures = {key: text for outcome in outcomes for key, text in outcome.failures.items()}
    return [
        PairReport(
            pair,
            source_verdicts=tuple(results.source.get(pair, {}).values()),
            legacy_verdicts=tuple(results.legacy.get(pair, {}).values()),
            missed=[one for one in missed if pair in one.pairs],
            badge=results.badges.get(pair),
            failure=failures.get(pair.key, ""),
        )
        for pair in pairs
    ]


def reasons(reports: Iterable[PairReport], outcomes: Iterable[Outcome]) -> list[str]:
    """What the table cannot say, in words, each once: failures, then what differs or is busy."""
    found = [outcome.failure for outcome in outcomes if not outcome.success]
    for report in reports:
        # A reason that is part of a run's failure has been told with it.
        found += [text for text in report.failures if not any(text in known for known in found)]
        found += report.remarks
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


def is_clean(reports: Iterable[PairReport], outcomes: Iterable[Outcome]) -> bool:
    """Whether every run ended well, no check fails, and nothing was left out."""
    return all(one.success for one in outcomes) and all(report.well for report in reports)
