"""Reconcile: repeat the checks, tell load drift from legacy drift, repair what has drifted.

Belongs here: the order of these three. Does not belong here: a check (audit) or a repair, which is
a materialization like any other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import click

from metric_assets.catalog import PAIRS, SCAN_OF, Pair
from metric_assets.cli import console, environment, report, running
from metric_assets.cli.endings import Stopped, echo_document
from metric_assets.cli.outside import look_outside
from metric_assets.cli.running import Work
from metric_assets.cli.work import dry_run, stores_answer
from metric_assets.ranges import IdRange
from metric_assets.reconcile import cause
from metric_assets.settings import Settings


@dataclass(frozen=True)
class Drift:
    """A range whose check fails, and what the source check says of it."""

    pair: str
    ids: IdRange
    inserted: int
    removed: int

    @property
    def loaded_right(self) -> bool:
        """Whether the target holds, row by row, what the source says."""
        return self.inserted == self.removed == 0

    @property
    def cause(self) -> str:
        """In words."""
        words = f"{self.pair}/{self.ids.key}: {cause(self.inserted, self.removed)}"
        if self.loaded_right:
            return words
        return f"{words}; `metric-assets reconcile {self.pair} --repair` mends it"


def reconcile(
    pairs: Sequence[Pair], settings: Settings, *, repair: bool, as_json: bool, verbose: bool
) -> bool:
    """Check, explain, repair if asked, show; whether all is well at the end."""
    stores_answer(settings)
    environment.dagster_answers()
    running.quiet_dagster()
    notes = console.Notes(console.err())
    try:
        result = _examine(pairs, settings, notes, verbose)
        repaired = [drift for drift in result.drifts if not drift.loaded_right] if repair else []
        if repaired:
            _repair(repaired, settings, notes, verbose)
            result = _examine(pairs, settings, notes, verbose)
        outside = look_outside(pairs, settings)
    except KeyboardInterrupt:
        raise Stopped(
            "stopped; what was repaired is kept, checks write nothing: the same command checks anew"
        ) from None
    clean = report.is_clean(result.rows, [result.outcome]) and not outside.sentences
    if as_json:
        document = {
            "pairs": [row.as_dict() for row in result.rows],
            "causes": [drift.cause for drift in result.drifts],
            "missed": [one.as_dict() for one in result.missed],
            "repaired": [f"{drift.pair}/{drift.ids.key}" for drift in repaired],
            "run": result.outcome.run_id,
            "failure": result.outcome.failure,
            "retries": [retry.as_dict() for retry in notes.retries],
            "remarks": notes.remarks,
            **outside.as_dict(),
        }
        echo_document(document, 0 if clean else 1)
        return clean
    columns = ("pair", "checked", *report.CHECK_COLUMNS)
    cells = [[getattr(row, column) for column in columns] for row in result.rows]
    console.out().print(console.table("Checks of materialized ranges", columns, cells))
    reasons = report.reasons(result.rows, [result.outcome])
    for line in (*reasons, *(drift.cause for drift in result.drifts), *outside.sentences):
        click.echo(line, err=True)
    return clean


@dataclass(frozen=True)
class _Result:
    """The checks of a selection, and what the source says of the ranges that fail."""

    outcome: running.Outcome
    rows: list[report.Row]
    drifts: list[Drift]
    missed: list[report.Missed]


def _examine(
    pairs: Sequence[Pair], settings: Settings, notes: console.Notes, verbose: bool
) -> _Result:
    outcome = running.run_checks(pairs, settings, notes, verbose=verbose)
    if outcome.interrupted:
        raise KeyboardInterrupt
    drifts: list[Drift] = []
    missed: list[report.Missed] = []
    for row in report.build_rows(pairs, [], [outcome]):
        ranges = [IdRange.parse(key) for key in row.failed_ranges]
        if ranges:
            seen = console.Notes(console.err())
            missed += dry_run(SCAN_OF[row.pair], [PAIRS[row.pair]], ranges, settings, seen)
            drifts += [Drift(row.pair, r.ids, r.inserted, r.removed) for r in seen.receipts]
    return _Result(outcome, report.build_rows(pairs, [], [outcome], missed), drifts, missed)


def _repair(
    drifts: Sequence[Drift], settings: Settings, notes: console.Notes, verbose: bool
) -> None:
    work = [Work(PAIRS[drift.pair].entity, (PAIRS[drift.pair],), (drift.ids,)) for drift in drifts]
    with console.progress_bar(len(work), quiet=verbose) as bar:
        for outcome in running.run_backfill(work, settings, bar, verbose=verbose):
            if outcome.interrupted:
                raise KeyboardInterrupt
            if not outcome.success:
                click.echo(f"{outcome.entity}: {outcome.failure}", err=True)
    notes.retries += bar.retries
