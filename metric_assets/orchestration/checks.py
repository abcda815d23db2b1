"""Checks of pairs: every range against its source and against legacy, and one honest badge a pair.

Belongs here: which checks there are. Does not belong here: what their step does (check_run).
"""

import warnings
from collections.abc import Iterator

import dagster as dg
from dagster import AssetCheckEvaluation

from metric_assets.catalog.model import Pair
from metric_assets.catalog.scan import Store
from metric_assets.orchestration.check_names import (
    MATCHES_LEGACY,
    MATCHES_SOURCE,
    RECONCILED,
    asset_key,
    checks_name,
)
from metric_assets.orchestration.check_run import CheckRun
from metric_assets.orchestration.partitions import build_partitions
from metric_assets.orchestration.resources import ClickHouseResource, PostgresResource, Shared
from metric_assets.orchestration.tables import source_key
from metric_assets.settings import Settings


def build_entity_checks(
    entity: str, settings: Settings, shared: Shared
) -> dg.AssetChecksDefinition:
    """All checks of every pair of an entity, in one step."""
    pairs = settings.catalog.pairs_of(entity)

    @dg.multi_asset_check(
        name=checks_name(entity),
        specs=[*_partitioned_specs(entity, settings), *map(_badge_spec, pairs)],
        can_subset=True,
    )
    def check_entity(
        context: dg.AssetCheckExecutionContext,
        postgres: PostgresResource,
        clickhouse: ClickHouseResource,
    ) -> Iterator[AssetCheckEvaluation | dg.Output[None]]:
        run = CheckRun(context.op_execution_context, entity, settings, shared)
        yield from run.execute(context.selected_asset_check_keys, postgres, clickhouse)

    return check_entity


def _partitioned_specs(entity: str, settings: Settings) -> list[dg.AssetCheckSpec]:
    partitions = build_partitions(entity, settings)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.PreviewWarning)
        return [
            spec
            for pair in settings.catalog.pairs_of(entity)
            for spec in (
                dg.AssetCheckSpec(
                    MATCHES_SOURCE,
                    asset=asset_key(pair),
                    partitions_def=partitions,
                    description="The target holds, row by row, what the source and the live events"
                    " imply: the counter equals its source.",
                ),
                dg.AssetCheckSpec(
                    MATCHES_LEGACY,
                    asset=asset_key(pair),
                    partitions_def=partitions,
                    additional_deps=[source_key(Store.POSTGRES, pair.legacy.table)],
                    description=f"Sums of events against {pair.legacy.column}, entity by entity;"
                    f" rule: {pair.legacy.rule.value}.",
                ),
            )
        ]


def _badge_spec(pair: Pair) -> dg.AssetCheckSpec:
    return dg.AssetCheckSpec(
        RECONCILED,
        asset=asset_key(pair),
        description="Every range that holds anything is materialized, its counter was verified"
        " lately to equal the source, and no rule of legacy is broken.",
    )
