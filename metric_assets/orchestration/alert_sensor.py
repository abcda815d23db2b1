"""The sensor that tells what runs came to which Dagster launched, and an audit that did not run.

Belongs here: which runs are looked at. Does not belong here: what is told of them (alerts).
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import dagster as dg

from metric_assets.operations.alerts import Seen
from metric_assets.orchestration.alerts import seen_of, tell
from metric_assets.orchestration.audits import audit_seen
from metric_assets.orchestration.processes import PROCESS, is_gone
from metric_assets.orchestration.storage import show_pools
from metric_assets.settings import Settings

#: Seconds between two looks: what fails together is told together.
_PERIOD = 60
#: Runs taken in one look; the rest in the next one.
_RUNS = 200
_ENDED = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE]


def build_alert_sensor(settings: Settings) -> dg.SensorDefinition:
    """Looks at runs that have ended since the last look; on from the start."""

    @dg.sensor(
        name="alerts",
        minimum_interval_seconds=_PERIOD,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Tells failed checks, failed runs and an audit that has not run: to the log,"
        " and to METRIC_ASSETS_ALERT_URLS. What a command runs itself, the command tells.",
    )
    def alerts(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        now = datetime.now(timezone.utc)
        show_pools(context.instance)
        since = datetime.fromisoformat(context.cursor) if context.cursor else now
        seen, until, runs = _ended(context.instance, since)
        seen = seen.then(audit_seen(context.instance, settings, now))
        for sentence in tell(seen, settings, context.instance):
            context.log.warning(sentence)
        for problem in seen.problems:
            context.log.warning(f"{problem.key}: {problem.word}: {problem.cause}")
        context.update_cursor(until.isoformat())
        return dg.SkipReason(f"{runs} runs have ended; {len(seen.problems)} problems in them")

    return alerts


def _ended(instance: dg.DagsterInstance, since: datetime) -> tuple[Seen, datetime, int]:
    """What runs that ended after an instant saw, the instant of the last one, and how many."""
    records = instance.get_run_records(
        dg.RunsFilter(statuses=_ENDED, updated_after=since),
        limit=_RUNS,
        order_by="update_timestamp",
        ascending=True,
    )
    seen, until = Seen(), since
    for record in records:
        seen = seen.then(seen_of(instance, record.dagster_run.run_id) if _ours(record) else Seen())
        # A run is updated once more than it ends: an instant later, not the same one again.
        until = max(until, _utc(record.update_timestamp) + timedelta(microseconds=1))
    return seen, until, len(records)


def _ours(record: dg.RunRecord) -> bool:
    """Whether nobody else tells it: a run of the daemon, or of a command that was killed."""
    run = record.dagster_run
    process = run.tags.get(PROCESS)
    if process is None or run.parent_run_id:
        return True
    return run.status is dg.DagsterRunStatus.FAILURE and is_gone(process) is not False


def _utc(instant: datetime) -> datetime:
    return instant.replace(tzinfo=instant.tzinfo or timezone.utc)
