"""One execution of an undo: ranges are put back one after the other, and Dagster is told.

Belongs here: what is recorded of a range that was put back. Does not belong here: how that is done
(load/undo).

A range that was loaded before the run gets a materialization with the cutoff that was recorded
then. One that was not gets an observation, which says that it counts as never loaded: Dagster
cannot take a materialization of one partition away. Either fails `matches_source`, because the
target holds again what the run had found wrong.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import dagster as dg
from dagster import AssetCheckEvaluation

from metric_assets.audit.source_check import SourceWord
from metric_assets.catalog.model import Pair
from metric_assets.changes import ChangedRange
from metric_assets.errors import MetricAssetsError
from metric_assets.load.undo import Undone
from metric_assets.operations.undo import Callbacks, put_back
from metric_assets.orchestration.badge import build_badge
from metric_assets.orchestration.check_names import MATCHES_SOURCE, asset_key
from metric_assets.orchestration.evaluations import badge_evaluation
from metric_assets.orchestration.interruptions import one_interruption
from metric_assets.orchestration.proofs import Proofs
from metric_assets.orchestration.resources import ClickHouseResource, PostgresResource, Shared
from metric_assets.orchestration.retries import step_error
from metric_assets.settings import Settings
from metric_assets.stores.repairs import NO_CUTOFF

UNDO_JOB = "undo"
#: Metadata of everything that is recorded of an undo: the run that was undone.
UNDOES = "undoes"
#: What a materialization says of its source, which an undo does not change.
_SOURCE = ("source_snapshot", "source_system", "source")


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
            sentence = f"{changed.place}: run {self.config.run} is being undone by {self._by}"
            self._log(self._evaluation(pair, changed, sentence, {}, self.proofs))

    def _ended(self, undone: Undone) -> None:
        changed = undone.changed
        self.context.log.info(_sentence(undone))
        self.shared.listener.undone(undone)
        pair = self._pair(changed)
        if pair is None or (undone.plan.empty and not self._is_open(pair, changed)):
            return
        if changed.previous is None:
            self.context.log_event(
                dg.AssetObservation(
                    asset_key(pair),
                    partition=changed.ids.key,
                    description=f"Undone by {self._by}: it counts as never loaded",
                    metadata=self._metadata(undone),
                )
            )
        else:
            self.context.log_event(
                dg.AssetMaterialization(
                    asset_key(pair),
                    partition=changed.ids.key,
                    description=f"Undone by {self._by}: as it was before run {self.config.run}",
                    metadata={
                        **self._metadata(undone),
                        **self._source(pair, changed),
                        **(
                            {"cutoff": changed.previous.isoformat()}
                            if changed.previous > NO_CUTOFF
                            else {}
                        ),
                    },
                )
            )
        self.done.append(undone)

    def _is_open(self, pair: Pair, changed: ChangedRange) -> bool:
        """Whether a range that needs nothing was put back and not recorded so: by an undo that was
        interrupted. Its last record is the run's own, or a check says that it is being undone.
        """
        record = self.proofs.last_record(pair, changed.ids.key)
        if record is None:
            return False
        evaluated = self.proofs.last_figures(pair, MATCHES_SOURCE, changed.ids.key)
        known = _undoes(record)
        return known != self.config.run and (
            record.run_id == self.config.run or evaluated.get(UNDOES) == self.config.run
        )

    def _check(self) -> None:
        """The failed checks about what was recorded last, and the badges that follow from them."""
        fresh = Proofs(self.context.instance)
        never: dict[Pair, list[str]] = {}
        for undone in self.done:
            changed = undone.changed
            pair = self.settings.catalog.pairs[f"{changed.entity}/{changed.metric}"]
            metadata = {**self._metadata(undone), "word": SourceWord.DIFFERS.value}
            sentence = (
                f"{changed.place}: run {self.config.run} was undone by {self._by}; `metric-assets"
                f" backfill {pair.key} --range {changed.ids.key}` loads it again"
            )
            self._log(self._evaluation(pair, changed, sentence, metadata, fresh))
            gone = never.setdefault(pair, [])
            if changed.previous is None:
                gone.append(changed.ids.key)
        for pair, keys in never.items():
            badge = build_badge(pair, keys, self.settings, fresh)
            self.shared.listener.checked(badge)
            self._log(badge_evaluation(badge))

    def _log(self, evaluation: AssetCheckEvaluation) -> None:
        # Its annotation leaves evaluations out; an op of checks logs them so.
        self.context.log_event(evaluation)  # type: ignore[arg-type]

    def _evaluation(
        self,
        pair: Pair,
        changed: ChangedRange,
        sentence: str,
        metadata: dict[str, Any],
        proofs: Proofs,
    ) -> AssetCheckEvaluation:
        return AssetCheckEvaluation(
            asset_key=asset_key(pair),
            check_name=MATCHES_SOURCE,
            partition=changed.ids.key,
            passed=False,
            severity=dg.AssetCheckSeverity.ERROR,
            blocking=False,
            description=sentence,
            metadata={"by": "undo", UNDOES: self.config.run, **metadata},
            target_materialization_data=proofs.target(pair, changed.ids.key),
        )

    def _metadata(self, undone: Undone) -> dict[str, Any]:
        rows = undone.plan.rows
        return {
            UNDOES: self.config.run,
            "missing": rows.gone,
            "surplus": rows.inserted - rows.compensated,
            "inserted": rows.inserted,
            "removed": rows.removed,
            "dagster/partition_row_count": rows.wanted,
        }

    def _source(self, pair: Pair, changed: ChangedRange) -> dict[str, str]:
        """What the last materialization was made from: none that is older may remove rows."""
        record = self.proofs.last_record(pair, changed.ids.key)
        made = record.asset_materialization if record else None
        found = made.metadata if made else {}
        return {name: str(found[name].value) for name in _SOURCE if name in found}

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


def _undoes(record: dg.EventLogRecord) -> str:
    """The run that a record says was undone; empty if it says nothing of the kind."""
    found = record.asset_materialization or record.asset_observation
    value = found.metadata.get(UNDOES) if found is not None else None
    return str(value.value) if value is not None else ""


def _sentence(undone: Undone) -> str:
    rows = undone.plan.rows
    return (
        f"{undone.changed.place}: {rows.inserted} inserted, {rows.removed} removed, as it was"
        f" before; {rows.wanted} rows now"
    )
