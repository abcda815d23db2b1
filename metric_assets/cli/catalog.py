"""`metric-assets list` and `show`: the catalog, and everything derived from one key of it."""

from __future__ import annotations

import json

import click

from metric_assets import sql
from metric_assets.catalog.model import Pair
from metric_assets.catalog.scan import Scan
from metric_assets.cli import environment
from metric_assets.errors import UnknownKeyError


@click.command("list")
@click.argument("selection", nargs=-1)
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
def list_(selection: tuple[str, ...], as_json: bool) -> None:
    """The catalog: every pair, what it reads and how it is compared."""
    catalog = environment.settings().catalog
    pairs = catalog.select(selection)
    if as_json:
        click.echo(json.dumps([describe(pair, catalog.scan[pair.key]) for pair in pairs], indent=2))
        return
    from metric_assets.cli.console import out, table

    rows = [
        (pair.key, scan.store.value, f"sql/{scan.name}.sql",
         pair.legacy.column, pair.legacy.rule.value)
        for pair in pairs
        if (scan := catalog.scan[pair.key])
    ]  # fmt: skip
    out().print(table(f"{len(pairs)} pairs", ("pair", "reads", "scan", "legacy", "rule"), rows))


@click.command()
@click.argument("key")
def show(key: str) -> None:
    """Everything derived from one key."""
    settings = environment.settings()
    catalog = settings.catalog
    if key not in catalog.pairs:
        catalog.select([key])
        raise UnknownKeyError(f"{key}: is an entity; name one of its pairs, as in {key}/…")
    pair, scan = catalog.pairs[key], catalog.scan[key]
    grid = settings.grid_of(pair.entity)
    for name, value in describe(pair, scan).items():
        click.echo(f"{name:<14}{value}")
    click.echo(f"{'target':<14}{settings.target_table}")
    cutoff = settings.known_cutoff(pair.entity)
    click.echo(f"{'cutoff':<14}{cutoff.isoformat() if cutoff else 'not set'}")
    apart = f"; {len(grid.extra)} of them apart" if grid.extra else ""
    click.echo(f"{'partitions':<14}{len(grid)} of {grid.size} ids, up to {grid.end - 1}{apart}")
    first = grid.cell(0)
    click.echo(
        f"{'materialize':<14}dagster asset materialize -m metric_assets.definitions"
        f' --select "{key}" --partition {first.key}'
    )
    click.echo(f"\n{sql.path(scan.name, scan.folder).read_text(encoding='utf-8')}")


def describe(pair: Pair, scan: Scan) -> dict[str, object]:
    """A pair's row, and that of its scan, in plain values."""
    return {
        "pair": pair.key,
        "description": pair.description,
        "store": scan.store.value,
        "scan": f"sql/{scan.name}.sql",
        "sources": list(scan.sources),
        "where": "every row" if pair.where is None else str(pair.where),
        "value": "1" if pair.value is None else str(pair.value),
        "legacy": pair.legacy.column,
        "rule": pair.legacy.rule.value,
        "gap": pair.legacy.gap,
        "range_cost": scan.cost,
        "index": scan.index,
    }
