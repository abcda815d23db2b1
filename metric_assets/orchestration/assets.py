"""Assets: one builder a scan, whose pairs share one read, and the copies of dimensions.

Belongs here: what Dagster has to know of them. Does not belong here: what a step does (scan_run).
"""

from collections.abc import Iterator

import dagster as dg

from metric_assets.catalog.model import Pair
from metric_assets.catalog.scan import Dimension, Scan, Store
from metric_assets.errors import MetricAssetsError
from metric_assets.load.load_results import code_version
from metric_assets.orchestration.check_names import RULE_TAG, SCAN_TAG, asset_key
from metric_assets.orchestration.interruptions import one_interruption
from metric_assets.orchestration.metadata import asset_metadata
from metric_assets.orchestration.partitions import build_partitions
from metric_assets.orchestration.resources import ClickHouseResource, PostgresResource, Shared
from metric_assets.orchestration.retries import step_error
from metric_assets.orchestration.scan_run import ScanRun
from metric_assets.orchestration.storage import POOLS
from metric_assets.orchestration.tables import OWNERS, dimension_key, source_key
from metric_assets.settings import Settings
from metric_assets.stores.dimension import Mirror


def step_name(scan: Scan) -> str:
    """The step that loads a scan's pairs."""
    return scan.name.replace("/", "__")


def build_scan_assets(scan: Scan, settings: Settings, shared: Shared) -> dg.AssetsDefinition:
    """The pairs of a scan: each an asset of its own, any subset of them in one read."""

    @dg.multi_asset(
        name=step_name(scan),
        specs=[_build_spec(scan, pair, settings) for pair in scan.pairs],
        partitions_def=build_partitions(scan.entity, settings),
        backfill_policy=dg.BackfillPolicy.single_run(),
        can_subset=True,
        pool=POOLS[scan.store],
    )
    def materialize_scan(
        context: dg.AssetExecutionContext,
        postgres: PostgresResource,
        clickhouse: ClickHouseResource,
    ) -> Iterator[dg.MaterializeResult[None]]:
        run = ScanRun(context.op_execution_context, scan, settings, shared)
        yield from run.execute(context, postgres, clickhouse)

    return materialize_scan


def build_dimension_asset(
    dimension: Dimension, settings: Settings, shared: Shared
) -> dg.AssetsDefinition:
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
    ) -> dg.MaterializeResult[None]:
        try:
            with (
                one_interruption(),
                postgres.open(settings) as source,
                clickhouse.open(settings) as store,
            ):
                rows = Mirror(store, settings.target_table, dimension).refresh(source)
        except MetricAssetsError as error:
            raise step_error(error, context.op_execution_context, shared.listener) from error
        return dg.MaterializeResult(metadata={"dagster/row_count": rows})

    return copy_dimension


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
        tags={RULE_TAG: pair.legacy.rule.value, SCAN_TAG: scan.name.replace("/", ".")},
        code_version=code_version(scan, pair),
        metadata=asset_metadata(scan, pair, settings),
    )
