"""The drill that ends `metric-assets demo`: its steps on the screen, by what the commands call.

Belongs here: lines, and the operations of the commands without their tables. Does not belong here:
the steps (local/drill).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from textwrap import fill
from typing import TYPE_CHECKING

import click

from metric_assets.catalog.model import Pair
from metric_assets.cli.backfill import Loaded
from metric_assets.cli.exits import Stopped
from metric_assets.cli.repair import plan_repair
from metric_assets.explanation import Explanation
from metric_assets.operations.listener import Results
from metric_assets.operations.pair_report import PairReport
from metric_assets.operations.report import is_clean, merged, report_checks
from metric_assets.ranges import IdRange
from metric_assets.settings import Settings

if TYPE_CHECKING:
    # Imported where they are used: Dagster and the drivers cost seconds that `--help` need not pay.
    from metric_assets.local.drill_ports import Changed, Told
    from metric_assets.operations.backfill import Outcome

#: Columns of any terminal.
_WIDTH = 80
_INDENT = "  "


class Commands:
    """What the commands do, told to nobody."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def check(self, pairs: Sequence[Pair]) -> list[PairReport]:
        """Compare all ranges of pairs with their source."""
        from metric_assets.orchestration.running import run_checks

        results = Results()
        outcome = run_checks(pairs, self._settings, results, verbose=False, source=True)
        return report_checks(pairs, results, [_went_on(outcome)])

    def explain(self, pair: Pair, ids: IdRange) -> Explanation:
        """Why a range differs. Raises MetricAssetsError if it cannot be looked at."""
        from metric_assets.operations.backfill import plan_work
        from metric_assets.operations.dry_run import Missed
        from metric_assets.orchestration.running import explain

        pieces = [piece for work in plan_work([pair], ids, self._settings) for piece in work.pieces]
        (found,) = explain(pieces, self._settings, Results())
        if isinstance(found, Missed):
            raise found.error
        return found.source

    def repair(self, reports: Sequence[PairReport]) -> Changed:
        """Load again what differs: ranges of one entity type, which are one run."""
        from metric_assets.operations.repair import repair_work
        from metric_assets.orchestration.running import run_repair

        results = Results()
        plan = plan_repair(reports, [], self._settings)
        work = repair_work(plan.ranges, self._settings)
        (outcome,) = run_repair(work, self._settings, results, verbose=False)
        return _loaded(outcome, results)

    def heal(self, pair: Pair, ids: IdRange) -> Changed:
        """Make the counter of a range right whatever live events say."""
        from metric_assets.operations.backfill import plan_work
        from metric_assets.orchestration.running import run_backfill

        results = Results()
        work = plan_work([pair], ids, self._settings)
        (outcome,) = run_backfill(work, self._settings, results, verbose=False, heal=True)
        return _loaded(outcome, results)

    def undo(self, run: str) -> Changed:
        """Put back what a run changed."""
        from metric_assets.local.drill_ports import Changed
        from metric_assets.orchestration.running import run_undo

        results = Results()
        outcome = _went_on(run_undo(run, self._settings, results, force=False, verbose=False))
        rows = [one.plan.rows for one in results.undoings]
        put_in, out = sum(one.inserted for one in rows), sum(one.gone for one in rows)
        return Changed(outcome.run_id, put_in, out, outcome.failure)


def _loaded(outcome: Outcome, results: Results) -> Changed:
    from metric_assets.local.drill_ports import Changed

    loads = merged(results.load_results)
    put_in, out = sum(one.inserted for one in loads), sum(one.removed for one in loads)
    return Changed(_went_on(outcome).run_id, put_in, out, outcome.failure)


def _went_on(outcome: Outcome) -> Outcome:
    """Raise KeyboardInterrupt if a signal ended a run."""
    if outcome.interrupted:
        raise KeyboardInterrupt
    return outcome


def after_drill(loaded: Loaded, settings: Settings, commands: Commands) -> Loaded:
    """Hold the drill on the screen; what a load came to, with the counters as they are afterwards.

    Raises SettingsError if the target is not that of the embedded stack of this home.
    """
    from metric_assets.local.drill import Drill
    from metric_assets.local.planting import DemoTarget
    from metric_assets.orchestration.running import quiet_dagster

    quiet_dagster()
    drill = Drill(DemoTarget(settings), commands)
    try:
        for told in drill.steps():
            _show(told)
        checked = drill.reports([one.pair for one in loaded.reports])
    except KeyboardInterrupt:
        raise Stopped(
            "stopped in the drill, so the target may still be damaged; `metric-assets demo` begins"
            " anew"
        ) from None
    click.echo()
    now = {one.pair: one for one in (*loaded.reports, *checked)}
    clean = loaded.clean and not drill.failed and is_clean(checked, [])
    return replace(loaded, reports=list(now.values()), clean=clean)


def _show(told: Told) -> None:
    from metric_assets.local.drill_ports import Kind

    match told.kind:
        case Kind.HEADING:
            click.secho(f"\n{told.text}", bold=True)
        case Kind.COMMAND:
            # What is copied stays in one line.
            click.secho(told.text, fg="cyan")
        case Kind.RESULT | Kind.PROBLEM:
            text = fill(
                told.text,
                _WIDTH,
                initial_indent=_INDENT,
                subsequent_indent=_INDENT,
                break_long_words=False,
                break_on_hyphens=False,
            )
            click.secho(text, fg="red" if told.kind is Kind.PROBLEM else None)
