"""When the audit last ended well, and whether it is overdue.

Belongs here: the time of the schedule against the runs that there were. Does not belong here: what
an audit compares (source_audit), or how it is told (alerts).
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import dagster as dg

from metric_assets.operations.alerts import Problem, Seen
from metric_assets.orchestration.check_names import NONE, SOURCE_TAG
from metric_assets.orchestration.dagster_private import cron_string_iterator
from metric_assets.orchestration.jobs import RECONCILE_JOB
from metric_assets.settings import RECONCILE_CRON, Settings

#: Runs looked through for one that compared with the source.
_RUNS = 50


def audit_seen(instance: dg.DagsterInstance, settings: Settings, now: datetime) -> Seen:
    """The audit as a problem if it is overdue, or as well.

    It is due at each tick of the schedule, and overdue if none has ended well
    ``settings.alert_audit`` hours after a tick that came after the last one that did. Where none
    ever ran, the first run of all counts in its place; without any run nothing is due.
    """
    last, ran = _last(instance)
    if last is None:
        return Seen()
    due = _next_tick(last, settings.reconcile_cron)
    overdue = now > due + timedelta(hours=settings.alert_audit)
    said = (
        f"the last one that ended well began {last:%Y-%m-%d %H:%M} UTC"
        if ran
        else "none has ended well yet"
    )
    problem = Problem(
        "audit",
        "the audit",
        "has not run",
        size=float("inf"),
        cause=f"it was due {due:%Y-%m-%d %H:%M} UTC ({RECONCILE_CRON}); {said}",
        cure="see that Dagster's daemon runs and the schedule reconcile_daily is on;"
        " `metric-assets reconcile --source` does it now",
        path=f"/locations/metric_assets/jobs/{RECONCILE_JOB}/runs",
    )
    if overdue:
        return Seen((problem,), frozenset(), "the schedule")
    return Seen((), frozenset({problem.key}), "the schedule")


def _last(instance: dg.DagsterInstance) -> tuple[datetime | None, bool]:
    """When the last audit that ended well began, and True; else when the first run was created."""
    filters = dg.RunsFilter(job_name=RECONCILE_JOB, statuses=[dg.DagsterRunStatus.SUCCESS])
    for record in instance.get_run_records(filters, limit=_RUNS):
        run = record.dagster_run
        whole = not (run.asset_selection or run.asset_check_selection)
        if whole and run.tags.get(SOURCE_TAG) != NONE:
            return _utc(record.create_timestamp), True
    first = instance.get_run_records(limit=1, ascending=True)
    return (_utc(first[0].create_timestamp), False) if first else (None, False)


def _next_tick(after: datetime, cron: str) -> datetime:
    """The first tick of a schedule after an instant."""
    for tick in cron_string_iterator(after.timestamp(), cron, "UTC"):
        if tick > after:
            return tick
    raise AssertionError("a schedule has no end")


def _utc(instant: datetime) -> datetime:
    return instant.replace(tzinfo=instant.tzinfo or timezone.utc)
