"""Backfill: load or plan what is asked for, and show what came of it.

Belongs here: the order of these, the closing table and the document. Does not belong here: a run
itself (running), a row of the table (report), or the last sentence (closing).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from metric_assets.catalog.model import Pair, Scan
from metric_assets.cli import console, environment, report, running
from metric_assets.cli.closing import closing_sentence
from metric_assets.cli.exits import Stopped, echo_document
from metric_assets.cli.outside import Outside, look_outside
from metric_assets.cli.row import COLUMNS, Row
from metric_assets.cli.work import plan_work, stores_answer
from metric_assets.connect import open_both, open_stores
from metric_assets.dry_run import DryRuns, Missed, Piece
from metric_assets.ranges import IdRange
from metric_assets.settings import Settings

if TYPE_CHECKING:
    from metric_assets.cli.running import Work
    from metric_assets.orchestration.resources import Listener
    from metric_assets.pipeline import Stores


@dataclass(frozen=True)
class Options:
    """How a backfill is done and shown; ``hint`` is said before the last sentence."""

    dry_run: bool = False
    heal: bool = False
    as_json: bool = False
    quiet: bool = False
    verbose: bool = False
    hint: str = ""


def backfill(
    pairs: Sequence[Pair], wanted: IdRange | None, settings: Settings, options: Options
) -> bool:
    """Load ``pairs`` in the ranges that ``wanted`` touches, or in all; whether all is well."""
    work = plan_work(pairs, wanted, settings)
    stores_answer(settings)
    if not options.dry_run:
        environment.dagster_answers()
    outcomes: list[running.Outcome] = []
    missed: list[Missed] = []
    stopped = False
    steps = sum(piece.steps for piece in work)
    with console.progress_bar(steps, quiet=options.quiet or options.verbose) as bar:
        try:
            if options.dry_run:
                planned = plan_only(pieces_of(work), settings, bar, heal=options.heal)
                missed += planned.missed
            else:
                running.quiet_dagster()
                runs = running.run_backfill(
                    work, settings, bar, verbose=options.verbose, heal=options.heal
                )
                outcomes.extend(runs)
        except KeyboardInterrupt:
            stopped = True
    stopped = stopped or any(outcome.interrupted for outcome in outcomes)
    outside = Outside()
    if wanted is None and not stopped:
        # Who asks for a range has said which ids are meant.
        try:
            outside = look_outside(pairs, settings)
        except KeyboardInterrupt:
            stopped = True
    rows = report.build_rows(pairs, bar.load_results, outcomes, missed)
    clean = report.is_clean(rows, outcomes) and not stopped and not outside.sentences
    where = f" in {', '.join(_keys(work))}" if wanted is not None else ""
    more = [*outside.closing, *(["a run failed"] if _failed(rows, outcomes) else [])]
    sentence = closing_sentence(rows, where=where, more=more)
    document = {
        "dry_run": options.dry_run,
        "heal_live": options.heal,
        "sentence": sentence,
        "missed": [one.as_dict() for one in missed],
        **_document(rows, bar, outcomes),
        **outside.as_dict(),
    }
    if stopped:
        raise Stopped(_stopped(bar, options.dry_run), document)
    if options.as_json:
        echo_document(document, 0 if clean else 1)
        return clean
    told = (
        *report.reasons(rows, outcomes),
        *report.incomplete(bar.load_results),
        *outside.sentences,
    )
    _show(rows, told, sentence, options)
    return clean


def _show(rows: Sequence[Row], told: Iterable[str], sentence: str, options: Options) -> None:
    _print_rows(rows, options.dry_run)
    for line in told:
        click.echo(line, err=True)
    if options.hint:
        click.echo(options.hint)
    click.echo(sentence)


def _document(
    rows: Sequence[Row], bar: console.Bar, outcomes: Sequence[running.Outcome]
) -> dict[str, Any]:
    """What the runs came to, for JSON."""
    return {
        "pairs": [row.as_dict() for row in rows],
        "load_results": [load_result.as_dict() for load_result in report.merged(bar.load_results)],
        "runs": {outcome.entity: outcome.run_id for outcome in outcomes},
        "failures": {one.entity: one.failure for one in outcomes if not one.success},
        "retries": [retry.as_dict() for retry in bar.retries],
        "remarks": bar.remarks,
    }


def plan_only(
    pieces: Sequence[Piece], settings: Settings, listener: Listener, *, heal: bool = False
) -> DryRuns:
    """The source check outside of a run: the plan of each range; nothing is written."""
    with open_both(settings) as (postgres, clickhouse), running.recorded(listener) as loaded:

        def stores(scan: Scan) -> Stores:
            return open_stores(scan, postgres, clickhouse, settings, "dry-run")

        runs = DryRuns(settings, stores, listener, loaded, heal=heal)
        runs.walk(pieces)
        runs.finish(lambda sentence: listener.remarked([sentence]))
    return runs


def pieces_of(work: Sequence[Work]) -> list[Piece]:
    """The scans that feed the pairs of each piece of work, each with those it feeds."""
    return [
        Piece(scan, fed, piece.ranges)
        for piece in work
        for scan in piece.scans
        if (fed := tuple(pair for pair in scan.pairs if pair in piece.pairs))
    ]


def _keys(work: Sequence[Work]) -> list[str]:
    """The stretches of ids that are worked on."""
    found = dict.fromkeys((piece.ranges[0].start, piece.ranges[-1].stop) for piece in work)
    return [IdRange(start, stop).key for start, stop in found]


def _failed(rows: Sequence[Row], outcomes: Sequence[running.Outcome]) -> bool:
    """Whether a run failed that no row tells of."""
    told = any(row.failures for row in rows)
    return not told and any(not outcome.success for outcome in outcomes)


def _stopped(bar: console.Bar, dry_run: bool) -> str:
    """What an interrupted backfill leaves."""
    if dry_run:
        return f"stopped: {bar.done} of {bar.steps} ranges are planned, nothing was written"
    return (
        f"stopped: {bar.done} of {bar.steps} ranges are done and kept; the same command goes on"
        " where this one ended"
    )


def _print_rows(rows: Sequence[Row], dry_run: bool) -> None:
    columns = [name for name in COLUMNS if not (dry_run and name == "legacy")]
    cells: list[list[Any]] = [[row.cell(column) for column in columns] for row in rows]
    totals = {
        name: sum(getattr(row, name) for row in rows) for name in ("wanted", "inserted", "removed")
    }
    verb = "would be" if dry_run else "were"
    title = (
        f"{len(cells)} pairs: {totals['wanted']:,} events wanted,"
        f" {totals['inserted']:,} {verb} inserted, {totals['removed']:,} removed"
    )
    console.out().print(console.table(title, columns, cells))
