"""Sensors: ids beyond the grid are never ignored, ranges never materialized can be requested.

Belongs here: noticing and asking. Does not belong here: changing a grid (`metric-assets ranges
--sync`, then a reload of the code location).
"""

import time
from collections.abc import Sequence
from typing import Any

import dagster as dg

from metric_assets.coverage import Account
from metric_assets.entity_ids import windows
from metric_assets.orchestration.check_names import asset_key
from metric_assets.orchestration.dagster_private import (
    IN_PROGRESS_RUN_STATUSES,
    UnresolvedAssetJobDefinition,
)
from metric_assets.orchestration.jobs import backfill_job_name
from metric_assets.orchestration.resources import PostgresResource
from metric_assets.settings import Settings
from metric_assets.stores.ports import Rows

RANGE_START = "dagster/asset_partition_range_start"
RANGE_STOP = "dagster/asset_partition_range_end"
#: Partitions asked for in one run: small enough that its failure costs little.
PARTITIONS_A_RUN = 10
#: How long one tick looks for ids; Dagster ends a tick after 60 seconds or more.
TICK_SECONDS = 20.0


class IdsBeyondGridError(Exception):
    """Entities exist that no partition covers; the tick fails, so that the UI shows it red."""


def build_grid_sensor(settings: Settings) -> dg.SensorDefinition:
    """Looks for ids made before the cutoff that no partition holds, hourly, on from the start."""

    @dg.sensor(
        name="ids_beyond_grid",
        minimum_interval_seconds=3600,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Fails while ids made before the cutoff lie in no partition; says how to extend"
        " the grid. A large source is looked at over several ticks.",
    )
    def ids_beyond_grid(
        context: dg.SensorEvaluationContext, postgres: PostgresResource
    ) -> dg.SkipReason:
        with postgres.open(settings) as source:
            outside, place = look_on(settings, source, context.cursor)
        if outside:
            # The cursor stays: the next tick looks here again, and fails until it is repaired.
            raise IdsBeyondGridError("; ".join(outside) + "; then reload the location")
        context.update_cursor(place)
        if place:
            return dg.SkipReason(
                f"nothing beyond the grids so far; the next tick goes on at {place}"
            )
        return dg.SkipReason("every id made before the cutoff lies in a partition")

    return ids_beyond_grid


def look_on(
    settings: Settings, source: Rows, place: str | None, seconds: float = TICK_SECONDS
) -> tuple[list[str], str]:
    """Look for ids outside of the grids for ``seconds``, from where the last look ended.

    Returns what was found, in words, and the place to go on: empty once all has been seen. A tick
    that takes too long is ended by Dagster, whatever it has found.
    """
    entity, _, first = (place or "").partition(" ")
    names = list(settings.catalog.entity)
    if entity in names:
        names = names[names.index(entity) :]
    end = time.monotonic() + seconds
    outside: list[str] = []
    for name in names:
        grid = settings.grid_of(name)
        account = Account(name, grid)
        start = (int(first),) if name == entity and first else ()
        for window in windows(
            settings.catalog.entity[name], grid, settings.cutoff_of(name), source, *start
        ):
            account.add(window)
            if time.monotonic() > end:
                outside += filter(None, [account.coverage().sentence])
                return outside, f"{name} {window.last + 1}"
        outside += filter(None, [account.coverage().sentence])
    return outside, ""


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
    common: set[str] | None = None
    for pair in settings.catalog.pairs_of(entity):
        done = set(instance.get_materialized_partitions(asset_key(pair)))
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
