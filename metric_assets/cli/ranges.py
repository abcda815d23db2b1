"""`metric-assets ranges`: the grid of each entity, and ids that it does not hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from metric_assets.cli import completions, environment
from metric_assets.cli.documents import echo_document
from metric_assets.cli.tables import err, show
from metric_assets.errors import UnknownKeyError

if TYPE_CHECKING:
    from metric_assets.audit.coverage import Coverage


@click.command()
@click.argument("entities", nargs=-1, shell_complete=completions.entities)
@click.option(
    "--sync", is_flag=True, help="Ask the source for its ids and write the grid that holds them."
)
@click.option(
    "--newest", is_flag=True, help="Take entities in that were made at or after the cutoff, too."
)
@click.option(
    "--keys", "only_keys", is_flag=True, help="Only the keys of one entity's ranges, one a line."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
def ranges(
    entities: tuple[str, ...], sync: bool, newest: bool, only_keys: bool, as_json: bool
) -> None:
    """ID ranges, and ids made before the cutoff that lie in none; exit 1 while there are some."""
    from metric_assets.audit.coverage import examine
    from metric_assets.connect import open_postgres
    from metric_assets.operations.ranges import write_synced
    from metric_assets.settings import RANGES

    settings = environment.settings()
    known_entities = settings.catalog.entity
    if unknown := sorted(set(entities) - set(known_entities)):
        raise UnknownKeyError(f"{unknown[0]}: not an entity; known: {', '.join(known_entities)}")
    chosen = list(dict.fromkeys(entities)) or list(known_entities)
    if only_keys:
        if len(entities) != 1 or sync or newest or as_json:
            raise click.UsageError("--keys takes one entity and no other option")
        click.echo("\n".join(ids.key for ids in settings.grid_of(entities[0])))
        return
    with (
        open_postgres(settings) as source,
        err().status("ranges") as status,
    ):
        known = examine(settings, source, chosen, status.update, sync=sync, newest=newest)
    if sync:
        value = write_synced(settings, known)
        click.echo(f"Containers and other machines have no such file: {RANGES}='{value}'", err=True)
    code = 0 if all(row.covered for row in known) else 1
    if as_json:
        echo_document({"entities": [_as_row(row) for row in known]}, code)
    else:
        _print_ranges(known)
    raise click.exceptions.Exit(code)


def _as_row(row: Coverage) -> dict[str, object]:
    low, high = row.outside or (None, None)
    return {
        "entity": row.entity,
        "size": row.grid.size,
        "ranges": len(row.grid),
        "last": row.grid.end - 1,
        "extra": [row.grid.cell(first).key for first in row.grid.extra],
        "highest": row.highest,
        "outside": row.count,
        "outside_lowest": low,
        "outside_highest": high,
        "status": "ok" if row.covered else "differs",
        "sentence": row.sentence,
    }


def _print_ranges(known: list[Coverage]) -> None:
    columns = ("entity", "ids a range", "ranges", "last id", "cells apart",
               "highest at the cutoff", "outside", "status")  # fmt: skip
    rows = [
        (row.entity, row.grid.size, len(row.grid), row.grid.end - 1, len(row.grid.extra),
         row.highest, row.count, "ok" if row.covered else "differs")
        for row in known
    ]  # fmt: skip
    show("ID ranges", columns, rows, drop=("cells apart", "ids a range", "last id"))
    for row in known:
        if not row.covered:
            click.echo(row.sentence, err=True)
