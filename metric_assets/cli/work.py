"""Commands that move rows: backfill, reconcile, demo.

Belongs here: from a selection to runs, from runs to the closing table and the exit code. Does not
belong here: a run itself (running) or a row of the table (report).
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from metric_assets import settings as names
from metric_assets.catalog import ENTITIES, Pair, Scan, scans_of, select
from metric_assets.cli import environment
from metric_assets.cli.endings import Stopped, echo_document
from metric_assets.cli.local import DEFAULT_SCALE, PORT, fill, start
from metric_assets.cli.outside import Outside, look_outside
from metric_assets.ranges import IdRange
from metric_assets.settings import Settings

if TYPE_CHECKING:
    # Imported where they are used: Dagster and the drivers cost seconds that `--help` need not pay.
    from metric_assets.cli.console import Bar
    from metric_assets.cli.report import Missed
    from metric_assets.cli.running import Work
    from metric_assets.orchestration.resources import Listener
    from metric_assets.stores.clickhouse import ClickHouse
    from metric_assets.stores.postgres import Postgres


@click.command()
@click.argument("selection", nargs=-1)
@click.option(
    "--range", "key", metavar="A-B", help="Ids, both inclusive; all partitions it touches."
)
@click.option("--dry-run", is_flag=True, help="Plan only: read, validate, compare, write nothing.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.option("--quiet", is_flag=True, help="No progress bar.")
@click.option("--verbose", is_flag=True, help="Dagster's own log on stderr.")
def backfill(  # noqa: PLR0913 - one a command line option
    selection: tuple[str, ...],
    key: str | None,
    dry_run: bool,
    as_json: bool,
    quiet: bool,
    verbose: bool,
) -> None:
    """Load SELECTION (Entity or Entity/Metric; nothing for all), then check it against legacy."""
    settings = environment.settings()
    pairs = select(selection)
    wanted = IdRange.parse(key) if key else None
    clean = _backfill(pairs, wanted, settings, dry_run, as_json, quiet or verbose, verbose)
    raise click.exceptions.Exit(0 if clean else 1)


@click.command()
@click.argument("selection", nargs=-1)
@click.option("--repair", is_flag=True, help="Materialize ranges again whose target has drifted.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.option("--verbose", is_flag=True, help="Dagster's own log on stderr.")
def reconcile(selection: tuple[str, ...], repair: bool, as_json: bool, verbose: bool) -> None:
    """Check everything materialized of SELECTION; for what differs, say where it comes from."""
    from metric_assets.cli.reconciling import reconcile as check

    settings = environment.settings()
    clean = check(select(selection), settings, repair=repair, as_json=as_json, verbose=verbose)
    raise click.exceptions.Exit(0 if clean else 1)


@click.command()
@click.option("--scale", type=click.IntRange(min=1_000), default=DEFAULT_SCALE, show_default=True)
@click.option("--port", type=PORT, help="Port of ClickHouse's HTTP interface.")
def demo(scale: int, port: int | None) -> None:
    """The main job, from nothing to a checked result, on the embedded stack."""
    endpoints = start(port)
    environment.write_dotenv(endpoints)
    # The demo is the demo, whatever the shell or a .env points at.
    os.environ.update(environment.local_variables(endpoints))
    fill(endpoints, scale)
    clean = _backfill(select([]), None, environment.settings(), False, False, False, False)
    click.echo("`make ui` shows all of it; `metric-assets local down` stops the stack.")
    raise click.exceptions.Exit(0 if clean else 1)


def _backfill(  # noqa: PLR0913 - the decisions of one command
    pairs: Sequence[Pair],
    wanted: IdRange | None,
    settings: Settings,
    dry_run: bool,
    as_json: bool,
    quiet: bool,
    verbose: bool,
) -> bool:
    from metric_assets.cli import console, report, running

    work = plan_work(pairs, wanted, settings)
    stores_answer(settings)
    if not dry_run:
        environment.dagster_answers()
    outcomes: list[running.Outcome] = []
    missed: list[report.Missed] = []
    steps = sum(piece.steps for piece in work)
    stopped = False
    outside = Outside()
    with console.progress_bar(steps, quiet=quiet) as bar:
        try:
            if dry_run:
                _plan_only(work, settings, bar, missed)
            else:
                running.quiet_dagster()
                outcomes.extend(running.run_backfill(work, settings, bar, verbose=verbose))
        except KeyboardInterrupt:
            stopped = True
    stopped = stopped or any(outcome.interrupted for outcome in outcomes)
    if wanted is None and not stopped:
        # Who asks for a range has said which ids are meant.
        try:
            outside = look_outside(pairs, settings)
        except KeyboardInterrupt:
            stopped = True
    rows = report.build_rows(pairs, bar.receipts, outcomes, missed)
    clean = report.is_clean(rows, outcomes) and not stopped and not outside.sentences
    document = {
        "dry_run": dry_run,
        "pairs": [row.as_dict() for row in rows],
        "receipts": [receipt.as_dict() for receipt in report.merged(bar.receipts)],
        "runs": {outcome.entity: outcome.run_id for outcome in outcomes},
        "failures": {one.entity: one.failure for one in outcomes if not one.success},
        "missed": [one.as_dict() for one in missed],
        "retries": [retry.as_dict() for retry in bar.retries],
        "remarks": bar.remarks,
        **outside.as_dict(),
    }
    if stopped:
        raise Stopped(_sentence(bar, dry_run), document)
    if as_json:
        echo_document(document, 0 if clean else 1)
        return clean
    _print_rows(rows, dry_run)
    told = (*report.reasons(rows, outcomes), *report.incomplete(bar.receipts), *outside.sentences)
    for reason in told:
        click.echo(reason, err=True)
    return clean


def _sentence(bar: Bar, dry_run: bool) -> str:
    """What an interrupted backfill leaves."""
    if dry_run:
        return f"stopped: {bar.done} of {bar.steps} ranges are planned, nothing was written"
    return (
        f"stopped: {bar.done} of {bar.steps} ranges are done and kept; the same command goes on"
        " where this one ended"
    )


def _print_rows(rows: Sequence[object], dry_run: bool) -> None:
    from metric_assets.cli import console, report

    columns = report.COLUMNS + (("status",) if dry_run else report.CHECK_COLUMNS)
    cells = [[getattr(row, column) for column in columns] for row in rows]
    wanted = sum(row[columns.index("wanted")] for row in cells)
    inserted = sum(row[columns.index("inserted")] for row in cells)
    removed = sum(row[columns.index("removed")] for row in cells)
    verb = "would be" if dry_run else "were"
    title = (
        f"{len(cells)} pairs: {wanted:,} events wanted,"
        f" {inserted:,} {verb} inserted, {removed:,} removed"
    )
    console.out().print(console.table(title, columns, cells))


def plan_work(pairs: Sequence[Pair], wanted: IdRange | None, settings: Settings) -> list[Work]:
    """One piece of work an entity; checks cutoff and range before anything is touched."""
    from metric_assets.cli.running import Work

    work = []
    for entity in ENTITIES:
        chosen = tuple(pair for pair in pairs if pair.entity == entity)
        if chosen:
            settings.cutoff_of(entity)
            grid = settings.grid_of(entity)
            ranges = tuple(grid) if wanted is None else tuple(grid.covering(wanted))
            work.append(Work(entity, chosen, ranges))
    return work


def stores_answer(settings: Settings) -> None:
    """Raise at once, before Dagster is started, if a store cannot be reached or has no target."""
    from metric_assets.orchestration.resources import open_target
    from metric_assets.sql import load

    with open_doors(settings) as (postgres, clickhouse):
        postgres.frame(load("postgres/alive"), {})
        _ = open_target(clickhouse, settings).layout


@contextmanager
def open_doors(settings: Settings) -> Iterator[tuple[Postgres, ClickHouse]]:
    """The stores named by the environment."""
    from metric_assets.stores.clickhouse import ClickHouse
    from metric_assets.stores.postgres import Postgres

    source = names.store_url(names.POSTGRES_URL, ("postgresql", "postgres"))
    server = names.store_url(names.CLICKHOUSE_URL, ("http", "https"))
    timeout = settings.statement_timeout
    with (
        Postgres(source, statement_timeout=timeout) as postgres,
        ClickHouse(server, timeout=timeout) as clickhouse,
    ):
        yield postgres, clickhouse


def _plan_only(work: Sequence[Work], settings: Settings, bar: Bar, missed: list[Missed]) -> None:
    for piece in work:
        for scan, pairs in shared(piece.pairs):
            missed += dry_run(scan, pairs, piece.ranges, settings, bar)


def dry_run(
    scan: Scan,
    pairs: Sequence[Pair],
    ranges: Sequence[IdRange],
    settings: Settings,
    listener: Listener,
) -> list[Missed]:
    """The source check: the plan of each range, row by row; nothing is written.

    Returns the ranges that could not be planned: the failure of one never hides the others.
    """
    from metric_assets.cli.report import Missed
    from metric_assets.errors import MetricAssetsError, UnavailableError
    from metric_assets.orchestration.resources import open_stores
    from metric_assets.pipeline import materialize
    from metric_assets.plan import RemovalGuard

    missed: list[Missed] = []
    keys = tuple(pair.key for pair in pairs)
    with open_doors(settings) as (postgres, clickhouse):
        stores = open_stores(scan, postgres, clickhouse, settings, "dry-run")
        for number, ids in enumerate(ranges):
            listener.began(scan.name, ids)
            try:
                receipts = materialize(
                    scan,
                    pairs,
                    ids,
                    settings.cutoff_of(scan.entity),
                    stores,
                    guard=RemovalGuard(1.0, settings.max_replica_lag),
                    dry_run=True,
                    progress=listener.read,
                )
            except UnavailableError as error:
                # The next range would wait for the same store in vain.
                return [*missed, *(Missed(keys, rest, error) for rest in ranges[number:])]
            except MetricAssetsError as error:
                missed.append(Missed(keys, ids, error))
            else:
                listener.ended(receipts)
    return missed


def shared(pairs: Sequence[Pair]) -> list[tuple[Scan, list[Pair]]]:
    """The scans that feed ``pairs``, each with those of them it feeds."""
    chosen = {pair.key for pair in pairs}
    entities = {pair.entity: None for pair in pairs}
    scans = [scan for entity in entities for scan in scans_of(entity)]
    fed = [(scan, [pair for pair in scan.pairs if pair.key in chosen]) for scan in scans]
    return [(scan, those) for scan, those in fed if those]


COMMANDS = {"backfill": backfill, "reconcile": reconcile, "demo": demo}
