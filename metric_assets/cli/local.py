"""`metric-assets local …` and `demo`: the embedded stack, its demo data, and the main job on it.

Belongs here: starting, stopping and filling. Does not belong here: how (local/), or a load
(backfill).
"""

from __future__ import annotations

import filecmp
import os
import shlex
import shutil
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from metric_assets.cli import environment
from metric_assets.cli.backfill import Options, load
from metric_assets.cli.documents import echo_document
from metric_assets.cli.drill import Commands, after_drill
from metric_assets.errors import SettingsError
from metric_assets.home import dagster_home, home_error, home_folder
from metric_assets.local import stack

if TYPE_CHECKING:
    from metric_assets.settings import Settings

_R = TypeVar("_R")

DEFAULT_SCALE = 1_200_000
#: The option of commands that seed.
SCALE = click.option(
    "--scale",
    type=click.IntRange(min=1_000),
    default=DEFAULT_SCALE,
    show_default=True,
    help="About how many events there are to backfill.",
)
#: TCP ports that a program may listen on.
PORT = click.IntRange(1, 65_535)


@click.group()
def local() -> None:
    """The embedded stack: PostgreSQL and a ClickHouse engine. Not for production."""


@local.command()
@click.option("--port", type=PORT, help="Port of ClickHouse's HTTP interface.")
@click.option("--postgres-tcp-port", type=PORT, help="Let Postgres listen on loopback TCP as well.")
def up(port: int | None, postgres_tcp_port: int | None) -> None:
    """Start what is not running; data is kept between runs."""
    endpoints = start(port, postgres_tcp_port)
    click.echo(f"Postgres    {endpoints.postgres_url}")
    click.echo(f"ClickHouse  {endpoints.clickhouse_url}")
    if environment.write_dotenv(endpoints):
        click.echo("Settings    .env (read by metric-assets and Dagster in this folder)")
    else:
        click.echo('Settings    .env is yours and stays; use eval "$(metric-assets local env)"')


@local.command()
def down() -> None:
    """Stop both servers; the data stays."""
    guarded(lambda: stack.down(home_folder(), report=_say))


@local.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
def status(as_json: bool) -> None:
    """Say what is running and where."""
    servers = guarded(lambda: stack.status(home_folder()))
    code = 0 if all(server.running for server in servers) else 1
    if as_json:
        echo_document({"servers": [asdict(server) for server in servers]}, code)
    for server in () if as_json else servers:
        state = f"running, pid {server.pid}" if server.running else "stopped"
        click.echo(f"{server.name:<12}{state:<24}{server.address}  {server.detail}".rstrip())
    raise click.exceptions.Exit(code)


@local.command()
def env() -> None:
    """Print export lines: eval "$(metric-assets local env)"."""
    endpoints = stack.endpoints(home_folder())
    if endpoints is None:
        raise SettingsError("local: the stack is not running; `metric-assets local up` starts it")
    for name, value in environment.local_variables(endpoints).items():
        click.echo(f"export {name}={shlex.quote(value)}")


@local.command()
@SCALE
@click.option(
    "--seed", type=int, default=7, show_default=True, help="The same seed, the same rows."
)
def seed(scale: int, seed: int) -> None:
    """Replace all demo data: about SCALE events to backfill, and the counters they should give."""
    endpoints = stack.endpoints(home_folder())
    if endpoints is None:
        raise SettingsError("local: the stack is not running; `metric-assets local up` starts it")
    fill(endpoints, scale, seed)


def start(port: int | None = None, postgres_tcp_port: int | None = None) -> stack.Endpoints:
    """Start the stack, saying so on stderr."""
    return guarded(
        lambda: stack.up(
            home_folder(),
            clickhouse_port=port,
            postgres_tcp_port=postgres_tcp_port,
            report=_say,
        )
    )


def fill(endpoints: stack.Endpoints, scale: int, seed: int = 7) -> None:
    """Seed the stack and cut each entity's ids into a handful of ranges."""
    from metric_assets.local.seed import seed as sow
    from metric_assets.operations.ranges import demo_grids, write_grids
    from metric_assets.stores.postgres import Postgres

    report = sow(
        endpoints.postgres_url, endpoints.clickhouse_url, scale=scale, seed=seed, report=_say
    )
    settings = environment.settings()
    with Postgres(endpoints.postgres_url) as source:
        grids = demo_grids(settings, source)
    if any(settings.grids.get(name, grid).size != grid.size for name, grid in grids.items()):
        from metric_assets.orchestration.running import forget_materializations

        environment.load_environment()
        dagster_home()
        # Before the grids are replaced: interrupted in between, the next seeding sees it, too.
        forget_materializations(environment.settings().catalog)
    _put_aside(settings)
    write_grids(settings, grids, replace=True)
    shutil.copyfile(settings.ranges_file, _demo_copy(settings))
    click.echo(f"{report.events:,} events to backfill, made in {report.seconds:.1f} s")


def _demo_copy(settings: Settings) -> Path:
    """What the demo wrote into ranges.json: while both are alike, it is the demo's (Makefile)."""
    return settings.home / "ranges.demo.json"


def _put_aside(settings: Settings) -> None:
    """Keep a ranges.json that the demo did not write: it is about to be replaced."""
    file, copy = settings.ranges_file, _demo_copy(settings)
    if file.exists() and not (copy.exists() and filecmp.cmp(file, copy, shallow=False)):
        kept = settings.home / "ranges.kept.json"
        shutil.copyfile(file, kept)
        _say(f"{file} was not written by the demo: a copy of it is in {kept}")


def guarded(action: Callable[[], _R]) -> _R:
    """Turn the stack's errors into ours."""
    try:
        return action()
    except stack.LocalStackError as error:
        raise SettingsError(str(error)) from None
    except OSError as error:
        raise home_error(error) from None


def _say(line: str) -> None:
    click.echo(line, err=True)


@click.command()
@SCALE
@click.option("--port", type=PORT, help="Port of ClickHouse's HTTP interface.")
@click.option("--no-drill", is_flag=True, help="Leave out the drill at the end.")
def demo(scale: int, port: int | None, no_drill: bool) -> None:
    """The main job, from nothing to a checked result, on the embedded stack.

    Then a drill: the target is damaged, and the damage found, explained, repaired and undone.
    """
    endpoints = start(port)
    environment.write_dotenv(endpoints)
    # The demo is the demo, whatever the shell or a .env points at.
    os.environ.update(environment.local_variables(endpoints))
    fill(endpoints, scale)
    settings = environment.settings()
    loaded = load(settings.catalog.select([]), None, settings, Options())
    if loaded.clean and not no_drill:
        # What differs already has to be seen to first.
        loaded = after_drill(loaded, settings, Commands(settings))
    pair = loaded.reports[0].pair
    key = settings.grid_of(pair.entity).cell(0).key
    click.echo(f"`metric-assets backfill {pair.key} --range {key}` loads one range,")
    click.echo("`metric-assets ui` shows all of it, `metric-assets local down` stops the stack.")
    click.echo(loaded.sentence)
    raise click.exceptions.Exit(0 if loaded.clean else 1)
