"""Reconcile: repeat the checks, say where a difference comes from, repair what differs.

Belongs here: the order of these three. Does not belong here: a check (audit, source_check) or a
repair, which is a materialization like any other.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import click

from metric_assets.catalog.model import Pair
from metric_assets.cli import console, environment, report, running
from metric_assets.cli.backfilling import plan_only
from metric_assets.cli.closing import closing_sentence
from metric_assets.cli.exits import Stopped, echo_document
from metric_assets.cli.outside import Outside, look_outside
from metric_assets.cli.repairs import repair_work
from metric_assets.cli.row import CHECK_COLUMNS, Row
from metric_assets.cli.work import stores_answer
from metric_assets.connect import open_both, open_target
from metric_assets.dry_run import Missed, Piece
from metric_assets.errors import MetricAssetsError
from metric_assets.orchestration.check_names import MATCHES_SOURCE
from metric_assets.ranges import IdRange
from metric_assets.settings import Settings
from metric_assets.source_check import LEGACY_DRIFT, SourceVerdict
from metric_assets.strays import Stray, find_strays, remove_stray


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

    outcome: running.Outcome
    rows: list[Row]
    causes: list[str]
    missed: list[Missed]
    strays: list[Stray] = field(default_factory=list)


def reconcile(pairs: Sequence[Pair], settings: Settings, options: Options) -> bool:
    """Check, explain, repair if asked, show; whether all is well at the end."""
    stores_answer(settings)
    environment.dagster_answers()
    running.quiet_dagster()
    notes = console.Notes(console.err())
    repaired: list[str] = []
    removed: list[str] = []
    try:
        result = _examine(pairs, settings, options, notes, source=options.source)
        if options.repair:
            repaired = _repair(result.rows, settings, options, notes)
            removed = _remove(result.strays, settings)
            if repaired or removed:
                # What was loaded again has proven itself, the rest was proven a moment ago.
                result = _examine(pairs, settings, options, notes, source=False)
        outside = look_outside(pairs, settings)
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
            "pairs": [row.as_dict() for row in result.rows],
            "causes": result.causes,
            "missed": [one.as_dict() for one in result.missed],
            "repaired": repaired,
            "strays": [stray.as_dict() for stray in result.strays],
            "removed": removed,
            "run": result.outcome.run_id,
            "failure": result.outcome.failure,
            "retries": [retry.as_dict() for retry in notes.retries],
            "remarks": notes.remarks,
            **outside.as_dict(),
        }
        echo_document(document, 0 if clean else 1)
        return clean
    _print_rows(result.rows)
    told = [
        *report.reasons(result.rows, [result.outcome]),
        *result.causes,
        *(stray.sentence for stray in result.strays),
        *removed,
        *outside.sentences,
    ]
    for line in dict.fromkeys(told):
        click.echo(line, err=True)
    if result.strays and not options.repair:
        click.echo("`metric-assets reconcile --repair` removes rows of no pair", err=True)
    if repaired:
        click.echo(f"{len(repaired)} ranges were loaded again.")
    click.echo(sentence)
    return clean


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
    rows: Sequence[Row], outcome: running.Outcome, settings: Settings
) -> tuple[list[str], list[Missed]]:
    """Where each difference comes from: what the source check said, which is made for ranges that
    break the rule of legacy and were not compared with their source in this run.
    """
    causes: list[str] = []
    pieces = []
    for row in rows:
        checked = running.partition_checks(outcome, row.pair, MATCHES_SOURCE)
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


def _remove(strays: Sequence[Stray], settings: Settings) -> list[str]:
    """Remove rows that belong to nothing; what became of each kind, in words."""
    if not strays:
        return []
    said: list[str] = []
    with open_both(settings) as (postgres, clickhouse):
        mode = open_target(clickhouse, settings).mode
        for stray in strays:
            with _told(said):
                said.append(remove_stray(stray, clickhouse, postgres, settings, mode))
    return said


@contextmanager
def _told(said: list[str]) -> Iterator[None]:
    """What cannot be removed is told, and the rest goes on."""
    try:
        yield
    except MetricAssetsError as error:
        said.append(str(error))


def _print_rows(rows: Sequence[Row]) -> None:
    cells = [[row.cell(column) for column in CHECK_COLUMNS] for row in rows]
    console.out().print(console.table("Checks", CHECK_COLUMNS, cells))
