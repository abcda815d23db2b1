"""All definitions, built from settings.

Belongs here: which definitions there are. Does not belong here: how one is built (a module of its
own), or the ones that Dagster loads (definitions).
"""

from __future__ import annotations

import dagster as dg

from metric_assets.operations.listener import Listener
from metric_assets.orchestration.alert_sensor import build_alert_sensor
from metric_assets.orchestration.assets import (
    build_dimension_asset,
    build_scan_assets,
)
from metric_assets.orchestration.checks import build_entity_checks
from metric_assets.orchestration.grid_check import build_grid_checks
from metric_assets.orchestration.jobs import (
    build_backfill_job,
    build_reconcile_job,
    build_reconcile_schedule,
)
from metric_assets.orchestration.repair_run import build_repair_job
from metric_assets.orchestration.resources import (
    ClickHouseResource,
    PostgresResource,
    Shared,
)
from metric_assets.orchestration.sensors import build_missing_sensor
from metric_assets.orchestration.stray_check import build_stray_check, build_target_asset
from metric_assets.orchestration.summary import build_summary_assets
from metric_assets.orchestration.tables import build_source_assets
from metric_assets.orchestration.undo_run import build_undo_job
from metric_assets.settings import CLICKHOUSE_URL, POSTGRES_URL, Settings


def build_definitions(settings: Settings, listener: Listener | None = None) -> dg.Definitions:
    """What production loads; tests and the command line build the same with other settings.

    The stores' URLs are read from the environment by the run that needs them.
    """
    shared = Shared.of(settings, listener)
    checks = [
        *(build_entity_checks(entity, settings, shared) for entity in settings.catalog.entity),
        *build_grid_checks(settings, shared),
        build_stray_check(settings, shared),
    ]
    backfills = [build_backfill_job(entity) for entity in settings.catalog.entity]
    summary = build_summary_assets(settings, shared)
    reconcile = build_reconcile_job(checks, summary)
    others = [build_repair_job(settings, shared), build_undo_job(settings, shared)]
    return dg.Definitions(
        assets=[
            *build_source_assets(settings.catalog),
            build_target_asset(settings),
            *(build_dimension_asset(one, settings, shared) for one in settings.catalog.dimensions),
            *(build_scan_assets(scan, settings, shared) for scan in settings.catalog.scans),
            summary,
        ],
        asset_checks=checks,
        jobs=[*backfills, reconcile, *others],
        schedules=[build_reconcile_schedule(reconcile, settings)],
        sensors=[build_missing_sensor(settings, backfills), build_alert_sensor(settings)],
        executor=dg.in_process_executor,
        resources={
            "postgres": PostgresResource(url=dg.EnvVar(POSTGRES_URL)),
            "clickhouse": ClickHouseResource(url=dg.EnvVar(CLICKHOUSE_URL)),
        },
    )
