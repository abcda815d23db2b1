"""The repair of `metric-assets reconcile`: show what will change, ask, load again.

Belongs here: the plan as a table, the question, progress. Does not belong here: which ranges differ
(reconcile), or how they are loaded (orchestration/repair_run).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from metric_assets.catalog.model import Pair
from metric_assets.cli import console, tables
from metric_assets.cli.asking import confirm
from metric_assets.operations.pair_report import PairReport
from metric_assets.settings import Settings

if TYPE_CHECKING:
    # Imported where they are used: Dagster and the drivers cost seconds that `--help` need not pay.
    from metric_assets.audit.strays import Stray
    from metric_assets.load_result import LoadResult
    from metric_assets.operations.repair import RepairWork

COLUMNS = ("pair", "range", "missing", "surplus", "present")


@dataclass(frozen=True)
class Repaired:
    """What was done: ranges that were loaded again, what became of rows of no pair, in words, and
    the Dagster ``runs`` that did it.

    ``refused`` says that somebody who was asked said no.
    """

    ranges: Sequence[str] = ()
    removed: Sequence[str] = ()
    refused: bool = False
    runs: Sequence[str] = ()


@dataclass(frozen=True)
class Repair:
    """What a repair would change: ranges to load again, by pair, and rows that belong to nothing.

    ``found`` are load results of dry runs of the ranges, as far as they are known.
    """

    ranges: Mapping[Pair, Sequence[str]]
    strays: Sequence[Stray]
    found: Mapping[tuple[Pair, str], LoadResult]

    @property
    def sentence(self) -> str:
        """The plan in numbers."""
        count = sum(map(len, self.ranges.values()))
        results = self.found.values()
        said = []
        if count:
            said.append(
                f"{count} ranges are loaded again: {sum(one.inserted for one in results):,} rows"
                f" are missing, {sum(one.removed for one in results):,} surplus."
            )
        if self.strays:
            rows = sum(stray.events for stray in self.strays)
            said.append(f"{rows:,} rows that belong to no pair or no range are removed.")
        return " ".join(said)

    def rows(self) -> list[list[object]]:
        """The plan as rows of a table."""
        rows: list[list[object]] = []
        for pair, keys in self.ranges.items():
            for key in keys:
                one = self.found.get((pair, key))
                figures = [one.inserted, one.removed, one.present] if one else [None] * 3
                rows.append([pair.key, key, *figures])
        return rows


def plan_repair(
    reports: Sequence[PairReport], strays: Sequence[Stray], settings: Settings
) -> Repair:
    """What is to be repaired by the checks of a moment ago; ranges that were never loaded are
    planned now.
    """
    ranges = {
        report.pair: list(
            dict.fromkeys([*report.failing["differs"], *report.failing["not loaded"]])
        )
        for report in reports
    }
    found = {
        (verdict.pair, verdict.ids.key): verdict.load_result
        for report in reports
        for verdict in report.source_verdicts
    }
    unknown = {
        pair: [key for key in keys if (pair, key) not in found] for pair, keys in ranges.items()
    }
    found |= _plan(unknown, settings)
    chosen = {pair: keys for pair, keys in ranges.items() if keys}
    wanted = {(pair, key) for pair, keys in chosen.items() for key in keys}
    return Repair(chosen, strays, {place: found[place] for place in found if place in wanted})


def _plan(
    ranges: Mapping[Pair, Sequence[str]], settings: Settings
) -> dict[tuple[Pair, str], LoadResult]:
    from metric_assets.operations.repair import repair_work
    from metric_assets.orchestration.running import plan_only

    pieces = [piece for work in repair_work(ranges, settings) for piece in work.pieces]
    if not pieces:
        return {}
    runs = plan_only(pieces, settings, console.Notes(tables.err()))
    return {(result.pair, result.ids.key): result for result in runs.load_results}


def carry_out(
    repair: Repair, settings: Settings, notes: console.Notes, *, yes: bool, verbose: bool
) -> Repaired:
    """Show the plan on stderr, ask unless ``yes``, and repair; raises KeyboardInterrupt if a signal
    ends it.
    """
    from metric_assets.operations.repair import remove_strays, repair_work

    if not repair.ranges and not repair.strays:
        return Repaired()
    rows = repair.rows()
    if rows:
        tables.show("To be repaired", COLUMNS, rows, drop=("present",), console=tables.err())
    for stray in repair.strays:
        click.echo(stray.sentence, err=True)
    if not confirm(repair.sentence, yes=yes):
        return Repaired(refused=True)
    runs = _load(repair_work(repair.ranges, settings), settings, notes, verbose=verbose)
    removed = remove_strays(repair.strays, settings)
    done = [f"{pair.key}/{key}" for pair, keys in repair.ranges.items() for key in keys]
    return Repaired(done, removed, runs=runs)


def _load(
    work: Sequence[RepairWork], settings: Settings, notes: console.Notes, *, verbose: bool
) -> list[str]:
    """Load again; the runs that did it."""
    from metric_assets.orchestration.running import run_repair

    runs: list[str] = []
    if not work:
        return runs
    with console.progress_bar(sum(piece.steps for piece in work), quiet=verbose) as bar:
        for outcome in run_repair(work, settings, bar, verbose=verbose):
            runs.append(outcome.run_id)
            if outcome.interrupted:
                raise KeyboardInterrupt
            if not outcome.success:
                click.echo(outcome.failure, err=True)
    notes.retries += bar.retries
    return runs
