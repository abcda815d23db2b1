"""One execution of a repair: ranges of an entity's pairs are loaded again, each pair its own.

Belongs here: what one run loads and checks. Does not belong here: a load (scan_run), a check
(check_run), or which ranges need one (operations/repair).

A run of assets takes one stretch of partitions, and all its assets take the same. Ranges that
differ lie anywhere and differ by pair, so they are loaded by an op, which records them as a run of
assets would.
"""

from collections.abc import Mapping, Sequence

import dagster as dg
from dagster import AssetCheckEvaluation

from metric_assets.catalog.model import Pair
from metric_assets.errors import UnknownKeyError
from metric_assets.orchestration.check_names import check_keys
from metric_assets.orchestration.check_run import CheckRun
from metric_assets.orchestration.evaluations import log_evaluation
from metric_assets.orchestration.resources import ClickHouseResource, PostgresResource, Shared
from metric_assets.orchestration.scan_run import ScanRun
from metric_assets.settings import Settings

REPAIR_JOB = "repair"


class RepairConfig(dg.Config):
    """Partition keys of each pair, by its key `Entity/Metric`; pairs of one entity type."""

    ranges: dict[str, list[str]]


def build_repair_job(settings: Settings, shared: Shared) -> dg.JobDefinition:
    """Load ranges again; `metric-assets reconcile --repair` runs it for those that differ."""

    @dg.op(name="load_again", description="Load ranges of an entity type again, and check them.")
    def load_again(
        context: dg.OpExecutionContext,
        config: RepairConfig,
        postgres: PostgresResource,
        clickhouse: ClickHouseResource,
    ) -> None:
        RepairRun(context, settings, shared, config).execute(postgres, clickhouse)

    @dg.job(
        name=REPAIR_JOB,
        executor_def=dg.in_process_executor,
        description="Load some ranges of some pairs again, and check them. `metric-assets reconcile"
        " --repair` finds them, shows what is to change, and asks.",
    )
    def repair() -> None:
        load_again()

    return repair


class RepairRun:
    """A repair of ranges of one entity type."""

    def __init__(
        self,
        context: dg.OpExecutionContext,
        settings: Settings,
        shared: Shared,
        config: RepairConfig,
    ) -> None:
        self.context = context
        self.settings = settings
        self.shared = shared
        self.wanted = _pairs(config.ranges, settings)

    def execute(self, postgres: PostgresResource, clickhouse: ClickHouseResource) -> None:
        """Load scan after scan, then check what was loaded; one that fails hides no other."""
        (entity,) = {pair.entity for pair in self.wanted}
        errors: list[Exception] = []
        loaded: dict[Pair, Sequence[str]] = {}
        for scan in self.settings.catalog.scans_of(entity):
            own = {pair: self.wanted[pair] for pair in scan.pairs if pair in self.wanted}
            if own:
                run = ScanRun(self.context, scan, self.settings, self.shared, own)
                try:
                    run.load_again(postgres, clickhouse)
                    loaded |= own
                except (dg.Failure, dg.RetryRequested) as error:
                    errors.append(error)
        self._check(entity, loaded, postgres, clickhouse)
        # One that can be tried again is: what is loaded by then is found to be in sync.
        if errors:
            raise min(errors, key=lambda one: not isinstance(one, dg.RetryRequested))

    def _check(
        self,
        entity: str,
        loaded: Mapping[Pair, Sequence[str]],
        postgres: PostgresResource,
        clickhouse: ClickHouseResource,
    ) -> None:
        run = CheckRun(self.context, entity, self.settings, self.shared, loaded)
        for event in run.execute(check_keys(loaded), postgres, clickhouse):
            if isinstance(event, AssetCheckEvaluation):
                log_evaluation(self.context, event)


def _pairs(ranges: Mapping[str, Sequence[str]], settings: Settings) -> dict[Pair, Sequence[str]]:
    """The pairs that are named; raises UnknownKeyError for none, or of several entity types."""
    found = {settings.catalog.select([key])[0]: keys for key, keys in ranges.items() if keys}
    entities = {pair.entity for pair in found}
    if len(entities) != 1:
        raise UnknownKeyError(
            f"ranges: pairs of {len(entities)} entity types; expected pairs of one, each with"
            ' partition keys: {"Tag/Follower": ["0-9999"]}'
        )
    return found
