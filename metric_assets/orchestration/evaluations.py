"""Verdicts as Dagster's check results.

Belongs here: how a verdict of ours is written down as a result. Does not belong here: how it is
found, or where results are kept (proofs).
"""

from __future__ import annotations

from collections.abc import Iterable

import dagster as dg
from dagster import AssetCheckEvaluation

from metric_assets.catalog.model import Pair
from metric_assets.load_result import LoadResult
from metric_assets.orchestration.check_names import MATCHES_LEGACY, MATCHES_SOURCE, asset_key
from metric_assets.orchestration.metadata import source_metadata, verdict_metadata
from metric_assets.orchestration.proofs import Proofs
from metric_assets.ranges import IdRange
from metric_assets.reconcile import Verdict
from metric_assets.source_check import SourceVerdict


def legacy_evaluation(
    pair: Pair, ids: IdRange, verdict: Verdict, proofs: Proofs
) -> AssetCheckEvaluation:
    """The result of a comparison with legacy."""
    return AssetCheckEvaluation(
        asset_key=asset_key(pair),
        check_name=MATCHES_LEGACY,
        partition=ids.key,
        passed=verdict.passed,
        severity=dg.AssetCheckSeverity.ERROR,
        blocking=False,
        description=verdict.sentence(ids.key),
        metadata=verdict_metadata(verdict),
        target_materialization_data=proofs.target(pair, ids.key),
    )


def source_evaluation(result: LoadResult, proofs: Proofs) -> AssetCheckEvaluation:
    """What a materialization or a dry run verified: an error where the backfilled part differs, a
    warning where only live events do, or where nothing could be proven.
    """
    verdict = SourceVerdict(result)
    severity = dg.AssetCheckSeverity
    return AssetCheckEvaluation(
        asset_key=asset_key(result.pair),
        check_name=MATCHES_SOURCE,
        partition=result.ids.key,
        passed=verdict.passed,
        severity=severity.WARN if not verdict.passed and not verdict.severe else severity.ERROR,
        blocking=False,
        description=verdict.sentence,
        metadata=source_metadata(verdict),
        target_materialization_data=proofs.target(result.pair, result.ids.key),
    )


def failing_last(evaluations: Iterable[AssetCheckEvaluation]) -> list[AssetCheckEvaluation]:
    """In an order in which the page that opens shows what fails: the last result is shown."""
    return sorted(
        evaluations,
        key=lambda one: (not one.passed, not one.passed and one.severity.value == "ERROR"),
    )
