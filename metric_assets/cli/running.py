"""Runs of the command line: through Dagster, in this process, one an entity.

Belongs here: what is handed to Dagster and what comes back. Does not belong here: what is shown.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import dagster as dg

from metric_assets.catalog.catalog import Catalog
from metric_assets.catalog.model import Pair, Scan
from metric_assets.cli import environment
from metric_assets.errors import MetricAssetsError
from metric_assets.orchestration.assets import step_name
from metric_assets.orchestration.build import build_definitions
from metric_assets.orchestration.check_names import (
    ALL,
    ENTITY_TAG,
    HEAL_TAG,
    NONE,
    PAIRS_METADATA,
    RECONCILED,
    SOURCE_TAG,
    asset_key,
    checks_name,
)
from metric_assets.orchestration.dagster_private import SerializableErrorInfo
from metric_assets.orchestration.instance import end_dead_runs, open_instance
from metric_assets.orchestration.interruptions import asked
from metric_assets.orchestration.processes import own_tags
from metric_assets.orchestration.proofs import Proofs
from metric_assets.orchestration.resources import Listener
from metric_assets.orchestration.sensors import RANGE_START, RANGE_STOP
from metric_assets.ranges import IdRange
from metric_assets.settings import Settings
from metric_assets.source_state import Loaded

#: A stored result of a check.
Evaluation = dg.AssetCheckEvaluation
#: What a signal raises in a run.
_INTERRUPTIONS = {"DagsterExecutionInterruptedError", "KeyboardInterrupt"}
#: Dagster's own lines would tear the progress bar; the UI keeps them all.
_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@dataclass
class Outcome:
    """What a run left behind: check results, and why it did not end well, as a whole and by pair.

    ``interrupted`` says that a signal ended it: nothing more must be begun.
    """

    entity: str
    run_id: str
    success: bool
    failure: str = ""
    checks: list[dg.AssetCheckEvaluation] = field(default_factory=list)
    failures: dict[str, str] = field(default_factory=dict)
    interrupted: bool = False

    @cached_property
    def by_pair(self) -> dict[str, list[Evaluation]]:
        """The check results of each pair."""
        found: dict[str, list[Evaluation]] = {}
        for check in self.checks:
            found.setdefault("/".join(check.asset_key.path), []).append(check)
        return found


@dataclass(frozen=True)
class Work:
    """Pairs of one entity over neighbouring ranges."""

    entity: str
    pairs: tuple[Pair, ...]
    ranges: tuple[IdRange, ...]
    scans: tuple[Scan, ...]

    @classmethod
    def of(
        cls, catalog: Catalog, entity: str, pairs: Iterable[Pair], ranges: Iterable[IdRange]
    ) -> Work:
        """With the scans that feed the pairs."""
        chosen = tuple(pairs)
        scans = catalog.scans_of(entity)
        feeding = tuple(scan for scan in scans if any(pair in chosen for pair in scan.pairs))
        return cls(entity, chosen, tuple(ranges), feeding)

    @property
    def steps(self) -> int:
        """Partitions of scans to be read."""
        return len(self.scans) * len(self.ranges)


def run_backfill(
    work: Sequence[Work],
    settings: Settings,
    listener: Listener,
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
                **_own_tags(),
            }
            with _interruptible():
                result = job.execute_in_process(
                    instance=instance,
                    asset_selection=[asset_key(pair) for pair in piece.pairs],
                    tags=tags,
                    run_config={} if verbose else _QUIET,
                    raise_on_error=False,
                )
            outcome = _outcome(piece.entity, settings.catalog, piece.pairs, result)
            yield outcome
            if outcome.interrupted:
                return


def run_checks(
    pairs: Sequence[Pair],
    settings: Settings,
    listener: Listener,
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
        with _interruptible():
            result = definitions.resolve_job_def("reconcile_selection").execute_in_process(
                instance=instance,
                tags={SOURCE_TAG: ALL if source else NONE, **_own_tags()},
                run_config={} if verbose else _QUIET,
                raise_on_error=False,
            )
    return _outcome("all", settings.catalog, pairs, result)


@contextmanager
def recorded(
    listener: Listener,
) -> Iterator[Callable[[Sequence[Pair], IdRange], Mapping[str, Loaded]]]:
    """What is recorded of the loads of pairs and ranges, for dry runs.

    Where Dagster's storage does not answer a dry run goes on without, and says so.
    """
    try:
        environment.dagster_answers()
    except MetricAssetsError as error:
        listener.remarked([f"planned as if nothing had been loaded before: {error}"])
        yield lambda _pairs, _ids: {}
        return
    with open_instance() as instance:
        yield Proofs(instance).loaded


@contextmanager
def _interruptible() -> Iterator[None]:
    """An interruption that Dagster lets through is one like any other."""
    try:
        yield
    except dg.DagsterExecutionInterruptedError:
        raise KeyboardInterrupt from None


def _own_tags() -> dict[str, str]:
    """Who runs it; and that no daemon may begin it again, which only a command can."""
    return {**own_tags(), "dagster/max_retries": "0"}


def partition_checks(outcome: Outcome, pair: str, name: str) -> dict[str, Evaluation]:
    """The last result of a check of a pair by range: a step that is retried gives them again."""
    return {
        check.partition: check
        for check in outcome.by_pair.get(pair, ())
        if check.check_name == name and check.partition
    }


def badge_of(outcome: Outcome, pair: str) -> Evaluation | None:
    """The last result of the check of a whole pair."""
    found = [one for one in outcome.by_pair.get(pair, ()) if one.check_name == RECONCILED]
    return found[-1] if found else None


def plain_metadata(check: Evaluation) -> dict[str, Any]:
    """Metadata of a check result as plain values."""
    return {name: value.value for name, value in check.metadata.items()}


def forget_materializations(catalog: Catalog) -> None:
    """Wipe what Dagster knows of all pairs: for the demo, whose data and ranges were replaced."""
    with open_instance() as instance:
        known = instance.all_asset_keys()
        instance.wipe_assets([key for key in known if "/".join(key.path) in catalog.pairs])


def quiet_dagster() -> None:
    """Keep Dagster's notices off the terminal."""
    for name in ("dagster", "dagster.daemon", "alembic", "sqlalchemy"):
        logging.getLogger(name).setLevel(logging.CRITICAL)


def _outcome(
    entity: str, catalog: Catalog, pairs: Sequence[Pair], result: dg.ExecuteInProcessResult
) -> Outcome:
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
                for key, text in _by_pair(event, catalog, pairs, reason).items():
                    failures.setdefault(key, text)
    if not result.success and not failures:
        failures = {pair.key: "; ".join(reasons) for pair in pairs}
    return Outcome(
        entity,
        result.run_id,
        result.success,
        "; ".join(dict.fromkeys(reasons)),
        list(result.get_asset_check_evaluations()),
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
    event: dg.DagsterEvent, catalog: Catalog, pairs: Sequence[Pair], reason: str
) -> dict[str, str]:
    """The pairs that a failed step was about: those it names, else all that it works on."""
    data = event.step_failure_data.user_failure_data
    named = data.metadata.get(PAIRS_METADATA) if data is not None else None
    if named is not None and isinstance(named.value, dict):
        return {str(key): str(text) for key, text in named.value.items()}
    scans = {step_name(scan): scan for pair in pairs for scan in catalog.scans_of(pair.entity)}
    scan = scans.get(event.step_key or "")
    step = event.step_key or ""
    fed = {pair.key for pair in scan.pairs} if scan is not None else None
    return {
        pair.key: reason
        for pair in pairs
        if (pair.key in fed if fed is not None else step == checks_name(pair.entity))
    }
