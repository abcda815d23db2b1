"""Jobs and the schedule: by group, so that a new pair edits nothing here.

Belongs here: what can be launched. Does not belong here: what a launched thing does.
"""

from __future__ import annotations

from collections.abc import Sequence

import dagster as dg

from metric_assets.errors import SettingsError
from metric_assets.orchestration.check_names import ENTITY_TAG
from metric_assets.orchestration.dagster_private import UnresolvedAssetJobDefinition
from metric_assets.settings import AUDIT_DAYS, RECONCILE_CRON, Settings

RECONCILE_JOB = "reconcile_all"


def backfill_job_name(entity: str) -> str:
    """The job that materializes partitions of all pairs of an entity."""
    return f"backfill_{entity}"


def build_backfill_job(entity: str) -> UnresolvedAssetJobDefinition:
    """All pairs of an entity over a partition or a range of them, checks included."""
    return dg.define_asset_job(
        backfill_job_name(entity),
        selection=dg.AssetSelection.groups(entity),
        executor_def=dg.in_process_executor,
        description=f"Materialize and check every {entity} pair.",
        tags={ENTITY_TAG: entity},
    )


def build_reconcile_job(
    checks: Sequence[dg.AssetChecksDefinition], summary: dg.AssetsDefinition
) -> UnresolvedAssetJobDefinition:
    """Every check over everything that is materialized, then what they come to; writes nothing to
    the target.
    """
    return dg.define_asset_job(
        RECONCILE_JOB,
        selection=dg.AssetSelection.checks(*checks) | dg.AssetSelection.assets(summary),
        executor_def=dg.in_process_executor,
        description="Compare materialized ranges with their source, the oldest proofs first, and"
        " all of them with the legacy counters; look for rows that belong to no pair.",
    )


def build_reconcile_schedule(
    job: UnresolvedAssetJobDefinition, settings: Settings
) -> dg.ScheduleDefinition:
    """Once a day; on from the start, because an audit that nobody switched on finds nothing.

    Raises SettingsError for a cron expression that Dagster does not know.
    """
    try:
        return dg.ScheduleDefinition(
            name="reconcile_daily",
            job=job,
            cron_schedule=settings.reconcile_cron,
            execution_timezone="UTC",
            default_status=dg.DefaultScheduleStatus.RUNNING,
            description="Repeats the checks; each range is compared with its source once in"
            f" {settings.audit_days:g} days ({AUDIT_DAYS}).",
        )
    except dg.DagsterInvalidDefinitionError:
        raise SettingsError(
            f"{RECONCILE_CRON}: {settings.reconcile_cron!r} is no cron expression; expected five"
            " fields, UTC: 17 4 * * *"
        ) from None
