"""`metric-assets backfill`: load or plan what is asked for, and show what came of it.

Belongs here: the options, the closing table and the document. Does not belong here: what is loaded
(operations/backfill), a run (orchestration/running), or a row of the table (report).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import click

from metric_assets.catalog.model import Pair
from metric_assets.cli import completions, console, environment, tables
from metric_assets.cli.closing import closing_sentence
from metric_assets.cli.documents import echo_document
from metric_assets.cli.exits import Stopped
from metric_assets.cli.submit import submit
from metric_assets.operations.pair_report import PairReport
from metric_assets.operations.report import incomplete, is_clean, merged, reasons, report_loads
from metric_assets.ranges import IdRange
from metric_assets.settings import Settings

if TYPE_CHECKING:
    # Imported where they are used: Dagster and the drivers cost seconds that `--help` need not pay.
    from metric_assets.operations.backfill import Outcome, Work
    from metric_assets.operations.dry_run import Missed
    from metric_assets.operations.ranges import Outside

COLUMNS = (
    "pair", "ranges", "wanted", "inserted", "removed", "withdrawn", "overlap",
    "rule", "source", "legacy",
)  # fmt: skip
#: Those that a narrow terminal does without, the least important first.
DROP = ("rule", "overlap", "withdrawn", "ranges", "legacy", "removed")


@dataclass(frozen=True)
class Options:
    """How a backfill is done and shown."""

    dry_run: bool = False
    heal: bool = False
    as_json: bool = False
    quiet: bool = False
    verbose: bool = False


@dataclass(frozen=True)
class Loaded:
    """What a backfill came to: a report a pair, what else the last sentence says, is all well."""

    reports: Sequence[PairReport]
    more: Sequence[str]
    where: str
    clean: bool

    @property
    def sentence(self) -> str:
        """The last sentence."""
        return closing_sentence(self.reports, where=self.where, more=self.more)


@dataclass
class _Ran:
    """What the runs left behind; ``stopped`` says that a signal ended them."""

    outside: Outside
    outcomes: list[Outcome] = field(default_factory=list)
    missed: list[Missed] = field(default_factory=list)
    stopped: bool = False

    def closing(self, reports: Sequence[PairReport]) -> list[str]:
        """What the last sentence says beside the pairs."""
        failed = any(not outcome.success for outcome in self.outcomes)
        told = any(one.failures for one in reports)
        return [*self.outside.closing, *(["a run failed"] if failed and not told else [])]


@click.command()
@click.argument("selection", nargs=-1, shell_complete=completions.selection)
@click.option(
    "--range",
    "key",
    metavar="A-B",
    help="Ids, both inclusive; all partitions it touches.",
    shell_complete=completions.ranges,
)
@click.option("--dry-run", is_flag=True, help="Plan only: read, validate, compare, write nothing.")
@click.option(
    "--heal-live",
    is_flag=True,
    help="Make counters right whatever live events say: for events that are never replayed.",
)
@click.option(
    "--submit",
    "submits",
    is_flag=True,
    help="Hand it to Dagster's daemon and end: its pools, queue and launcher apply.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.option("--quiet", is_flag=True, help="No progress bar.")
@click.option("--verbose", is_flag=True, help="Dagster's own log on stderr.")
def backfill(  # noqa: PLR0913 - one a command line option
    selection: tuple[str, ...],
    key: str | None,
    dry_run: bool,
    heal_live: bool,
    submits: bool,
    as_json: bool,
    quiet: bool,
    verbose: bool,
) -> None:
    """Load SELECTION (Entity or Entity/Metric; nothing for all), then check it."""
    from metric_assets.operations.backfill import plan_work

    settings = environment.settings()
    pairs = settings.catalog.select(selection)
    wanted = IdRange.parse(key) if key else None
    if submits:
        if dry_run:
            raise click.UsageError("--submit with --dry-run: a dry run is made here; leave one out")
        submit(plan_work(pairs, wanted, settings), settings, heal=heal_live, as_json=as_json)
        return
    options = Options(dry_run, heal_live, as_json, quiet, verbose)
    loaded = load(pairs, wanted, settings, options)
    if not as_json:
        click.echo(loaded.sentence)
    raise click.exceptions.Exit(0 if loaded.clean else 1)


def load(
    pairs: Sequence[Pair], wanted: IdRange | None, settings: Settings, options: Options
) -> Loaded:
    """Load ``pairs`` in the ranges that ``wanted`` touches, or in all, and show the table, or with
    ``as_json`` the document; the last sentence is the caller's.
    """
    from metric_assets.operations.backfill import plan_work, stores_answer
    from metric_assets.orchestration.instance import dagster_answers

    work = plan_work(pairs, wanted, settings)
    stores_answer(settings)
    if not options.dry_run:
        dagster_answers()
    with console.progress_bar(
        sum(piece.steps for piece in work), quiet=options.quiet or options.verbose
    ) as bar:
        ran = _run(work, settings, options, bar)
    if wanted is None and not ran.stopped:
        # Who asks for a range has said which ids are meant.
        try:
            ran.outside = console.look_outside(pairs, settings, bar.remark)
        except KeyboardInterrupt:
            ran.stopped = True
    reports = report_loads(pairs, bar, ran.outcomes, ran.missed)
    where = f" in {', '.join(_keys(work))}" if wanted is not None else ""
    clean = is_clean(reports, ran.outcomes) and not ran.outside.sentences
    loaded = Loaded(reports, ran.closing(reports), where, clean)
    if ran.stopped or options.as_json:
        document = _document(reports, bar, ran, loaded.sentence, options)
    if ran.stopped:
        raise Stopped(_stopped(bar, options.dry_run), document)
    console.tell_alerts([outcome.run_id for outcome in ran.outcomes], settings)
    if options.as_json:
        echo_document(document, 0 if clean else 1)
        return loaded
    _print(reports, options.dry_run)
    for line in (
        *reasons(reports, ran.outcomes),
        *incomplete(bar.load_results),
        *ran.outside.sentences,
    ):
        click.echo(line, err=True)
    return loaded


def _run(work: Sequence[Work], settings: Settings, options: Options, bar: console.Bar) -> _Ran:
    """Load or plan the work, up to an interruption."""
    from metric_assets.operations.ranges import Outside
    from metric_assets.orchestration import running

    ran = _Ran(Outside())
    try:
        if options.dry_run:
            pieces = [piece for one in work for piece in one.pieces]
            ran.missed += running.plan_only(pieces, settings, bar, heal=options.heal).missed
        else:
            running.quiet_dagster()
            ran.outcomes.extend(
                running.run_backfill(
                    work, settings, bar, verbose=options.verbose, heal=options.heal
                )
            )
    except KeyboardInterrupt:
        ran.stopped = True
    ran.stopped = ran.stopped or any(outcome.interrupted for outcome in ran.outcomes)
    return ran


def _document(
    reports: Sequence[PairReport], bar: console.Bar, ran: _Ran, sentence: str, options: Options
) -> dict[str, Any]:
    """What the runs came to, for JSON."""
    return {
        "dry_run": options.dry_run,
        "heal_live": options.heal,
        "sentence": sentence,
        "missed": [one.as_dict() for one in ran.missed],
        "pairs": [one.as_dict() for one in reports],
        "load_results": [load_result.as_dict() for load_result in merged(bar.load_results)],
        "runs": {outcome.entity: outcome.run_id for outcome in ran.outcomes},
        "failures": {one.entity: one.failure for one in ran.outcomes if not one.success},
        "retries": [retry.as_dict() for retry in bar.retries],
        "remarks": bar.remarks,
        **ran.outside.as_dict(),
    }


def _keys(work: Sequence[Work]) -> list[str]:
    """The stretches of ids that are worked on."""
    found = dict.fromkeys((piece.ranges[0].start, piece.ranges[-1].stop) for piece in work)
    return [IdRange(start, stop).key for start, stop in found]


def _stopped(bar: console.Bar, dry_run: bool) -> str:
    """What an interrupted backfill leaves."""
    if dry_run:
        return f"stopped: {bar.done} of {bar.steps} ranges are planned, nothing was written"
    return (
        f"stopped: {bar.done} of {bar.steps} ranges are done and kept; the same command goes on"
        " where this one ended"
    )


def _print(reports: Sequence[PairReport], dry_run: bool) -> None:
    columns = [name for name in COLUMNS if not (dry_run and name == "legacy")]
    wanted, inserted, removed = (
        sum(one.rows(name) for one in reports) for name in ("wanted", "inserted", "removed")
    )
    verb = "would be" if dry_run else "were"
    title = (
        f"{len(reports)} pairs: {wanted:,} events wanted, {inserted:,} {verb} inserted,"
        f" {removed:,} removed"
    )
    tables.show(title, columns, console.cells(reports, columns), drop=DROP)
