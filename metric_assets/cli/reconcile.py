"""`metric-assets reconcile`: repeat the checks, say where a difference comes from, repair it.

Belongs here: the order of these three, the table and the document. Does not belong here: a check
(audit, source_check) or a repair, which is a materialization like any other.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import click

from metric_assets.catalog.model import Pair
from metric_assets.cli import completions, console, environment, tables
from metric_assets.cli.asking import refuse_unasked
from metric_assets.cli.closing import closing_sentence
from metric_assets.cli.documents import echo_document
from metric_assets.cli.exits import Stopped
from metric_assets.cli.repair import Repaired, carry_out, plan_repair
from metric_assets.operations.pair_report import PairReport
from metric_assets.operations.report import is_clean, reasons, report_checks
from metric_assets.settings import Settings

if TYPE_CHECKING:
    # Imported where they are used: Dagster and the drivers cost seconds that `--help` need not pay.
    from metric_assets.audit.strays import Stray
    from metric_assets.load_result import LoadResult
    from metric_assets.operations.backfill import Outcome
    from metric_assets.operations.dry_run import Missed
    from metric_assets.operations.ranges import Outside

COLUMNS = (
    "pair", "ranges", "events", "missing", "phantom", "coverage", "rule", "source", "legacy",
)  # fmt: skip
#: Those that a narrow terminal does without, the least important first.
DROP = ("rule", "events", "ranges", "phantom", "coverage")


@dataclass(frozen=True)
class Options:
    """How a reconciliation is done and shown; ``everything`` says that all pairs are meant."""

    source: bool = False
    repair: bool = False
    as_json: bool = False
    verbose: bool = False
    everything: bool = True
    yes: bool = False


@dataclass(frozen=True)
class _Result:
    """The checks of a selection, where differences come from, and rows that belong to nothing."""

    outcome: Outcome
    reports: list[PairReport]
    causes: list[str]
    missed: list[Missed]
    strays: list[Stray] = field(default_factory=list)


@click.command()
@click.argument("selection", nargs=-1, shell_complete=completions.selection)
@click.option("--source", is_flag=True, help="Compare every range with its source now.")
@click.option("--repair", is_flag=True, help="Repair what differs: shows it, asks.")
@click.option("--yes", is_flag=True, help="Repair without being asked.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.option("--verbose", is_flag=True, help="Dagster's own log on stderr.")
def reconcile(  # noqa: PLR0913 - one a command line option
    selection: tuple[str, ...],
    source: bool,
    repair: bool,
    yes: bool,
    as_json: bool,
    verbose: bool,
) -> None:
    """Check everything of SELECTION; for what differs, say where it comes from."""
    settings = environment.settings()
    options = Options(source or repair, repair, as_json, verbose, not selection, yes)
    clean = check(settings.catalog.select(selection), settings, options)
    raise click.exceptions.Exit(0 if clean else 1)


def check(pairs: Sequence[Pair], settings: Settings, options: Options) -> bool:
    """Check, explain, repair if asked, show; whether all is well at the end."""
    from metric_assets.operations.backfill import stores_answer
    from metric_assets.orchestration.instance import dagster_answers
    from metric_assets.orchestration.running import quiet_dagster

    if options.repair:
        refuse_unasked("reconcile --repair", yes=options.yes)
    stores_answer(settings)
    dagster_answers()
    quiet_dagster()
    notes = console.Notes(tables.err())
    done = Repaired()
    runs: list[str] = []
    try:
        result = _examine(pairs, settings, options, notes, source=options.source)
        runs.append(result.outcome.run_id)
        if options.repair:
            plan = plan_repair(result.reports, result.strays, settings)
            done = carry_out(plan, settings, notes, yes=options.yes, verbose=options.verbose)
            runs += done.runs
            if done.ranges or done.removed:
                # What was loaded again was verified by its load, the rest a moment ago.
                result = _examine(pairs, settings, options, notes, source=False)
                runs.append(result.outcome.run_id)
        outside = console.look_outside(pairs, settings, notes.remark)
    except KeyboardInterrupt:
        raise Stopped(
            "stopped; what was repaired is kept, checks write nothing: the same command checks anew"
        ) from None
    console.tell_alerts(runs, settings)
    clean = is_clean(result.reports, [result.outcome]) and not (outside.sentences or result.strays)
    where = "" if options.source else _as_of(result.reports)
    sentence = closing_sentence(result.reports, where=where, more=_more(result, outside))
    if options.as_json:
        known = {"sentence": sentence, "source": options.source, **outside.as_dict()}
        echo_document({**known, **_document(result, done, notes)}, 0 if clean else 1)
        return clean
    _show(result, [*done.removed, *outside.sentences])
    _say(result, done, options)
    click.echo(sentence)
    return clean


def _say(result: _Result, done: Repaired, options: Options) -> None:
    """What was repaired, and what could be."""
    if result.strays and not options.repair:
        click.echo("`metric-assets reconcile --repair` removes rows of no pair", err=True)
    if done.ranges:
        click.echo(f"{len(done.ranges)} ranges were loaded again.")
    if done.refused:
        click.echo("Nothing was repaired.")


def _document(result: _Result, done: Repaired, notes: console.Notes) -> dict[str, object]:
    """What the checks and a repair came to, for JSON."""
    return {
        "repaired": list(done.ranges),
        "removed": list(done.removed),
        "pairs": [report.as_dict() for report in result.reports],
        "causes": result.causes,
        "missed": [one.as_dict() for one in result.missed],
        "strays": [stray.as_dict() for stray in result.strays],
        "run": result.outcome.run_id,
        "failure": result.outcome.failure,
        "retries": [retry.as_dict() for retry in notes.retries],
        "remarks": notes.remarks,
    }


def _show(result: _Result, more: Sequence[str]) -> None:
    """The table, and on stderr what it cannot say."""
    cells = console.cells(result.reports, COLUMNS)
    tables.show("Checks", COLUMNS, cells, drop=DROP)
    strays = [stray.sentence for stray in result.strays]
    told = [*reasons(result.reports, [result.outcome]), *result.causes, *strays, *more]
    for line in dict.fromkeys(told):
        click.echo(line, err=True)


def _as_of(reports: Sequence[PairReport]) -> str:
    """When counters were last compared with their source, where this command has not done it."""
    badges = [one.badge for one in reports if one.badge]
    ages = [badge.oldest_days for badge in badges if badge.oldest_days is not None]
    if not ages:
        return ""
    days = max(ages)
    minutes = math.ceil(days * 24 * 60)
    age = f"{days:.1f} days" if days >= 2 else f"{days * 24:.1f} hours"
    age = f"{minutes} minutes" if minutes < 120 else age
    return f" as last compared, at most {age} ago (`--source` compares them now)"


def _more(result: _Result, outside: Outside) -> list[str]:
    """What is not well beside the pairs."""
    strays = sum(stray.events for stray in result.strays)
    said = [f"{strays:,} rows of the target belong to nothing"] if strays else []
    if not result.outcome.success and not any(one.failures for one in result.reports):
        said.append("the run of the checks failed")
    return [*said, *outside.closing]


def _examine(
    pairs: Sequence[Pair],
    settings: Settings,
    options: Options,
    notes: console.Notes,
    *,
    source: bool,
) -> _Result:
    from metric_assets.operations import reconcile as operation
    from metric_assets.orchestration.running import compare_only, run_checks

    notes.forget_checks()
    outcome = run_checks(pairs, settings, notes, verbose=options.verbose, source=source)
    if outcome.interrupted:
        raise KeyboardInterrupt
    reports = report_checks(pairs, notes, [outcome])
    pieces = operation.unexplained(reports, settings)
    planned: list[LoadResult] = []
    missed: list[Missed] = []
    if pieces:
        runs = compare_only(pieces, settings, console.Notes(tables.err()))
        planned, missed = runs.load_results, runs.missed
    causes = operation.causes(reports, planned)
    if missed:
        reports = report_checks(pairs, notes, [outcome], missed)
    strays = operation.strays_of(None if options.everything else pairs, settings, notes.remark)
    return _Result(outcome, reports, causes, missed, strays)
