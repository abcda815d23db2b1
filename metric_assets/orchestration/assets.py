"""Assets: one builder a scan, whose pairs share one read; and the tables they come from.

Belongs here: what Dagster has to know about a scan, and the loop over the partitions of a run.
Does not belong here: how a partition is materialized (pipeline).
"""

from collections.abc import Iterator, Mapping

import dagster as dg

from metric_assets import pipeline
from metric_assets.catalog.catalog import Catalog
from metric_assets.catalog.model import Dimension, Pair, Scan, Store
from metric_assets.connect import open_stores
from metric_assets.errors import MetricAssetsError, SettingsError
from metric_assets.live import LiveRules
from metric_assets.load_result import LoadResult
from metric_assets.operations.listener import Listener
from metric_assets.orchestration.check_names import HEAL_TAG, asset_key, checks_name
from metric_assets.orchestration.evaluations import evaluation, failing_last
from metric_assets.orchestration.interruptions import one_interruption
from metric_assets.orchestration.metadata import (
    asset_metadata,
    load_result_metadata,
    load_result_sentence,
)
from metric_assets.orchestration.partitions import build_partitions, ranges_of
from metric_assets.orchestration.proofs import Proofs
from metric_assets.orchestration.resources import (
    ClickHouseResource,
    PostgresResource,
    RemovalGuards,
    RunLooks,
)
from metric_assets.orchestration.retries import step_error
from metric_assets.orchestration.run_log import LoggedListener
from metric_assets.orchestration.storage import keep_connections
from metric_assets.plan import RemovalGuard
from metric_assets.ranges import IdRange
from metric_assets.second_look import SecondLooks
from metric_assets.settings import RANGES, Settings
from metric_assets.source_check import SourceVerdict
from metric_assets.stores.dimension import Mirror

OWNERS = ["team:metrics"]
#: Pools hold how many runs use a store at once, whatever entity they are of (dagster.yaml).
POOLS = {Store.POSTGRES: "source_postgres", Store.CLICKHOUSE: "source_clickhouse"}


def step_name(scan: Scan) -> str:
    """The step that loads a scan's pairs."""
    return scan.name.replace("/", "__")


def source_key(store: Store, table: str) -> dg.AssetKey:
    """The key of a source or legacy table."""
    return dg.AssetKey([store.value, table])


def dimension_key(dimension: Dimension) -> dg.AssetKey:
    """The key of a dimension's copy."""
    return dg.AssetKey(["dimensions", dimension.table])


def build_scan_assets(scan: Scan, settings: Settings) -> dg.AssetsDefinition:
    """The pairs of a scan: each an asset of its own, any subset of them in one read."""

    @dg.multi_asset(
        name=step_name(scan),
        specs=[_build_spec(scan, pair, settings) for pair in scan.pairs],
        partitions_def=build_partitions(scan.entity, settings),
        backfill_policy=dg.BackfillPolicy.single_run(),
        can_subset=True,
        pool=POOLS[scan.store],
    )
    def materialize_scan(  # noqa: PLR0913 - a resource each
        context: dg.AssetExecutionContext,
        postgres: PostgresResource,
        clickhouse: ClickHouseResource,
        listener: dg.ResourceParam[Listener],
        guards: dg.ResourceParam[RemovalGuards],
        looks: dg.ResourceParam[RunLooks],
    ) -> Iterator[dg.MaterializeResult[None]]:
        run = _ScanRun(context, scan, settings, listener)
        run.looks = looks.of(context.run_id)
        run.guard = guards.of(context.run_id)
        yield from run.execute(postgres, clickhouse)

    return materialize_scan


