"""`metric-assets report`: the history of checks as a page, or as JSON."""

from __future__ import annotations

from pathlib import Path

import click

from metric_assets.cli import environment
from metric_assets.cli.documents import echo_document

_PAGE = "metric-assets-report.html"


@click.command()
@click.argument("selection", nargs=-1)
@click.option(
    "--days",
    type=click.IntRange(1, 3_650),
    default=30,
    show_default=True,
    help="How far back changes and coverage are shown.",
)
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help=f"Where the page is written; {_PAGE} unless --json is given.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
def report(selection: tuple[str, ...], days: int, output: Path | None, as_json: bool) -> None:
    """What the checks of SELECTION have found: one HTML page that needs no network.

    It shows what is recorded and checks nothing, so it exits 0 whatever was found.
    """
    from metric_assets.operations.report_data import read_report
    from metric_assets.operations.report_page import write_page

    settings = environment.settings()
    data = read_report(settings, settings.catalog.select(selection), days)
    file = output or (None if as_json else Path(_PAGE))
    if file is not None:
        write_page(data, file)
    if as_json:
        echo_document({**data.as_dict(), "page": str(file.absolute()) if file else None}, 0)
        return
    click.echo(data.summary.sentence)
    click.echo(f"The page is {file}.")
