"""The check that every id of an entity's table, made before the cutoff, lies in a partition.

Belongs here: the check. Does not belong here: how such ids are found (coverage), or changing a grid
(`metric-assets ranges --sync`, then a reload of the code location).
"""

from collections.abc import Sequence

import dagster as dg

from metric_assets.audit.coverage import Coverage, examine
from metric_assets.audit.history_rows import grid_rows
from metric_assets.catalog.catalog import Catalog
from metric_assets.catalog.scan import Store
from metric_assets.errors import MetricAssetsError
from metric_assets.orchestration.check_names import BEYOND_GRID
from metric_assets.orchestration.interruptions import one_interruption
from metric_assets.orchestration.recording import HistoryLog
from metric_assets.orchestration.resources import ClickHouseResource, PostgresResource, Shared
from metric_assets.orchestration.retries import step_error
from metric_assets.orchestration.run_log import RunLog
from metric_assets.orchestration.tables import source_key
from metric_assets.settings import Settings


def build_grid_checks(settings: Settings, shared: Shared) -> list[dg.AssetChecksDefinition]:
    """One check a table of entities."""
    tables = _entities(settings.catalog)
    return [_build(table, names, settings, shared) for table, names in tables.items()]


def _entities(catalog: Catalog) -> dict[str, list[str]]:
    """The entity types of each table: mostly one."""
    found: dict[str, list[str]] = {}
    for entity in catalog.entities:
        found.setdefault(entity.table, []).append(entity.name)
    return found


def _build(
    table: str, entities: Sequence[str], settings: Settings, shared: Shared
) -> dg.AssetChecksDefinition:
    """Fails while ids made before the cutoff lie in no partition; names them and what to do."""

    @dg.asset_check(
        asset=source_key(Store.POSTGRES, table),
        name=BEYOND_GRID,
        description="Every id made before the cutoff lies in a partition.",
    )
    def check_grid(
        context: dg.AssetCheckExecutionContext,
        postgres: PostgresResource,
        clickhouse: ClickHouseResource,
    ) -> dg.AssetCheckResult:
        log = RunLog(context.log.info)
        history = HistoryLog(context.op_execution_context, settings, shared.listener)
        try:
            with one_interruption(), postgres.open(settings) as source:
                found = examine(settings, source, entities, lambda said: log.add([said]))
            log.flush()
        except MetricAssetsError as error:
            raise step_error(error, context.op_execution_context, shared.listener) from error
        with history.written(clickhouse):
            history.add(grid_rows(found, history.stamp))
        return _result([coverage for coverage in found if not coverage.covered])

    return check_grid


def _result(outside: list[Coverage]) -> dg.AssetCheckResult:
    said = "; ".join(coverage.sentence for coverage in outside)
    return dg.AssetCheckResult(
        passed=not outside,
        description=f"{said}; then reload the code location"
        if outside
        else "every id made before the cutoff lies in a partition",
        metadata={
            "ids_outside": sum(coverage.count for coverage in outside),
            **({"outside": [coverage.as_dict() for coverage in outside]} if outside else {}),
            **({"cure": "; ".join(coverage.advice for coverage in outside)} if outside else {}),
        },
    )
