"""Commands that move rows: backfill, reconcile, demo.

Belongs here: from a selection to runs, from runs to the closing table and the exit code. Does not
belong here: a run itself (running) or a row of the table (report).
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from metric_assets.catalog.model import Pair
from metric_assets.cli import environment
from metric_assets.cli.local import PORT, SCALE, fill, start
from metric_assets.ranges import IdRange
from metric_assets.settings import Settings

if TYPE_CHECKING:
    # Imported where they are used: Dagster and the drivers cost seconds that `--help` need not pay.
    from metric_assets.cli.running import Work


@click.command()
@click.argument("selection", nargs=-1)
@click.option(
    "--range", "key", metavar="A-B", help="Ids, both inclusive; all partitions it touches."
)
@click.option("--dry-run", is_flag=True, help="Plan only: read, validate, compare, write nothing.")
@click.option(
    "--heal-live",
    is_flag=True,
    help="Make counters right whatever live events say: for events that are never replayed.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.option("--quiet", is_flag=True, help="No progress bar.")
@click.option("--verbose", is_flag=True, help="Dagster's own log on stderr.")
def backfill(  # noqa: PLR0913 - one a command line option
    selection: tuple[str, ...],
    key: str | None,
    dry_run: bool,
    heal_live: bool,
    as_json: bool,
    quiet: bool,
    verbose: bool,
) -> None:
    """Load SELECTION (Entity or Entity/Metric; nothing for all), then check it."""
    from metric_assets.cli.backfilling import Options
    from metric_assets.cli.backfilling import backfill as run

    settings = environment.settings()
    pairs = settings.catalog.select(selection)
    wanted = IdRange.parse(key) if key else None
    options = Options(dry_run, heal_live, as_json, quiet, verbose)
    clean = run(pairs, wanted, settings, options)
    raise click.exceptions.Exit(0 if clean else 1)


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
    from metric_assets.cli.reconciling import Options
    from metric_assets.cli.reconciling import reconcile as check

    settings = environment.settings()
    options = Options(source or repair, repair, as_json, verbose, everything=not selection)
    clean = check(settings.catalog.select(selection), settings, options)
    raise click.exceptions.Exit(0 if clean else 1)


@click.command()
@SCALE
@click.option("--port", type=PORT, help="Port of ClickHouse's HTTP interface.")
def demo(scale: int, port: int | None) -> None:
    """The main job, from nothing to a checked result, on the embedded stack."""
    from metric_assets.cli.backfilling import Options
    from metric_assets.cli.backfilling import backfill as run

    endpoints = start(port)
    environment.write_dotenv(endpoints)
    # The demo is the demo, whatever the shell or a .env points at.
    os.environ.update(environment.local_variables(endpoints))
    fill(endpoints, scale)
    hint = "`make ui` shows all of it; `metric-assets local down` stops the stack."
    settings = environment.settings()
    clean = run(settings.catalog.select([]), None, settings, Options(hint=hint))
    raise click.exceptions.Exit(0 if clean else 1)


def plan_work(pairs: Sequence[Pair], wanted: IdRange | None, settings: Settings) -> list[Work]:
    """One piece of work an entity; checks cutoff and range before anything is touched."""
    from metric_assets.cli.running import Work

    work = []
    for entity in settings.catalog.entity:
        chosen = tuple(pair for pair in pairs if pair.entity == entity)
        if chosen:
            settings.cutoff_of(entity)
            grid = settings.grid_of(entity)
            ranges = tuple(grid) if wanted is None else tuple(grid.covering(wanted))
            work.append(Work.of(settings.catalog, entity, chosen, ranges))
    return work


def stores_answer(settings: Settings) -> None:
    """Raise at once, before Dagster is started, if a store cannot be reached or has no target."""
    from metric_assets.connect import open_both, open_target
    from metric_assets.sql import load

    with open_both(settings) as (postgres, clickhouse):
        postgres.frame(load("postgres/alive"), {})
        _ = open_target(clickhouse, settings).layout


COMMANDS = {"backfill": backfill, "reconcile": reconcile, "demo": demo}
