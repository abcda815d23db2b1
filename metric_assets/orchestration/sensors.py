"""The sensor that requests runs for ranges never materialized.

Belongs here: noticing and asking. Does not belong here: ids that no range holds (grid_check).
"""

from collections.abc import Sequence
from typing import Any

import dagster as dg

from metric_assets.orchestration.dagster_private import (
    IN_PROGRESS_RUN_STATUSES,
    UnresolvedAssetJobDefinition,
)
from metric_assets.orchestration.jobs import backfill_job_name
from metric_assets.orchestration.proofs import Proofs
from metric_assets.settings import Settings

RANGE_START = "dagster/asset_partition_range_start"
RANGE_STOP = "dagster/asset_partition_range_end"
#: Partitions asked for in one run: small enough that its failure costs little.
PARTITIONS_A_RUN = 10


def build_missing_sensor(
    settings: Settings, jobs: Sequence[UnresolvedAssetJobDefinition]
) -> dg.SensorDefinition:
    """Requests runs for ranges never materialized; off until an operator wants it."""

    @dg.sensor(
        name="ranges_never_materialized",
        jobs=list(jobs),
        minimum_interval_seconds=60,
        default_status=dg.DefaultSensorStatus.STOPPED,
        description="Requests one run an entity at a time for the first ranges that any of its"
        " pairs was never materialized in. Switching it on starts a backfill.",
    )
    def ranges_never_materialized(
        context: dg.SensorEvaluationContext,
    ) -> dg.SensorResult:
        requests = []
        waiting = {}
        for entity in settings.catalog.entity:
            missing = _missing(context.instance, entity, settings)
            if missing:
                waiting[entity] = len(missing)
                if not _busy(context.instance, entity):
                    requests.append(_request(entity, missing))
        if requests:
            return dg.SensorResult(run_requests=requests)
        reason = (
            f"ranges waiting for runs that are under way: {waiting}"
            if waiting
            else "every range of every pair has been materialized"
        )
        return dg.SensorResult(skip_reason=reason)

    return ranges_never_materialized


def _missing(instance: dg.DagsterInstance, entity: str, settings: Settings) -> list[str]:
    """Keys of the first stretch of ranges, neighbours in the grid, that some pair lacks.

    A run's range tags take every key between two in the order of the grid, gaps of ids or not.
    """
    proofs = Proofs(instance)
    common: set[str] | None = None
    for pair in settings.catalog.pairs_of(entity):
        done = proofs.materialized(pair)
        common = done if common is None else common & done
    stretch: list[str] = []
    for ids in settings.grid_of(entity):
        if ids.key not in (common or set()):
            stretch.append(ids.key)
        elif stretch:
            break
    return stretch


def _busy(instance: dg.DagsterInstance, entity: str) -> bool:
    filters: Any = dg.RunsFilter(
        job_name=backfill_job_name(entity), statuses=IN_PROGRESS_RUN_STATUSES
    )
    return instance.get_runs_count(filters) > 0


def _request(entity: str, missing: list[str]) -> dg.RunRequest:
    keys = missing[:PARTITIONS_A_RUN]
    return dg.RunRequest(
        job_name=backfill_job_name(entity),
        tags={RANGE_START: keys[0], RANGE_STOP: keys[-1]},
    )
