"""`metric-assets doctor`: findings as a table or as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from metric_assets.cli import environment
from metric_assets.cli.documents import echo_document
from metric_assets.cli.tables import err, show

if TYPE_CHECKING:
    # Imported where it is used: the drivers cost a second that `--help` need not pay.
    from metric_assets.doctor.findings import Finding


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.option("--create-target", is_flag=True, help="Make the target table if it is absent.")
@click.option("--all", "show_all", is_flag=True, help="Show what is as it should be, too.")
def doctor(as_json: bool, create_target: bool, show_all: bool) -> None:
    """Everything that can be wrong before the first row moves; each finding says what to do.

    Exit 0 if nothing failed, 1 if something did, 2 if a store cannot be reached.
    """
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
    code = exit_code(findings)
    if as_json:
        echo_document({"findings": [finding.as_dict() for finding in findings]}, code)
    else:
        _show(findings, show_all=show_all)
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
