"""`metric-assets demo`: the main job, from nothing to a checked result.

Belongs here: the order of its steps. Does not belong here: the embedded stack (local), or the load
(backfill).
"""

from __future__ import annotations

import os

import click

from metric_assets.cli import environment
from metric_assets.cli.backfill import Options, load
from metric_assets.cli.local import PORT, SCALE, fill, start


@click.command()
@SCALE
@click.option("--port", type=PORT, help="Port of ClickHouse's HTTP interface.")
def demo(scale: int, port: int | None) -> None:
    """The main job, from nothing to a checked result, on the embedded stack."""
    endpoints = start(port)
    environment.write_dotenv(endpoints)
    # The demo is the demo, whatever the shell or a .env points at.
    os.environ.update(environment.local_variables(endpoints))
    fill(endpoints, scale)
    hint = "`make ui` shows all of it; `metric-assets local down` stops the stack."
    settings = environment.settings()
    clean = load(settings.catalog.select([]), None, settings, Options(hint=hint))
    raise click.exceptions.Exit(0 if clean else 1)
