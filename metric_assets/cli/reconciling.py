"""Reconcile: repeat the checks, tell load drift from legacy drift, repair what has drifted.

Belongs here: the order of these three. Does not belong here: a check (audit) or a repair, which is
a materialization like any other.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import click

from metric_assets.catalog import PAIRS, SCAN_OF, Pair
from metric_assets.cli import console, environment, report, running
from metric_assets.cli.grids import survey
from metric_assets.cli.running import Work
from metric_assets.cli.work import dry_run, open_doors, stores_answer
from metric_assets.orchestration.resources import NobodyListens
from metric_assets.pipeline import Receipt
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


class _Receipts(NobodyListens):
    """Keeps what a dry run finds."""

    def __init__(self) -> None:
        self.receipts: list[Receipt] = []

    def ended(self, receipts: list[Receipt]) -> None:
        """Keep them."""
        self.receipts += receipts


def reconcile(
    pairs: Sequence[Pair], settings: Settings, *, repair: bool, as_json: bool, verbose: bool
) -> bool:
    """Check, explain, repair if asked, show; whether all is well at the end."""
    stores_answer(settings)
    running.quiet_dagster()
    environment.dagster_home()
    outcome, rows = _check(pairs, settings, verbose)
    drifts = _explain(rows, settings)
    repaired = [drift for drift in drifts if not drift.loaded_right] if repair else []
    if repaired:
        _repair(repaired, settings, verbose)
        outcome, rows = _check(pairs, settings, verbose)
        drifts = _explain(rows, settings)
    beyond = _beyond(pairs, settings)
    clean = report.is_clean(rows, [outcome]) and not beyond
    if as_json:
        document = {
            "ok": clean,
            "pairs": [row.as_dict() for row in rows],
            "causes": [drift.cause for drift in drifts],
            "repaired": [f"{drift.pair}/{drift.ids.key}" for drift in repaired],
            "beyond_the_grid": beyond,
            "run": outcome.run_id,
            "failure": outcome.failure,
        }
        click.echo(json.dumps(document, indent=2))
        return clean
    columns = ("pair", "checked", *report.CHECK_COLUMNS)
    cells = [[getattr(row, column) for column in columns] for row in rows]
    console.out().print(console.table("Checks of materialized ranges", columns, cells))
    remarks = [remark for row in rows for remark in row.remarks]
    for line in (*remarks, *(drift.cause for drift in drifts), *beyond):
        click.echo(line, err=True)
    if outcome.failure:
        click.echo(outcome.failure, err=True)
    return clean


def _check(
    pairs: Sequence[Pair], settings: Settings, verbose: bool
) -> tuple[running.Outcome, list[report.Row]]:
    outcome = running.run_checks(pairs, settings, verbose=verbose)
    return outcome, report.build_rows(pairs, [], [outcome])


def _explain(rows: Sequence[report.Row], settings: Settings) -> list[Drift]:
    drifts = []
    for row in rows:
        ranges = [IdRange.parse(key) for key in row.failed_ranges]
        if ranges:
            seen = _Receipts()
            dry_run(SCAN_OF[row.pair], [PAIRS[row.pair]], ranges, settings, seen)
            drifts += [Drift(row.pair, r.ids, r.inserted, r.removed) for r in seen.receipts]
    return drifts


def _beyond(pairs: Sequence[Pair], settings: Settings) -> list[str]:
    """Entities with ids that no partition covers, in words."""
    entities = list(dict.fromkeys(pair.entity for pair in pairs))
    with open_doors(settings) as (postgres, _):
        known = survey(settings, postgres, entities)
    return [
        f"{row.entity}: highest id {row.highest} lies beyond the grid, which ends at"
        f" {len(row.grid) * row.grid.size - 1}; run `metric-assets ranges --sync`, then backfill"
        for row in known
        if not row.covered
    ]


def _repair(drifts: Sequence[Drift], settings: Settings, verbose: bool) -> None:
    work = [Work(PAIRS[drift.pair].entity, (PAIRS[drift.pair],), (drift.ids,)) for drift in drifts]
    with console.progress_bar(len(work), quiet=verbose) as bar:
        for outcome in running.run_backfill(work, settings, bar, verbose=verbose):
            if not outcome.success:
                click.echo(f"{outcome.entity}: {outcome.failure}", err=True)
