"""What runs came to, as problems to be told; and telling them, from commands and from the sensor.

Belongs here: asking Dagster's storage what a run did, and keeping in it what was told. Does not
belong here: what is told again and in which words (operations/alerts).
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import dagster as dg
from dagster import AssetCheckEvaluation

from metric_assets.errors import MetricAssetsError
from metric_assets.operations.alerts import Message, Problem, Seen, decide, dump, parse
from metric_assets.orchestration.audits import audit_seen
from metric_assets.orchestration.check_names import RECONCILED
from metric_assets.orchestration.check_problems import judged
from metric_assets.orchestration.instance import dagster_answers, open_instance
from metric_assets.orchestration.jobs import RECONCILE_JOB
from metric_assets.orchestration.outcomes import failure_of
from metric_assets.settings import Settings
from metric_assets.stores.messages import Messenger

#: Under which Dagster's storage keeps what was told.
_KEY = "metric_assets/alerts"
_LOG = logging.getLogger("metric_assets.alerts")


def tell(seen: Seen, settings: Settings, instance: dg.DagsterInstance) -> list[str]:
    """Tell what is new of what was seen: to the log, and to the addresses of the settings.

    Returns what could not be sent, in sentences; raises nothing for it. What nobody took is told
    again the next time.
    """
    now = datetime.now(timezone.utc)
    storage = instance.daemon_cursor_storage
    state = parse(storage.get_cursor_values({_KEY}).get(_KEY))
    repeat = timedelta(hours=settings.alert_repeat)
    message, then = decide(state, seen, now, repeat, settings.ui_url or "")
    if message is None:
        return []
    failed, taken = deliver(message, settings)
    if taken:
        storage.set_cursor_values({_KEY: dump(then)})
    return failed


def tell_runs(runs: Iterable[str], settings: Settings) -> list[str]:
    """Tell what the runs of a command came to, in one message; as tell().

    An error on the way is a sentence: the work is done by then.
    """
    try:
        with open_instance() as instance:
            seen = Seen()
            for run in filter(None, runs):
                seen = seen.then(seen_of(instance, run))
            return tell(seen, settings, instance)
    except MetricAssetsError as error:
        return [f"an alert could not be told: {error}"]


def tell_findings(seen: Seen, settings: Settings) -> tuple[Seen, list[str]]:
    """Tell what an examination saw, and an audit that is overdue: all that was seen, and as tell().

    Where Dagster's storage cannot be asked, all of it is told each time.
    """
    now = datetime.now(timezone.utc)
    try:
        dagster_answers()
        with open_instance() as instance:
            whole = seen.then(audit_seen(instance, settings, now))
            return whole, tell(whole, settings, instance)
    except MetricAssetsError:
        message, _ = decide({}, seen, now, timedelta(0), settings.ui_url or "")
        return seen, deliver(message, settings)[0] if message else []


def deliver(message: Message, settings: Settings) -> tuple[list[str], bool]:
    """Log a message and send it: what could not be sent, and whether anybody took it."""
    _log(message, settings.home / "logs")
    try:
        messenger = Messenger(settings.alert_urls, settings.alert_timeout)
    except MetricAssetsError as error:
        _LOG.warning("%s", error)
        return [f"an alert was not sent: {error}"], False
    failed = messenger.send(message.title, message.body)
    for sentence in failed:
        _LOG.warning("%s", sentence)
    told = [f"an alert was not sent: {sentence}" for sentence in failed]
    return told, len(failed) < len(messenger.names) or not messenger.names


def seen_of(instance: dg.DagsterInstance, run_id: str) -> Seen:
    """What a run that has ended saw: its checks, each by its last result, and whether it failed.

    Of a run that was interrupted only its checks count: who interrupted it knows.
    """
    run = instance.get_run_by_id(run_id)
    if run is None:
        return Seen()
    source = f"{run.job_name} ({run_id.partition('-')[0]})"
    problems: dict[str, Problem] = {}
    well: set[str] = set()
    # What was not loaded yet is news of an audit, not of each load of something else.
    audits = run.job_name == RECONCILE_JOB
    for evaluation in _evaluations(instance, run_id):
        for key, problem in judged(evaluation):
            problems.pop(key, None)
            well.discard(key)
            if problem is None:
                well.add(key)
            elif audits or evaluation.check_name != RECONCILED:
                problems[key] = problem
    name = Problem("run", run.job_name, "failed").key
    if run.status is dg.DagsterRunStatus.SUCCESS:
        well.add(name)
    elif run.status is dg.DagsterRunStatus.FAILURE:
        reason, interrupted = failure_of(_events(instance, run_id))
        if not interrupted:
            problems[name] = Problem(
                "run",
                run.job_name,
                "failed",
                size=float("inf"),
                cause=reason,
                cure="`metric-assets doctor` says what is wrong with settings and stores;"
                " then the same command or run again",
                path=f"/runs/{run_id}",
            )
    return Seen(tuple(problems.values()), frozenset(well), source)


def _evaluations(instance: dg.DagsterInstance, run_id: str) -> Iterator[AssetCheckEvaluation]:
    for event in _events(instance, run_id, dg.DagsterEventType.ASSET_CHECK_EVALUATION):
        data = event.event_specific_data
        if isinstance(data, AssetCheckEvaluation):
            yield data


def _events(
    instance: dg.DagsterInstance, run_id: str, *kinds: dg.DagsterEventType
) -> Iterator[dg.DagsterEvent]:
    """Events of a run, by default those of failures, in their order."""
    wanted = set(kinds) or {
        dg.DagsterEventType.STEP_FAILURE,
        dg.DagsterEventType.RUN_FAILURE,
    }
    cursor: str | None = None
    while True:
        page = instance.get_records_for_run(run_id, cursor=cursor, of_type=wanted, limit=1_000)
        for record in page.records:
            if record.event_log_entry.dagster_event is not None:
                yield record.event_log_entry.dagster_event
        if not page.has_more:
            return
        cursor = page.cursor


def _log(message: Message, folder: Path) -> None:
    """Write a message to the process's log and to alerts.log, whoever else is told."""
    text = f"{message.title}\n{message.body}"
    _LOG.warning("%s", text)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / "alerts.log").open("a", encoding="utf-8") as file:
            file.write(f"{datetime.now(timezone.utc):%Y-%m-%dT%H:%M:%SZ} {text}\n\n")
    except OSError as error:
        _LOG.warning("%s cannot be written: %s", folder / "alerts.log", error.strerror)
