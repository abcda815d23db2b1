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
from metric_assets.cli import console, environment
from metric_assets.cli.closing import closing_sentence
from metric_assets.cli.exits import Stopped, echo_document
from metric_assets.cli.row import CHECK_COLUMNS, Row
from metric_assets.ranges import IdRange
from metric_assets.settings import Settings
from metric_assets.source_check import LEGACY_DRIFT, SourceVerdict

if TYPE_CHECKING:
    # Imported where they are used: Dagster and the drivers cost seconds that `--help` need not pay.
    from metric_assets.operations.dry_run import Missed
    from metric_assets.operations.ranges import Outside
    from metric_assets.orchestration.outcomes import Outcome
    from metric_assets.strays import Stray


@dataclass(frozen=True)
class Options:
    """How a reconciliation is done and shown; ``everything`` says that all pairs are meant."""

    source: bool = False
    repair: bool = False
    as_json: bool = False
    verbose: bool = False
    everything: bool = True


@dataclass(frozen=True)
class _Result:
    """The checks of a selection, where differences come from, and rows that belong to nothing."""

    outcome: Outcome
    rows: list[Row]
    causes: list[str]
    missed: list[Missed]
    strays: list[Stray] = field(default_factory=list)


@click.command()
@click.argument("selection", nargs=-1)
@click.option("--source", is_flag=True, help="Compare every range with its source now.")
@click.option("--repair", is_flag=True, help="Repair all that differs; implies --source.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.option("--verbose", is_flag=True, help="Dagster's own log on stderr.")
def reconcile(
    selection: tuple[str, ...], source: bool, repair: bool, as_json: bool, verbose: bool
) -> None:
    """Check everything of SELECTION; for what differs, say where it comes from."""
    settings = environment.settings()
    options = Options(source or repair, repair, as_json, verbose, everything=not selection)
    clean = check(settings.catalog.select(selection), settings, options)
    raise click.exceptions.Exit(0 if clean else 1)


def check(pairs: Sequence[Pair], settings: Settings, options: Options) -> bool:
    """Check, explain, repair if asked, show; whether all is well at the end."""
    from metric_assets.cli import report
    from metric_assets.operations.backfill import stores_answer
    from metric_assets.operations.repair import remove_strays
    from metric_assets.orchestration import running
    from metric_assets.orchestration.instance import dagster_answers

    stores_answer(settings)
    dagster_answers()
    running.quiet_dagster()
    notes = console.Notes(console.err())
    repaired: list[str] = []
    removed: list[str] = []
    try:
        result = _examine(pairs, settings, options, notes, source=options.source)
        if options.repair:
            repaired = _repair(result.rows, settings, options, notes)
            removed = remove_strays(result.strays, settings)
            if repaired or removed:
                # What was loaded again has proven itself, the rest was proven a moment ago.
                result = _examine(pairs, settings, options, notes, source=False)
        outside = console.look_outside(pairs, settings)
    except KeyboardInterrupt:
        raise Stopped(
            "stopped; what was repaired is kept, checks write nothing: the same command checks anew"
        ) from None
    clean = report.is_clean(result.rows, [result.outcome])
    clean = clean and not outside.sentences and not result.strays
    where = "" if options.source else _as_of(result.rows)
    sentence = closing_sentence(result.rows, where=where, more=_more(result, outside))
    if options.as_json:
        document = {
            "sentence": sentence,
            "source": options.source,
            **_document(result),
            "repaired": repaired,
            "removed": removed,
            "retries": [retry.as_dict() for retry in notes.retries],
            "remarks": notes.remarks,
            **outside.as_dict(),
        }
        echo_document(document, 0 if clean else 1)
        return clean
    _print_rows(result.rows)
    for line in dict.fromkeys([*_told(result), *removed, *outside.sentences]):
        click.echo(line, err=True)
    if result.strays and not options.repair:
        click.echo("`metric-assets reconcile --repair` removes rows of no pair", err=True)
    if repaired:
        click.echo(f"{len(repaired)} ranges were loaded again.")
    click.echo(sentence)
    return clean


def _document(result: _Result) -> dict[str, object]:
    """What the checks came to, for JSON."""
    return {
        "pairs": [row.as_dict() for row in result.rows],
        "causes": result.causes,
        "missed": [one.as_dict() for one in result.missed],
        "strays": [stray.as_dict() for stray in result.strays],
        "run": result.outcome.run_id,
        "failure": result.outcome.failure,
    }


def _told(result: _Result) -> list[str]:
    """What the table cannot say."""
    from metric_assets.cli import report

    strays = [stray.sentence for stray in result.strays]
    return [*report.reasons(result.rows, [result.outcome]), *result.causes, *strays]


def _as_of(rows: Sequence[Row]) -> str:
    """When counters were last compared with their source, where this command has not done it."""
    ages = [row.oldest_days for row in rows if row.oldest_days is not None]
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
    if not result.outcome.success and not any(row.failures for row in result.rows):
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
    from metric_assets.cli import report
    from metric_assets.connect import open_both, open_target
    from metric_assets.orchestration import running
    from metric_assets.strays import find_strays

    outcome = running.run_checks(pairs, settings, notes, verbose=options.verbose, source=source)
    if outcome.interrupted:
        raise KeyboardInterrupt
    rows = report.build_rows(pairs, [], [outcome], badges=True)
    causes, missed = _causes(rows, outcome, settings)
    if missed:
        rows = report.build_rows(pairs, [], [outcome], missed, badges=True)
    with open_both(settings) as (_, clickhouse):
        mode = open_target(clickhouse, settings).mode
        entities = None if options.everything else list(dict.fromkeys(one.entity for one in pairs))
        strays = find_strays(clickhouse, settings, mode, entities)
    return _Result(outcome, rows, causes, missed, strays)


def _causes(
    rows: Sequence[Row], outcome: Outcome, settings: Settings
) -> tuple[list[str], list[Missed]]:
    """Where each difference comes from: what the source check said, which is made for ranges that
    break the rule of legacy and were not compared with their source in this run.
    """
    from metric_assets.operations.dry_run import Piece
    from metric_assets.orchestration.check_names import MATCHES_SOURCE
    from metric_assets.orchestration.outcomes import partition_checks
    from metric_assets.orchestration.running import plan_only

    causes: list[str] = []
    pieces = []
    for row in rows:
        checked = partition_checks(outcome, row.pair, MATCHES_SOURCE)
        causes += [check.description or "" for check in checked.values() if not check.passed]
        asked = [key for key in row.legacy_failing_ranges if key not in checked]
        if asked:
            ranges = tuple(IdRange.parse(key) for key in asked)
            catalog = settings.catalog
            pieces.append(Piece(catalog.scan[row.pair], (catalog.pairs[row.pair],), ranges))
        causes += [
            f"{row.pair}/{key}: {LEGACY_DRIFT}"
            for key in row.legacy_failing_ranges
            if key in checked and checked[key].passed
        ]
    if not pieces:
        return causes, []
    runs = plan_only(pieces, settings, console.Notes(console.err()))
    for load_result in runs.load_results:
        verdict = SourceVerdict(load_result)
        found = f"{verdict.place}: {LEGACY_DRIFT}" if verdict.passed else verdict.sentence
        causes.append(found)
    return causes, runs.missed


def _repair(
    rows: Sequence[Row], settings: Settings, options: Options, notes: console.Notes
) -> list[str]:
    """Load ranges again that differ, and those that should have been loaded; which they are."""
    from metric_assets.operations.repair import repair_work
    from metric_assets.orchestration import running

    ranges = {row.pair: [*row.differing_ranges, *row.unloaded_ranges] for row in rows}
    work = repair_work(ranges, settings)
    if not work:
        return []
    with console.progress_bar(sum(piece.steps for piece in work), quiet=options.verbose) as bar:
        for outcome in running.run_backfill(work, settings, bar, verbose=options.verbose):
            if outcome.interrupted:
                raise KeyboardInterrupt
            if not outcome.success:
                click.echo(f"{outcome.entity}: {outcome.failure}", err=True)
    notes.retries += bar.retries
    return [f"{pair}/{key}" for pair, keys in ranges.items() for key in keys]


def _print_rows(rows: Sequence[Row]) -> None:
    cells = [[row.cell(column) for column in CHECK_COLUMNS] for row in rows]
    console.out().print(console.table("Checks", CHECK_COLUMNS, cells))


COMMANDS = {"reconcile": reconcile}