def build_dimension_asset(dimension: Dimension, settings: Settings) -> dg.AssetsDefinition:
    """The copy of a dimension in ClickHouse, upstream of scans that join with it.

    Each of their runs refreshes it before its first range, so that it is never stale within a run;
    as an asset it shows the order of the migration and can be refreshed alone.
    """

    @dg.asset(
        key=dimension_key(dimension),
        deps=[source_key(Store.POSTGRES, dimension.table)],
        description=dimension.description,
        group_name="dimensions",
        kinds={"postgres", "clickhouse"},
        owners=OWNERS,
        pool=POOLS[Store.POSTGRES],
    )
    def copy_dimension(
        context: dg.AssetExecutionContext,
        postgres: PostgresResource,
        clickhouse: ClickHouseResource,
        listener: dg.ResourceParam[Listener],
    ) -> dg.MaterializeResult[None]:
        try:
            with (
                one_interruption(),
                postgres.open(settings) as source,
                clickhouse.open(settings) as store,
            ):
                rows = Mirror(store, settings.target_table, dimension).refresh(source)
        except MetricAssetsError as error:
            raise step_error(error, context.op_execution_context, listener) from error
        return dg.MaterializeResult(metadata={"dagster/row_count": rows})

    return copy_dimension


def build_source_assets(catalog: Catalog) -> list[dg.AssetSpec]:
    """Source and legacy tables as external assets, so that lineage reads source → pair."""
    sources = {(store, table) for store in Store for table in catalog.sources(store)}
    specs = [
        dg.AssetSpec(
            source_key(store, table),
            description=f"Source table {table} in {store.value}; read only.",
            group_name="sources",
            kinds={store.value, "table"},
            owners=OWNERS,
        )
        for store, table in sorted(sources)
    ]
    legacy = sorted({pair.legacy.table for pair in catalog.pairs.values()})
    specs += [
        dg.AssetSpec(
            source_key(Store.POSTGRES, table),
            description=f"Legacy counters {table}, recomputed by cron; what checks compare with.",
            group_name="legacy",
            kinds={"postgres", "table"},
            owners=OWNERS,
        )
        for table in legacy
    ]
    return specs


