"""Runs in this process, for the command line: one an entity, of the jobs that Dagster has.

Belongs here: what Dagster is given. Does not belong here: what a run left behind (outcomes).
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import dagster as dg

from metric_assets.audit.history_rows import row_of
from metric_assets.audit.source_check import SourceVerdict
from metric_assets.catalog.catalog import Catalog
from metric_assets.catalog.model import Pair
from metric_assets.errors import MetricAssetsError
from metric_assets.operations.backfill import Outcome, Work
from metric_assets.operations.dry_run import DryRuns, Missed, Piece, dry_run
from metric_assets.operations.explain import Explained
from metric_assets.operations.explain_ranges import explain_ranges
from metric_assets.operations.history import record
from metric_assets.operations.listener import Listener, Results
from metric_assets.operations.repair import RepairWork
from metric_assets.orchestration.build import build_definitions
from metric_assets.orchestration.check_names import (
    ALL,
    ENTITY_TAG,
    HEAL_TAG,
    NONE,
    SOURCE_TAG,
    UNDOES_TAG,
    asset_key,
    check_keys,
)
from metric_assets.orchestration.instance import dagster_answers, end_dead_runs, open_instance
from metric_assets.orchestration.jobs import RECONCILE_JOB, backfill_job_name
from metric_assets.orchestration.outcomes import outcome_of
from metric_assets.orchestration.own_runs import execute_here
from metric_assets.orchestration.proofs import Proofs
from metric_assets.orchestration.repair_run import REPAIR_JOB
from metric_assets.orchestration.sensors import RANGE_START, RANGE_STOP
from metric_assets.orchestration.summary import refresh_summary
from metric_assets.orchestration.undo_run import UNDO_JOB
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
    with _instance(listener) as instance:
        for piece in work:
            tags = {
                RANGE_START: piece.ranges[0].key,
                RANGE_STOP: piece.ranges[-1].key,
                ENTITY_TAG: piece.entity,
                **({HEAL_TAG: "true"} if heal else {}),
            }
            result = execute_here(
                definitions.resolve_job_def(backfill_job_name(piece.entity)),
                instance,
                tags,
                assets=[asset_key(pair) for pair in piece.pairs],
                run_config=_config(verbose=verbose),
            )
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
    definitions = build_definitions(settings, listener)
    with _instance(listener) as instance:
        result = execute_here(
            definitions.resolve_job_def(RECONCILE_JOB),
            instance,
            {SOURCE_TAG: ALL if source else NONE},
            checks=check_keys(pairs),
            run_config=_config(verbose=verbose),
        )
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


def explain(
    pieces: Iterable[Piece], settings: Settings, listener: Listener
) -> Iterator[Explained | Missed]:
    """Explanations of ranges, by what Dagster recorded of their loads; as plan_only()."""
    try:
        dagster_answers()
    except MetricAssetsError as error:
        listener.remarked([f"explained without what Dagster recorded of loads: {error}"])
        yield from explain_ranges(pieces, settings, listener)
        return
    with open_instance() as instance:
        yield from explain_ranges(pieces, settings, listener, Proofs(instance).loaded)


def run_repair(
    work: Iterable[RepairWork], settings: Settings, listener: Results, *, verbose: bool
) -> Iterator[Outcome]:
    """Load ranges again and check them, one run an entity; yields an outcome as each run ends. The
    outcome of an interrupted run is the last one.
    """
    definitions = build_definitions(settings, listener)
    job = definitions.resolve_job_def(REPAIR_JOB)
    with _instance(listener) as instance:
        for piece in work:
            config = {"ops": {"load_again": {"config": {"ranges": piece.as_config()}}}}
            # Its loads are source checks: nothing else is compared with its source.
            tags = {ENTITY_TAG: piece.entity, SOURCE_TAG: NONE}
            result = execute_here(
                job, instance, tags, run_config={**config, **_config(verbose=verbose)}
            )
            pairs = tuple(piece.ranges)
            outcome = outcome_of(piece.entity, settings.catalog, pairs, result, listener.unread)
            refresh_summary(settings, instance, pairs, listener)
            yield outcome
            if outcome.interrupted:
                return


def run_undo(
    run: str, settings: Settings, listener: Listener, *, force: bool, verbose: bool
) -> Outcome:
    """Undo a run; with ``force`` what others changed since is put back, too."""
    definitions = build_definitions(settings, listener)
    with _instance(listener) as instance:
        config = {"ops": {"put_back": {"config": {"run": run, "force": force}}}}
        job = definitions.resolve_job_def(UNDO_JOB)
        tags = {UNDOES_TAG: run}
        result = execute_here(
            job, instance, tags, run_config={**config, **_config(verbose=verbose)}
        )
        refresh_summary(settings, instance, settings.catalog.pairs.values(), listener)
    return outcome_of("all", settings.catalog, (), result)


@contextmanager
def _instance(listener: Listener) -> Iterator[dg.DagsterInstance]:
    """The instance for runs of this process; runs of dead ones are ended first."""
    with open_instance() as instance:
        listener.remarked(end_dead_runs(instance))
        yield instance


def _config(*, verbose: bool) -> dict[str, Any]:
    return {} if verbose else _QUIET


def forget_materializations(catalog: Catalog) -> None:
    """Wipe what Dagster knows of all pairs: for the demo, whose data and ranges were replaced."""
    with open_instance() as instance:
        known = instance.all_asset_keys()
        instance.wipe_assets([key for key in known if "/".join(key.path) in catalog.pairs])


def quiet_dagster() -> None:
    """Keep Dagster's notices off the terminal."""
    for name in ("dagster", "dagster.daemon", "alembic", "sqlalchemy"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
