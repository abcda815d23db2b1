"""Commands that only look: list, show, ranges, doctor.

Belongs here: reading the catalog, the settings and the stores' state. Does not belong here:
anything that writes to a store, but for the empty target that doctor makes when told to.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from metric_assets import sql
from metric_assets.catalog.model import Pair, Scan
from metric_assets.cli import environment
from metric_assets.errors import SettingsError, UnknownKeyError
from metric_assets.settings import Settings

if TYPE_CHECKING:
    from metric_assets.coverage import Coverage


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


@click.command()
@click.argument("entities", nargs=-1)
@click.option(
    "--sync", is_flag=True, help="Ask the source for its ids and write the grid that holds them."
)
@click.option(
    "--newest", is_flag=True, help="Take entities in that were made at or after the cutoff, too."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
def ranges(entities: tuple[str, ...], sync: bool, newest: bool, as_json: bool) -> None:
    """ID ranges, and ids made before the cutoff that lie in none; exit 1 while there are some."""
    from metric_assets.cli.console import err
    from metric_assets.connect import open_postgres
    from metric_assets.coverage import examine

    settings = environment.settings()
    known_entities = settings.catalog.entity
    if unknown := sorted(set(entities) - set(known_entities)):
        raise UnknownKeyError(f"{unknown[0]}: not an entity; known: {', '.join(known_entities)}")
    chosen = list(dict.fromkeys(entities)) or list(known_entities)
    with (
        open_postgres(settings) as source,
        err().status("ranges") as status,
    ):
        known = examine(settings, source, chosen, status.update, sync=sync, newest=newest)
    if sync:
        _write(settings, known)
    if as_json:
        click.echo(json.dumps([_as_row(row) for row in known], indent=2))
    else:
        _print_ranges(known)
    raise click.exceptions.Exit(0 if all(row.covered for row in known) else 1)


def _write(settings: Settings, known: list[Coverage]) -> None:
    """Write ranges.json; where the environment holds the grids, say what belongs there instead."""
    from metric_assets import settings as names
    from metric_assets.cli.grids import write_grids

    grids = {row.entity: row.grid for row in known}
    if os.environ.get(names.RANGES):
        value = names.dump_grids({**settings.grids, **grids}, indent=None).strip()
        raise SettingsError(
            f"{names.RANGES}: is set and wins over {settings.ranges_file}, so that was not written;"
            f" set it to {value}"
        )
    write_grids(settings, grids)


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
        "status": "ok" if row.covered else f"differs: {row.sentence}",
    }


def _print_ranges(known: list[Coverage]) -> None:
    from metric_assets.cli.console import out, table

    columns = ("entity", "ids a range", "ranges", "last id", "cells apart",
               "highest at the cutoff", "outside", "status")  # fmt: skip
    rows = [
        (row.entity, row.grid.size, len(row.grid), row.grid.end - 1, len(row.grid.extra),
         row.highest, row.count, "ok" if row.covered else "differs")
        for row in known
    ]  # fmt: skip
    out().print(table("ID ranges", columns, rows))
    for row in known:
        if not row.covered:
            click.echo(row.sentence, err=True)


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.option("--create-target", is_flag=True, help="Make the target table if it is absent.")
@click.option("--all", "show_all", is_flag=True, help="Show what is as it should be, too.")
def doctor(as_json: bool, create_target: bool, show_all: bool) -> None:
    """Everything that can be wrong before the first row moves; each finding says what to do.

    Exit 0 if nothing failed, 1 if something did, 2 if a store cannot be reached.
    """
    from metric_assets.cli.console import err, out, table
    from metric_assets.doctor import examine, exit_code
    from metric_assets.doctor.findings import CONNECTIONS

    settings = environment.settings()
    with err().status("doctor") as status:
        findings = examine(settings, create_target=create_target, report=status.update)
    if hint := environment.stack_hint():
        findings = [
            replace(f, advice=hint) if f.status == "failed" and f.subject in CONNECTIONS else f
            for f in findings
        ]
    if as_json:
        click.echo(json.dumps([finding.as_dict() for finding in findings], indent=2))
    else:
        counts = Counter(finding.status for finding in findings)
        title = f"doctor: {counts['ok']} ok, {counts['remark']} remarks, {counts['failed']} failed"
        rows = [
            (f.subject, f.found, f.advice, f.status)
            for f in findings
            if show_all or f.status != "ok"
        ]
        shown = table(title, ("subject", "found", "what to do", "status"), rows)
        shown.columns[3].no_wrap = True
        out().print(shown)
        if not show_all and counts["ok"]:
            click.echo("`metric-assets doctor --all` shows what is ok, with sizes.", err=True)
    raise click.exceptions.Exit(exit_code(findings))


COMMANDS = {"list": list_, "show": show, "ranges": ranges, "doctor": doctor}
