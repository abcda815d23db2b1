"""All definitions, built from settings.

Belongs here: which definitions there are. Does not belong here: how one is built (a module of its
own), or the ones that Dagster loads (definitions).
"""

from __future__ import annotations

import warnings

import dagster as dg

from metric_assets.operations.listener import Listener
from metric_assets.orchestration.assets import (
    build_dimension_asset,
    build_scan_assets,
    build_source_assets,
)
from metric_assets.orchestration.checks import build_entity_checks
from metric_assets.orchestration.jobs import (
    build_backfill_job,
    build_reconcile_job,
    build_reconcile_schedule,
)
from metric_assets.orchestration.resources import (
    ClickHouseResource,
    PostgresResource,
    RemovalGuards,
    RunLooks,
)
from metric_assets.orchestration.sensors import build_grid_sensor, build_missing_sensor
from metric_assets.orchestration.stray_check import build_stray_check, build_target_asset
from metric_assets.settings import CLICKHOUSE_URL, POSTGRES_URL, Settings


def build_definitions(settings: Settings, listener: Listener | None = None) -> dg.Definitions:
    """What production loads; tests and the command line build the same with other settings.

    The stores' URLs are read from the environment by the run that needs them.
    """
    # Partitioned checks and code references are used knowingly; pyproject.toml pins Dagster.
    warnings.filterwarnings("ignore", category=dg.PreviewWarning)
    warnings.filterwarnings("ignore", category=dg.BetaWarning)
    checks = [
        *(build_entity_checks(entity, settings) for entity in settings.catalog.entity),
        build_stray_check(settings),
    ]
    backfills = [build_backfill_job(entity, settings) for entity in settings.catalog.entity]
    reconcile = build_reconcile_job(checks)
    return dg.Definitions(
        assets=[
            *build_source_assets(settings.catalog),
            build_target_asset(settings),
            *(build_dimension_asset(one, settings) for one in settings.catalog.dimensions),
            *(build_scan_assets(scan, settings) for scan in settings.catalog.scans),
        ],
        asset_checks=checks,
        jobs=[*backfills, reconcile],
        schedules=[build_reconcile_schedule(reconcile, settings)],
        sensors=[build_grid_sensor(settings), build_missing_sensor(settings, backfills)],
        executor=dg.in_process_executor,
        resources={
            "postgres": PostgresResource(url=dg.EnvVar(POSTGRES_URL)),
            "clickhouse": ClickHouseResource(url=dg.EnvVar(CLICKHOUSE_URL)),
            "listener": listener or Listener(),
            # A command that listens is one piece of work, however many runs it takes.
            "looks": RunLooks(),
            "guards": RemovalGuards(settings, together=listener is not None),
        },
    )
