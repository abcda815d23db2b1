"""Runs of the command line: through Dagster, in this process, one an entity.

Belongs here: what is handed to Dagster and what comes back. Does not belong here: what is shown.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import dagster as dg

from metric_assets.catalog import PAIRS, Pair, scans_of
from metric_assets.orchestration.assets import asset_key
from metric_assets.orchestration.build import build_definitions
from metric_assets.orchestration.checks import MATCHES_LEGACY
from metric_assets.orchestration.resources import Listener
from metric_assets.orchestration.sensors import RANGE_START, RANGE_STOP
from metric_assets.orchestration.storage import keep_connections
from metric_assets.ranges import IdRange
from metric_assets.settings import Settings

#: Dagster's own lines would tear the progress bar; the UI keeps them all.
_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@dataclass
class Outcome:
    """What a run left behind: check results, and the failure if it did not end well."""

    entity: str
    run_id: str
    success: bool
    failure: str = ""
    checks: list[dg.AssetCheckEvaluation] = field(default_factory=list)


@dataclass(frozen=True)
class Work:
    """Pairs of one entity over neighbouring ranges."""

    entity: str
    pairs: tuple[Pair, ...]
    ranges: tuple[IdRange, ...]

    @property
    def steps(self) -> int:
        """Partitions of scans to be read."""
        chosen = {pair.key for pair in self.pairs}
        scans = [s for s in scans_of(self.entity) if chosen & {pair.key for pair in s.pairs}]
        return len(scans) * len(self.ranges)


def run_backfill(
    work: Sequence[Work], settings: Settings, listener: Listener, *, verbose: bool
) -> Iterator[Outcome]:
    """Materialize and check; yields an outcome as each entity's run ends."""
    definitions = build_definitions(settings, listener)
    job = definitions.resolve_implicit_global_asset_job_def()
    with dg.DagsterInstance.get() as instance:
        keep_connections(instance)
        for piece in work:
            tags = {
                RANGE_START: piece.ranges[0].key,
                RANGE_STOP: piece.ranges[-1].key,
                "metric_assets/entity": piece.entity,
            }
            result = job.execute_in_process(
                instance=instance,
                asset_selection=[asset_key(pair) for pair in piece.pairs],
                tags=tags,
                run_config={} if verbose else _QUIET,
                raise_on_error=False,
            )
            yield _outcome(piece.entity, result)


def run_checks(pairs: Sequence[Pair], settings: Settings, *, verbose: bool) -> Outcome:
    """Check everything that is materialized of ``pairs``; writes only check results."""
    keys = [asset_key(pair) for pair in pairs]
    job = dg.define_asset_job(
        "reconcile_selection",
        selection=dg.AssetSelection.checks_for_assets(*keys),
        executor_def=dg.in_process_executor,
    )
    definitions = dg.Definitions.merge(build_definitions(settings), dg.Definitions(jobs=[job]))
    with dg.DagsterInstance.get() as instance:
        keep_connections(instance)
        result = definitions.resolve_job_def("reconcile_selection").execute_in_process(
            instance=instance,
            run_config={} if verbose else _QUIET,
            raise_on_error=False,
        )
    return _outcome("all", result)


def legacy_checks(outcome: Outcome) -> Iterator[tuple[str, str, dg.AssetCheckEvaluation]]:
    """The partitioned results of an outcome: pair, range, evaluation."""
    for check in outcome.checks:
        if check.check_name == MATCHES_LEGACY and check.partition:
            yield "/".join(check.asset_key.path), check.partition, check


def plain_metadata(check: dg.AssetCheckEvaluation) -> dict[str, Any]:
    """Metadata of a check result as plain values."""
    return {name: value.value for name, value in check.metadata.items()}


def forget_materializations() -> None:
    """Wipe what Dagster knows of all pairs: for the demo, whose data and ranges were replaced."""
    with dg.DagsterInstance.get() as instance:
        known = instance.all_asset_keys()
        instance.wipe_assets([key for key in known if "/".join(key.path) in PAIRS])


def quiet_dagster() -> None:
    """Keep Dagster's notices off the terminal."""
    for name in ("dagster", "dagster.daemon", "alembic", "sqlalchemy"):
        logging.getLogger(name).setLevel(logging.CRITICAL)


def _outcome(entity: str, result: dg.ExecuteInProcessResult) -> Outcome:
    failure = ""
    for event in result.all_events:
        if event.is_step_failure or event.is_run_failure:
            data = event.step_failure_data if event.is_step_failure else None
            described = (
                data.user_failure_data.description if data and data.user_failure_data else ""
            )
            error = data.error if data else None
            failure = (
                failure or described or (error.message.strip() if error else event.message or "")
            )
    return Outcome(
        entity,
        result.run_id,
        result.success,
        failure,
        list(result.get_asset_check_evaluations()),
    )
