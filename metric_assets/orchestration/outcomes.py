"""How a run ended: why it failed, as a whole and by pair."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import dagster as dg

from metric_assets.catalog.catalog import Catalog
from metric_assets.catalog.model import Pair
from metric_assets.operations.backfill import Outcome
from metric_assets.operations.listener import Unread
from metric_assets.orchestration.assets import step_name
from metric_assets.orchestration.check_names import checks_name
from metric_assets.orchestration.dagster_private import SerializableErrorInfo
from metric_assets.orchestration.interruptions import asked

#: What a signal raises in a run.
_INTERRUPTIONS = {"DagsterExecutionInterruptedError", "KeyboardInterrupt"}


def failure_of(events: Iterable[dg.DagsterEvent]) -> tuple[str, bool]:
    """Why a run failed, by its events, and whether only because it was interrupted."""
    reasons: list[str] = []
    for event in events:
        if event.is_step_failure or event.is_run_failure:
            error = _error(event)
            if error is not None and error.cls_name in _INTERRUPTIONS:
                return "interrupted by a signal", True
            if (reason := _reason(event, error)) and (event.is_step_failure or not reasons):
                reasons.append(reason)
    return "; ".join(dict.fromkeys(reasons)), False


def outcome_of(
    entity: str,
    catalog: Catalog,
    pairs: Sequence[Pair],
    result: dg.ExecuteInProcessResult | dg.JobExecutionResult,
    unread: Iterable[Unread] = (),
) -> Outcome:
    """Of a run over ``pairs`` that has ended; ``unread`` is what its listener was told."""
    named = {pair: why for one in unread if one.run == result.run_id
             for pair, why in one.reasons.items()}  # fmt: skip
    failures: dict[str, str] = {}
    reasons: list[str] = []
    interrupted = asked()
    for event in result.all_events:
        if event.is_step_failure or event.is_run_failure:
            error = _error(event)
            is_signal = error is not None and error.cls_name in _INTERRUPTIONS
            interrupted = interrupted or is_signal
            reason = "interrupted by a signal" if is_signal else _reason(event, error)
            # A run's own failure says only which steps failed.
            if reason and (event.is_step_failure or not reasons):
                reasons.append(reason)
            if event.is_step_failure:
                step = event.step_key or ""
                failures = {**_by_pair(step, catalog, pairs, named, reason), **failures}
    if not result.success and not failures:
        failures = {pair.key: "; ".join(reasons) for pair in pairs}
    return Outcome(
        entity,
        result.run_id,
        result.success,
        "; ".join(dict.fromkeys(reasons)),
        failures,
        interrupted,
    )


def _error(event: dg.DagsterEvent) -> SerializableErrorInfo | None:
    if event.is_step_failure:
        return event.step_failure_data.error
    return event.job_failure_data.error


def _reason(event: dg.DagsterEvent, error: SerializableErrorInfo | None) -> str:
    """What went wrong at the bottom: our words if the step had any, else the innermost cause."""
    data = event.step_failure_data.user_failure_data if event.is_step_failure else None
    if data is not None and data.description:
        return data.description
    if error is None:
        return event.message or ""
    while error.cause is not None:
        error = error.cause
    return error.message.strip()


def _by_pair(
    step: str, catalog: Catalog, pairs: Sequence[Pair], named: Mapping[Pair, str], reason: str
) -> dict[str, str]:
    """The pairs that a failed step was about: those it has named, else all that it works on."""
    told = {pair.key: why for pair, why in named.items() if step == checks_name(pair.entity)}
    if told:
        return told
    scans = {step_name(scan): scan for pair in pairs for scan in catalog.scans_of(pair.entity)}
    scan = scans.get(step)
    fed = {pair.key for pair in scan.pairs} if scan is not None else None
    return {
        pair.key: reason
        for pair in pairs
        if (pair.key in fed if fed is not None else step == checks_name(pair.entity))
    }
