"""Verdicts as Dagster's check results, each told to the listener and kept for the history.

Belongs here: how a verdict of ours is written down as a result. Does not belong here: how it is
found, or where results are kept (proofs, recording).
"""

from __future__ import annotations

from collections.abc import Iterable

import dagster as dg
from dagster import AssetCheckEvaluation

from metric_assets.audit.history_rows import row_of
from metric_assets.audit.source_check import SourceVerdict
from metric_assets.badge import Badge
from metric_assets.markdown import table
from metric_assets.operations.listener import Checked, Listener
from metric_assets.orchestration.badge import SUMS
from metric_assets.orchestration.check_names import (
    MATCHES_LEGACY,
    MATCHES_SOURCE,
    RECONCILED,
    asset_key,
)
from metric_assets.orchestration.metadata import source_metadata, verdict_metadata
from metric_assets.orchestration.proofs import Proofs
from metric_assets.orchestration.recording import HistoryLog
from metric_assets.reconcile import Verdict


class Evaluations:
    """What one step evaluates: whatever it gives to Dagster, the listener and the history have."""

    def __init__(self, log: HistoryLog, listener: Listener, proofs: Proofs) -> None:
        self._log = log
        self._listener = listener
        self._proofs = proofs

    def of(self, verdict: Checked) -> AssetCheckEvaluation:
        """The check result of a verdict."""
        self._listener.checked(verdict)
        self._log.add([row_of(verdict, self._log.stamp)])
        if isinstance(verdict, Badge):
            return badge_evaluation(verdict)
        return evaluation(verdict, self._proofs)


def evaluation(verdict: SourceVerdict | Verdict, proofs: Proofs) -> AssetCheckEvaluation:
    """The result of a check of a range: an error where the backfilled part differs or a rule of
    legacy is broken, a warning where only live events differ, or where nothing could be verified.
    """
    if isinstance(verdict, SourceVerdict):
        name, metadata = MATCHES_SOURCE, source_metadata(verdict)
    else:
        name, metadata = MATCHES_LEGACY, verdict_metadata(verdict)
    warns = not verdict.passed and not verdict.severe
    return AssetCheckEvaluation(
        asset_key=asset_key(verdict.pair),
        check_name=name,
        partition=verdict.ids.key,
        passed=verdict.passed,
        severity=dg.AssetCheckSeverity.WARN if warns else dg.AssetCheckSeverity.ERROR,
        blocking=False,
        description=_said(verdict),
        metadata=metadata,
        target_materialization_data=proofs.target(verdict.pair, verdict.ids.key),
    )


def log_evaluation(context: dg.OpExecutionContext, made: AssetCheckEvaluation) -> None:
    """Record a result at once, and outside of a step that has the check as an output, too."""
    # Its annotation leaves results of checks out.
    context.log_event(made)  # type: ignore[arg-type]


def _said(verdict: SourceVerdict | Verdict) -> str:
    """The verdict in words, and what to do about it."""
    if isinstance(verdict, SourceVerdict) or verdict.cure in verdict.sentence:
        return verdict.sentence
    return f"{verdict.sentence}; {verdict.cure}"


def failing_last(
    verdicts: Iterable[SourceVerdict | Verdict],
) -> list[SourceVerdict | Verdict]:
    """In an order in which the page that opens shows what fails: the last result is shown."""
    return sorted(verdicts, key=lambda one: (not one.passed, one.severe))


def badge_evaluation(badge: Badge) -> AssetCheckEvaluation:
    """The badge as a check result; its numbers are plots."""
    failed = [*badge.differing, *badge.drifting, *badge.behind, *badge.legacy_failing]
    wanted = badge.materialized + len(badge.unloaded)
    oldest = {} if badge.oldest_days is None else {"oldest_proof_days": badge.oldest_days}
    return AssetCheckEvaluation(
        asset_key=asset_key(badge.pair),
        check_name=RECONCILED,
        passed=badge.passed,
        severity=dg.AssetCheckSeverity.ERROR,
        blocking=False,
        description="; ".join(filter(None, [badge.sentence, badge.cure])),
        metadata={
            "state": badge.word,
            **({"cause": "; ".join(badge.reasons), "cure": badge.cure} if badge.reasons else {}),
            **({"not_well": _ranges(badge)} if any(badge.lists.values()) else {}),
            "materialized_ranges": badge.materialized,
            "grid_ranges": badge.grid,
            "verified_ranges": badge.verified,
            "coverage_of_grid": badge.materialized / wanted if wanted else 1.0,
            **{name: badge.figures.get(name, 0) for name in SUMS},
            **oldest,
            "failed_ranges": ", ".join(dict.fromkeys(failed)) or "none",
            "ranges": dg.MetadataValue.json(badge.lists),
        },
    )


def _ranges(badge: Badge) -> dg.MarkdownMetadataValue:
    """What is wrong, and with which ranges."""
    rows = [(name.replace("_", " "), ", ".join(keys)) for name, keys in badge.lists.items() if keys]
    return dg.MetadataValue.md(table(("what", "ranges"), rows))
