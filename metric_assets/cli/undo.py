"""`metric-assets undo`: which runs changed the target, and putting back what one of them changed.

Belongs here: what is shown, asked and printed. Does not belong here: what an undo does
(operations/undo).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from metric_assets.cli import console, environment, tables
from metric_assets.cli.asking import confirm, refuse_unasked
from metric_assets.cli.documents import echo_document
from metric_assets.cli.exits import Stopped
from metric_assets.settings import Settings

if TYPE_CHECKING:
    # Imported where they are used: Dagster and the drivers cost seconds that `--help` need not pay.
    from metric_assets.changes import ChangedRun
    from metric_assets.load.undo import Undone
    from metric_assets.operations.backfill import Outcome
    from metric_assets.operations.undo import Undoing

RUNS = ("run", "when", "who", "command", "pairs", "ranges", "in", "out")
RANGES = ("pair", "range", "back in", "out", "present", "share", "by others")
#: Pairs named in a row of the list.
_NAMED = 3


@dataclass(frozen=True)
class Options:
    """How an undo is done and shown."""

    yes: bool = False
    dry_run: bool = False
    force: bool = False
    as_json: bool = False
    verbose: bool = False


@click.command()
@click.argument("run", required=False)
@click.option("--yes", is_flag=True, help="Do not ask before anything is written.")
@click.option("--dry-run", is_flag=True, help="Show what would be put back, write nothing.")
@click.option("--force", is_flag=True, help="Put back what others have changed since, too.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.option("--verbose", is_flag=True, help="Dagster's own log on stderr.")
def undo(  # noqa: PLR0913 - one a command line option
    run: str | None, yes: bool, dry_run: bool, force: bool, as_json: bool, verbose: bool
) -> None:
    """Put back what the target held before RUN (its id, or how it begins) changed it.

    Without RUN, list the runs that changed the target.
    """
    settings = environment.settings()
    options = Options(yes, dry_run, force, as_json, verbose)
    clean = _list(settings, options) if run is None else put_back(run, settings, options)
    raise click.exceptions.Exit(0 if clean else 1)


def _list(settings: Settings, options: Options) -> bool:
    from metric_assets.operations.undo import changed_runs

    runs = changed_runs(settings)
    if options.as_json:
        echo_document({"runs": [one.as_dict() for one in runs]}, 0)
        return True
    if not runs:
        click.echo("No change of the target is recorded.")
        return True
    tables.show(
        "Runs that changed the target",
        RUNS,
        _rows(runs),
        drop=("who", "ranges", "command"),
        prose=("command", "pairs"),
    )
    click.echo("`metric-assets undo RUN` shows what putting one back takes, and asks.")
    return True


def _rows(runs: Sequence[ChangedRun]) -> list[list[object]]:
    rows: list[list[object]] = []
    for one in runs:
        rest = len(one.pairs) - _NAMED
        pairs = ", ".join(one.pairs[:_NAMED]) + (f" and {rest} more" if rest > 0 else "")
        what = f"undo of {one.undone}" if one.undone else one.actor.command
        who = f"{one.actor.user}@{one.actor.host}"
        when = f"{one.ended:%Y-%m-%d %H:%M}"
        rows.append([one.run, when, who, what, pairs, one.ranges, one.inserted, one.removed])
    return rows


def put_back(run: str, settings: Settings, options: Options) -> bool:
    """Plan, show, ask, put back; whether all is as it was before the run."""
    from metric_assets.operations.undo import find_run, plan_undo
    from metric_assets.orchestration.instance import dagster_answers

    if not options.dry_run:
        refuse_unasked("undo", yes=options.yes)
        dagster_answers()
    changed = find_run(run, settings)
    try:
        with tables.err().status("plan") as status:
            plan = plan_undo(changed, settings, status.update)
    except KeyboardInterrupt:
        raise Stopped("stopped; nothing was written") from None
    if not options.as_json:
        _show(plan)
    refused = plan.blocked or (bool(plan.refusals) and not options.force)
    if refused or options.dry_run:
        return _planned(plan, options)
    if plan.changing and not confirm(plan.sentence, yes=options.yes):
        raise Stopped("nothing was written")
    return _write(plan, settings, options)


def _planned(plan: Undoing, options: Options) -> bool:
    """A plan that is not carried out: refused, or a dry run."""
    for line in plan.refusals:
        click.echo(line, err=True)
    clean = not plan.refusals and not plan.changing
    if options.as_json:
        echo_document(_document(plan, options, plan.ranges, None), 0 if clean else 1)
    return clean


def _write(plan: Undoing, settings: Settings, options: Options) -> bool:
    from metric_assets.orchestration.running import quiet_dagster, run_undo

    quiet_dagster()
    notes = console.Notes(tables.err())
    outcome = run_undo(plan.run.run, settings, notes, force=options.force, verbose=options.verbose)
    if outcome.interrupted:
        raise Stopped(
            "stopped; what was put back is kept: the same command goes on where this one ended",
            _document(plan, options, notes.undoings, outcome),
        )
    if options.as_json:
        document = _document(plan, options, notes.undoings, outcome)
        echo_document(document, 0 if outcome.success else 1)
        return outcome.success
    if not outcome.success:
        click.echo(outcome.failure, err=True)
        return False
    done = len([one for one in notes.undoings if not one.plan.empty])
    click.echo(
        f"{done} ranges are as they were before run {plan.run.run}; undo run {outcome.run_id} to"
        " have it back."
        if done
        else f"Nothing had to be put back for run {plan.run.run}."
    )
    return True


def _show(plan: Undoing) -> None:
    run = plan.run
    click.echo(
        f"Run {run.run}: {run.began:%Y-%m-%dT%H:%M:%SZ}, {run.actor.user} on {run.actor.host},"
        f" {run.actor.command}"
    )
    if plan.changing:
        rows: list[list[object]] = [
            [
                f"{one.changed.entity}/{one.changed.metric}",
                one.changed.ids.key,
                one.plan.rows.inserted,
                one.plan.rows.removed,
                one.plan.rows.present,
                f"{one.share:.1%}",
                one.plan.foreign,
            ]
            for one in plan.changing
        ]
        tables.show("To be put back", RANGES, rows, drop=("present", "share"))
    click.echo(plan.sentence)


def _document(
    plan: Undoing, options: Options, ranges: Sequence[Undone], outcome: Outcome | None
) -> dict[str, object]:
    """What an undo came to, for JSON."""
    return {
        "dry_run": options.dry_run,
        "force": options.force,
        "sentence": plan.sentence,
        "undoes": plan.run.as_dict(),
        "ranges": [one.as_dict() for one in ranges],
        "refusals": plan.refusals,
        "run": outcome.run_id if outcome else None,
        "failure": outcome.failure if outcome else "",
    }
