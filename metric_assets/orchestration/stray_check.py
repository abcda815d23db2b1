"""The target table as an asset, with the check that each of its rows belongs to a pair and range.

Belongs here: the asset and its check. Does not belong here: how such rows are found (strays).
"""

import dagster as dg

from metric_assets.audit.history_rows import strays_row
from metric_assets.audit.strays import REMOVES, Stray, find_strays
from metric_assets.connect import open_target
from metric_assets.errors import MetricAssetsError
from metric_assets.orchestration.check_names import BELONGS
from metric_assets.orchestration.interruptions import one_interruption
from metric_assets.orchestration.recording import HistoryLog
from metric_assets.orchestration.resources import ClickHouseResource, Shared
from metric_assets.orchestration.retries import step_error
from metric_assets.orchestration.tables import OWNERS
from metric_assets.settings import Settings


def target_key(settings: Settings) -> dg.AssetKey:
    """The key of the target table."""
    return dg.AssetKey(["target", settings.target_table])


def build_target_asset(settings: Settings) -> dg.AssetSpec:
    """The table that all pairs are loaded into, as an external asset."""
    return dg.AssetSpec(
        target_key(settings),
        description="The table of events in ClickHouse that every pair is loaded into.",
        group_name="target",
        kinds={"clickhouse", "table"},
        owners=OWNERS,
    )


def build_stray_check(settings: Settings, shared: Shared) -> dg.AssetChecksDefinition:
    """Fails while the target holds rows below the cutoff that belong to nothing."""

    @dg.asset_check(
        asset=target_key(settings),
        name=BELONGS,
        description="Below the cutoffs every row has the entity type and metric of a pair and an id"
        " that a range holds.",
    )
    def check_target(
        context: dg.AssetCheckExecutionContext,
        clickhouse: ClickHouseResource,
    ) -> dg.AssetCheckResult:
        history = HistoryLog(context.op_execution_context, settings, shared.listener)
        try:
            with one_interruption(), clickhouse.open(settings) as server:
                mode = open_target(server, settings).mode
                strays = find_strays(server, settings, mode)
        except MetricAssetsError as error:
            raise step_error(error, context.op_execution_context, shared.listener) from error
        with history.written(clickhouse):
            history.add([strays_row(strays, history.stamp)])
        return _result(strays)

    return check_target


def _result(strays: list[Stray]) -> dg.AssetCheckResult:
    rows = [
        dg.TableRecord(
            {
                "entityType": stray.entity,
                "metricType": stray.metric,
                "rows": stray.events,
                "lowest": stray.lowest,
                "highest": stray.highest,
            }
        )
        for stray in strays
    ]
    said = "; ".join(stray.sentence for stray in strays) or "every row belongs to a pair and range"
    return dg.AssetCheckResult(
        passed=not strays,
        description=said,
        metadata={
            "stray_rows": sum(stray.events for stray in strays),
            **({"strays": dg.MetadataValue.table(rows)} if rows else {}),
            **({"cure": REMOVES} if rows else {}),
        },
    )
