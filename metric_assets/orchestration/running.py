"""Runs in this process, for the command line: one an entity, of the jobs that Dagster has.

Belongs here: what Dagster is given. Does not belong here: what a run left behind (outcomes).
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence

import dagster as dg

from metric_assets.audit.history_rows import row_of
from metric_assets.audit.source_check import SourceVerdict
from metric_assets.catalog.catalog import Catalog
from metric_assets.catalog.model import Pair
from metric_assets.errors import MetricAssetsError
from metric_assets.operations.backfill import Outcome, Work
from metric_assets.operations.dry_run import DryRuns, Piece, dry_run
from metric_assets.operations.history import record
from metric_assets.operations.listener import Listener, Results
from metric_assets.orchestration.build import build_definitions
from metric_assets.orchestration.check_names import (
    ALL,
    ENTITY_TAG,
    HEAL_TAG,
    NONE,
    SOURCE_TAG,
    asset_key,
)
from metric_assets.orchestration.instance import dagster_answers, end_dead_runs, open_instance
from metric_assets.orchestration.outcomes import outcome_of
from metric_assets.orchestration.processes import own_tags
from metric_assets.orchestration.proofs import Proofs
from metric_assets.orchestration.sensors import RANGE_START, RANGE_STOP
from metric_assets.orchestration.summary import refresh_summary
from metric_assets.settings import Settings

#: Dagster's own lines would tear the progress bar; the UI keeps them all.
_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


def run_backfill(
    work: Sequence[Work],
    settings: Settings,
    listener: Results,
    *,
    verbose: bool,
    heal: bool = False,
) -> Iterator[Outcome]:
    """Materialize and check; yields an outcome as each entity's run ends.

    With ``heal`` counters are made right whatever live events explain. The outcome of an
    interrupted run is the last one.
    """
    definitions = build_definitions(settings, listener)
    job = definitions.resolve_implicit_global_asset_job_def()
    with open_instance() as instance:
        listener.remarked(end_dead_runs(instance))
        for piece in work:
            tags = {
                RANGE_START: piece.ranges[0].key,
                RANGE_STOP: piece.ranges[-1].key,
                ENTITY_TAG: piece.entity,
                **({HEAL_TAG: "true"} if heal else {}),
            }
            keys = [asset_key(pair) for pair in piece.pairs]
            result = _execute(job, instance, tags, keys, verbose=verbose)
            outcome = outcome_of(
                piece.entity, settings.catalog, piece.pairs, result, listener.unread
            )
            yield outcome
            if outcome.interrupted:
                return
        loaded = [pair for piece in work for pair in piece.pairs]
        refresh_summary(settings, instance, loaded, listener)


def run_checks(
    pairs: Sequence[Pair],
    settings: Settings,
    listener: Results,
    *,
    verbose: bool,
    source: bool = False,
) -> Outcome:
    """Check everything that is materialized of ``pairs``; writes only check results.

    With ``source`` every range is compared with its source, too; without, what is known is taken.
    """
    keys = [asset_key(pair) for pair in pairs]
    job = dg.define_asset_job(
        "reconcile_selection",
        selection=dg.AssetSelection.checks_for_assets(*keys),
        executor_def=dg.in_process_executor,
    )
    built = build_definitions(settings, listener)
    definitions = dg.Definitions.merge(built, dg.Definitions(jobs=[job]))
    with open_instance() as instance:
        listener.remarked(end_dead_runs(instance))
        tags = {SOURCE_TAG: ALL if source else NONE}
        chosen = definitions.resolve_job_def(job.name)
        result = _execute(chosen, instance, tags, verbose=verbose)
        refresh_summary(settings, instance, pairs, listener)
    return outcome_of("all", settings.catalog, pairs, result, listener.unread)


def compare_only(pieces: Iterable[Piece], settings: Settings, listener: Listener) -> DryRuns:
    """The source check outside of a run: as plan_only(), and its results go into the history."""
    runs = plan_only(pieces, settings, listener)
    verdicts = [SourceVerdict(result) for result in runs.settled]
    record(
        lambda stamp: [row_of(verdict, stamp) for verdict in verdicts],
        settings,
        lambda sentence: listener.remarked([sentence]),
    )
    return runs


def plan_only(
    pieces: Iterable[Piece], settings: Settings, listener: Listener, *, heal: bool = False
) -> DryRuns:
    """The plan of each range, outside of a run; nothing is written.

    It needs what Dagster recorded of earlier loads. Where its storage does not answer, the plan
    goes on without, and the listener is told.
    """
    try:
        dagster_answers()
    except MetricAssetsError as error:
        listener.remarked([f"planned as if nothing had been loaded before: {error}"])
        return dry_run(pieces, settings, listener, heal=heal)
    with open_instance() as instance:
        return dry_run(pieces, settings, listener, Proofs(instance).loaded, heal=heal)


def _execute(
    job: dg.JobDefinition,
    instance: dg.DagsterInstance,
    tags: dict[str, str],
    keys: Sequence[dg.AssetKey] | None = None,
    *,
    verbose: bool,
) -> dg.ExecuteInProcessResult:
    """Run a job here; an interruption that Dagster lets through is one like any other.

    The tags say whose process it is, and that no daemon may begin it again: only a command can.
    """
    try:
        return job.execute_in_process(
            instance=instance,
            asset_selection=keys,
            tags={**tags, **own_tags(), "dagster/max_retries": "0"},
            run_config={} if verbose else _QUIET,
            raise_on_error=False,
        )
    except dg.DagsterExecutionInterruptedError:
        raise KeyboardInterrupt from None


def forget_materializations(catalog: Catalog) -> None:
    """Wipe what Dagster knows of all pairs: for the demo, whose data and ranges were replaced."""
    with open_instance() as instance:
        known = instance.all_asset_keys()
        instance.wipe_assets([key for key in known if "/".join(key.path) in catalog.pairs])


def quiet_dagster() -> None:
    """Keep Dagster's notices off the terminal."""
    for name in ("dagster", "dagster.daemon", "alembic", "sqlalchemy"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
