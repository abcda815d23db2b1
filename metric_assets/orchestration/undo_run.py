"""One execution of an undo: ranges are put back one after the other, and Dagster is told.

Belongs here: what is recorded of a range that was put back. Does not belong here: how that is done
(load/undo).

A range that was loaded before the run gets a materialization with the cutoff that was recorded
then. One that was not gets an observation, which says that it counts as never loaded: Dagster
cannot take a materialization of one partition away. Either fails `matches_source`, because the
target holds again what the run had found wrong.
"""

from dataclasses import dataclass, field
from datetime import datetime

import dagster as dg
from dagster import AssetCheckEvaluation

from metric_assets.audit.history_rows import undone_row
from metric_assets.catalog.model import Pair
from metric_assets.changes import ChangedRange
from metric_assets.errors import MetricAssetsError
from metric_assets.load.undo import Undone
from metric_assets.operations.undo import Callbacks, put_back
from metric_assets.orchestration.badge import build_badge
from metric_assets.orchestration.check_names import MATCHES_SOURCE
from metric_assets.orchestration.evaluations import Evaluations, log_evaluation
from metric_assets.orchestration.interruptions import one_interruption
from metric_assets.orchestration.proofs import Proofs
from metric_assets.orchestration.recording import HistoryLog
from metric_assets.orchestration.resources import ClickHouseResource, PostgresResource, Shared
from metric_assets.orchestration.retries import step_error
from metric_assets.orchestration.undo_events import (
    UNDOES,
    being_undone,
    undoes,
    undone_check,
    undone_event,
)
from metric_assets.settings import Settings

UNDO_JOB = "undo"


class UndoConfig(dg.Config):
    """Which run is undone (its whole id), and whether what others changed since is put back too."""

    run: str
    force: bool = False


def build_undo_job(settings: Settings, shared: Shared) -> dg.JobDefinition:
    """Undo a run; `metric-assets undo` runs it once it has shown what it will do."""

    @dg.op(name="put_back", description="Put back what a run changed of the target.")
    def put_back_run(
        context: dg.OpExecutionContext,
        config: UndoConfig,
        postgres: PostgresResource,
        clickhouse: ClickHouseResource,
    ) -> None:
        UndoRun(context, settings, shared, config).execute(postgres, clickhouse)

    @dg.job(
        name=UNDO_JOB,
        executor_def=dg.in_process_executor,
        description="Put back what the target held before a run changed it. `metric-assets undo`"
        " shows first what that takes.",
    )
    def undo() -> None:
        put_back_run()

    return undo


@dataclass
class UndoRun:
    """An undo of one run."""

    context: dg.OpExecutionContext
    settings: Settings
    shared: Shared
    config: UndoConfig
    done: list[Undone] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.proofs = Proofs(self.context.instance)
        self.history = HistoryLog(self.context, self.settings, self.shared.listener)

    def execute(self, postgres: PostgresResource, clickhouse: ClickHouseResource) -> None:
        """Put range after range back; what is done is recorded whatever follows."""
        try:
            with (
                one_interruption(),
                postgres.open(self.settings) as source,
                clickhouse.open(self.settings) as server,
            ):
                callbacks = Callbacks(self._recorded, self._began)
                for undone in put_back(
                    self.config.run,
                    self.context.run_id,
                    self.settings,
                    server,
                    source,
                    callbacks,
                    force=self.config.force,
                ):
                    self._ended(undone)
        except MetricAssetsError as error:
            raise step_error(error, self.context, self.shared.listener) from error
        finally:
            with self.history.written(clickhouse):
                self._check()

    def _recorded(self, changed: ChangedRange) -> datetime | None:
        """The cutoff that is recorded for a range now."""
        pair = self._pair(changed)
        if pair is None:
            return None
        loaded = self.proofs.loaded([pair], changed.ids).get(pair.metric)
        return loaded.cutoff if loaded else None

    def _began(self, changed: ChangedRange) -> None:
        """Nothing green may stand while the range is written to, nor after it was interrupted."""
        pair = self._pair(changed)
        if pair is not None:
            self._log(pair, changed, being_undone(pair, changed, self._by, self.proofs))

    def _ended(self, undone: Undone) -> None:
        changed = undone.changed
        self.context.log.info(_sentence(undone))
        self.shared.listener.undone(undone)
        pair = self._pair(changed)
        if pair is None or (undone.plan.empty and not self._is_open(pair, changed)):
            return
        self.context.log_event(undone_event(pair, undone, self._by, self.proofs))
        self.done.append(undone)

    def _is_open(self, pair: Pair, changed: ChangedRange) -> bool:
        """Whether a range that needs nothing was put back and not recorded so: by an undo that was
        interrupted. Its last record is the run's own, or a check says that it is being undone.
        """
        record = self.proofs.last_record(pair, changed.ids.key)
        if record is None:
            return False
        evaluated = self.proofs.last_figures(pair, MATCHES_SOURCE, changed.ids.key)
        return undoes(record) != self.config.run and (
            record.run_id == self.config.run or evaluated.get(UNDOES) == self.config.run
        )

    def _check(self) -> None:
        """The failed checks about what was recorded last, and the badges that follow from them."""
        fresh = Proofs(self.context.instance)
        evaluations = Evaluations(self.history, self.shared.listener, fresh)
        never: dict[Pair, list[str]] = {}
        for undone in self.done:
            changed = undone.changed
            pair = self.settings.catalog.pairs[f"{changed.entity}/{changed.metric}"]
            self._log(pair, changed, undone_check(pair, undone, self._by, fresh))
            gone = never.setdefault(pair, [])
            if changed.previous is None:
                gone.append(changed.ids.key)
        for pair, keys in never.items():
            badge = build_badge(pair, keys, self.settings, fresh)
            log_evaluation(self.context, evaluations.of(badge))

    def _log(self, pair: Pair, changed: ChangedRange, made: AssetCheckEvaluation) -> None:
        """Record a failed check, for Dagster and for the history."""
        log_evaluation(self.context, made)
        said = str(made.description)
        row = undone_row(
            pair,
            changed.ids,
            said,
            _figure(made, "missing"),
            _figure(made, "surplus"),
            self.history.stamp,
        )
        self.history.add([row])

    def _pair(self, changed: ChangedRange) -> Pair | None:
        """The pair, if its range is one of the grid; rows that belonged to nothing have none."""
        pair = self.settings.catalog.pairs.get(f"{changed.entity}/{changed.metric}")
        if (
            pair is None
            or self.settings.grid_of(pair.entity).cell(changed.ids.start) != changed.ids
        ):
            return None
        return pair

    @property
    def _by(self) -> str:
        """Who undoes it."""
        return f"run {self.context.run_id}"


def _sentence(undone: Undone) -> str:
    rows = undone.plan.rows
    return (
        f"{undone.changed.place}: {rows.inserted} inserted, {rows.removed} removed, as it was"
        f" before; {rows.wanted} rows now"
    )


def _figure(made: AssetCheckEvaluation, name: str) -> int:
    """A number of a result; 0 where it has none."""
    value = made.metadata[name].value if name in made.metadata else 0
    return value if isinstance(value, int) else 0
