"""`metric-assets doctor`: findings as a table or as JSON."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace

import click

from metric_assets.cli import environment


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.option("--create-target", is_flag=True, help="Make the target table if it is absent.")
@click.option("--all", "show_all", is_flag=True, help="Show what is as it should be, too.")
def doctor(as_json: bool, create_target: bool, show_all: bool) -> None:
    """Everything that can be wrong before the first row moves; each finding says what to do.

    Exit 0 if nothing failed, 1 if something did, 2 if a store cannot be reached.
    """
    from metric_assets.cli.console import err, out, table
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
    if as_json:
        click.echo(json.dumps([finding.as_dict() for finding in findings], indent=2))
    else:
        counts = Counter(finding.status for finding in findings)
        title = f"doctor: {counts['ok']} ok, {counts['remark']} remarks, {counts['failed']} failed"
        rows = [
            (f.subject, f.found, f.advice, f.status)
            for f in findings
            if show_all or f.status != "ok"
        ]
        shown = table(title, ("subject", "found", "what to do", "status"), rows)
        shown.columns[3].no_wrap = True
        out().print(shown)
        if not show_all and counts["ok"]:
            click.echo("`metric-assets doctor --all` shows what is ok, with sizes.", err=True)
    raise click.exceptions.Exit(exit_code(findings))
