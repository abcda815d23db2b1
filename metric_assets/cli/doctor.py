"""`metric-assets doctor`: findings as a table or as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING

import click

from metric_assets.actor import this_process
from metric_assets.cli import environment
from metric_assets.cli.documents import echo_document
from metric_assets.cli.tables import err, show
from metric_assets.errors import SettingsError
from metric_assets.settings import Settings

if TYPE_CHECKING:
    # Imported where it is used: the drivers cost a second that `--help` need not pay.
    from metric_assets.doctor.findings import Finding


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.option("--create-target", is_flag=True, help="Make the target table if it is absent.")
@click.option("--all", "show_all", is_flag=True, help="Show what is as it should be, too.")
@click.option(
    "--alert",
    is_flag=True,
    help="Send what failed, and an audit that has not run, as an alert: for cron.",
)
@click.option("--test-alert", is_flag=True, help="Only send a message that says nothing is wrong.")
def doctor(
    as_json: bool, create_target: bool, show_all: bool, alert: bool, test_alert: bool
) -> None:
    """Everything that can be wrong before the first row moves; each finding says what to do.

    Exit 0 if nothing failed, 1 if something did, 2 if a store cannot be reached.
    """
    if test_alert:
        _send_trial(environment.settings(), as_json=as_json)
        return
    from metric_assets.doctor import examine, exit_code
    from metric_assets.doctor.findings import CONNECTIONS

    settings = environment.settings()
    with err().status("doctor") as status:
        findings = examine(settings, create_target=create_target, report=status.update)
    if hint := environment.stack_hint():
        findings = [
            replace(f, advice=hint) if f.status == "failed" and f.subject in CONNECTIONS else f
            for f in findings
        ]
    if alert:
        findings = _alert(findings, settings)
    code = exit_code(findings)
    if as_json:
        echo_document({"findings": [finding.as_dict() for finding in findings]}, code)
    else:
        _show(findings, show_all=show_all)
    raise click.exceptions.Exit(code)


def _alert(findings: list[Finding], settings: Settings) -> list[Finding]:
    """Tell what failed; the findings, with one of the audit and of what could not be sent."""
    from metric_assets.doctor.findings import FAILED, REMARK
    from metric_assets.doctor.findings import Finding as Made
    from metric_assets.operations.alerts import Problem, Seen
    from metric_assets.orchestration.alerts import tell_findings

    known = {
        one.subject: Problem("doctor", one.subject, one.status, cause=one.found, cure=one.advice)
        for one in findings
    }
    failed = tuple(problem for problem in known.values() if problem.word == FAILED)
    well = frozenset(problem.key for problem in known.values() if problem.word != FAILED)
    seen, warnings = tell_findings(Seen(failed, well, "metric-assets doctor"), settings)
    overdue = [
        Made("Dagster: audit", one.cause, one.cure, FAILED)
        for one in seen.problems
        if one.what == "audit"
    ]
    return [*findings, *overdue, *(Made("Alerts", text, "", REMARK) for text in warnings)]


def _send_trial(settings: Settings, *, as_json: bool) -> None:
    """Send a message that nothing is wrong; exit 1 if it could not be sent to all."""
    from metric_assets.doctor.findings import FAILED
    from metric_assets.doctor.findings import Finding as Made
    from metric_assets.operations.alerts import trial
    from metric_assets.settings import ALERT_URLS
    from metric_assets.stores.messages import Messenger

    messenger = Messenger(settings.alert_urls, settings.alert_timeout)
    if not messenger.names:
        raise SettingsError(f"{ALERT_URLS}: not set, so there is nobody to send a test to")
    actor = this_process()
    message = trial(datetime.now(timezone.utc), f"{actor.user} on {actor.host}")
    failed = messenger.send(message.title, message.body)
    found = [Made("Alerts", text, "See that the address is right and answers", FAILED)
             for text in failed]  # fmt: skip
    code = 1 if failed else 0
    if as_json:
        echo_document({"findings": [one.as_dict() for one in found]}, code)
    else:
        for text in failed:
            click.echo(text, err=True)
        click.echo(f"sent to {len(messenger.names) - len(failed)} of {len(messenger.names)}")
    raise click.exceptions.Exit(code)


def _show(findings: Sequence[Finding], *, show_all: bool) -> None:
    counts = Counter(finding.status for finding in findings)
    title = f"doctor: {counts['ok']} ok, {counts['remark']} remarks, {counts['failed']} failed"
    columns = ("subject", "found", "what to do", "status")
    rows = [
        (one.subject, one.found, one.advice, one.status)
        for one in findings
        if show_all or one.status != "ok"
    ]
    show(title, columns, rows, prose=columns[:3])
    if not show_all and counts["ok"]:
        click.echo("`metric-assets doctor --all` shows what is ok, with sizes.", err=True)