class _ScanRun:
    """One execution of a scan's step over the partitions of its run."""

    def __init__(
        self,
        context: dg.AssetExecutionContext,
        scan: Scan,
        settings: Settings,
        listener: Listener,
    ) -> None:
        self.context = context
        self.scan = scan
        self.settings = settings
        self.listener = listener
        chosen = context.selected_asset_keys
        self.pairs = [pair for pair in scan.pairs if asset_key(pair) in chosen]
        self.done: list[LoadResult] = []
        #: The target's columns and their types.
        self.columns: Mapping[str, str] = {}
        heal = context.run.tags.get(HEAL_TAG) == "true"
        self.live = LiveRules(settings.live_lag, settings.clock_skew, heal)
        self.looks = SecondLooks()
        self.proofs = Proofs(context.instance)
        self.guard = RemovalGuard(settings.max_removed_share, settings.max_replica_lag)
        self.told = LoggedListener(listener, context.log.info, scan.name, load_result_sentence)

    def execute(
        self, postgres: PostgresResource, clickhouse: ClickHouseResource
    ) -> Iterator[dg.MaterializeResult[None]]:
        """Materialize partition after partition; what is finished is kept whatever follows."""
        keep_connections(self.context.instance)
        with one_interruption():
            self._load(postgres, clickhouse)
        for result in self.done:
            self.context.add_asset_metadata(
                load_result_metadata(result, self.columns),
                asset_key(result.pair),
                result.ids.key,
            )
        for pair in self.pairs:
            yield dg.MaterializeResult(asset_key=asset_key(pair))
            self._log_checks(pair)

    def _log_checks(self, pair: Pair) -> None:
        """What a load verifies is a source check, for nothing; asked for once it is recorded.

        Where a second look is pending its result is logged after it. A failed run logs none: its
        second look has not been taken.
        """
        pending = self.looks.pending
        own = [
            result
            for result in self.done
            if result.pair == pair and (result.pair, result.ids) not in pending
        ]
        for verdict in failing_last(map(SourceVerdict, own)):
            self.listener.checked(verdict)
            self.context.log_event(evaluation(verdict, self.proofs))

    def _load(self, postgres: PostgresResource, clickhouse: ClickHouseResource) -> None:
        try:
            ranges = ranges_of(self.context.partition_keys, self.scan.entity)
            self.settings.cutoff_of(self.scan.entity)
            self._refuse_another_size()
            with (
                postgres.open(self.settings) as source,
                clickhouse.open(self.settings) as server,
            ):
                stores = open_stores(self.scan, source, server, self.settings, self.context.run_id)
                self.columns = stores.target.columns
                for dimension in self.settings.catalog.dimensions_of(self.scan):
                    # The run has refreshed the copy; the UI should know.
                    self.context.log_event(dg.AssetMaterialization(dimension_key(dimension)))
                for ids in ranges:
                    self._one(ids, stores)
                self._look_again(stores)
            self.told.log.flush()
        except MetricAssetsError as error:
            self._keep_finished()
            raise step_error(error, self.context.op_execution_context, self.listener) from error
        except Exception as error:
            self._keep_finished()
            raise dg.Failure(
                f"{self.scan.entity}: {type(error).__name__}: {error}", allow_retries=False
            ) from error
        except BaseException:
            self._keep_finished()
            raise

    def _refuse_another_size(self) -> None:
        """Keys of another size say that the grid was changed under a live instance."""
        grid = self.settings.grid_of(self.scan.entity)
        for pair in self.pairs:
            for key in self.context.instance.get_materialized_partitions(asset_key(pair)):
                known = IdRange.parse(key)
                if grid.cell(known.start) != known:
                    raise SettingsError(
                        f"{pair.key}: was materialized in ranges like {key}, but the grid now cuts"
                        f" {grid.size} ids a range. A size never changes on a live instance:"
                        f" restore it in {RANGES} or {self.settings.ranges_file}, or wipe the"
                        " asset's history first"
                    )

    def _one(self, ids: IdRange, stores: pipeline.Stores) -> None:
        self.told.began(self.scan.name, ids)
        load_results = pipeline.materialize(
            self.scan,
            self.pairs,
            ids,
            self.settings.cutoff_of(self.scan.entity),
            stores,
            guard=self.guard,
            loaded=lambda: self.proofs.loaded(self.pairs, ids),
            live=self.live,
            looks=self.looks,
            progress=self.told.read,
        )
        self.done += load_results
        self.told.ended(load_results)

    def _look_again(self, stores: pipeline.Stores) -> None:
        """Where no step of this run checks the entity, which would do it for all scans at once."""
        if checks_name(self.scan.entity) in {node.name for node in self.context.job_def.nodes}:
            return

        looked = self.looks.take(stores.target, stores.locks, announce=self.told.announce)
        again = {(result.pair, result.ids): result for result in looked}
        self.done = [again.get((result.pair, result.ids), result) for result in self.done]
        self.told.looked(looked)

    def _keep_finished(self) -> None:
        """On success the results record the partitions; on failure nothing else would."""
        self.told.log.flush()
        for result in self.done:
            self.context.log_event(
                dg.AssetMaterialization(
                    asset_key=asset_key(result.pair),
                    partition=result.ids.key,
                    metadata=load_result_metadata(result, self.columns),
                )
            )


def _build_spec(scan: Scan, pair: Pair, settings: Settings) -> dg.AssetSpec:
    return dg.AssetSpec(
        asset_key(pair),
        deps=[
            *(source_key(scan.store, table) for table in scan.sources),
            *map(dimension_key, settings.catalog.dimensions_of(scan)),
        ],
        description=pair.description,
        group_name=pair.entity,
        kinds={scan.store.value, "polars", "clickhouse"},
        owners=OWNERS,
        tags={"rule": pair.legacy.rule.value, "scan": scan.name.replace("/", ".")},
        code_version=pipeline.code_version(scan, pair),
        metadata=asset_metadata(scan, pair, settings),
    )
