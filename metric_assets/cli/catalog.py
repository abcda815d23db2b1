"""`metric-assets list` and `show`: the catalog, and everything derived from one key of it."""

from __future__ import annotations

from textwrap import fill
from typing import Any

import click

from metric_assets import sql
from metric_assets.catalog.model import Live, Pair
from metric_assets.catalog.scan import Scan, Store
from metric_assets.catalog.words import RULES, words
from metric_assets.cli import completions, environment
from metric_assets.cli.documents import echo_document
from metric_assets.cli.tables import out
from metric_assets.cli.tables import show as show_table
from metric_assets.errors import UnknownKeyError
from metric_assets.settings import Settings

#: Columns of facts in words, of their names, and those that are copied.
_PROSE, _INDENT = 100, 14
_COPIED = {"index", "load one", "the statement"}
_HANGING: dict[str, Any] = {
    "subsequent_indent": " " * _INDENT,
    "break_long_words": False,
    "break_on_hyphens": False,
}
_SERVERS = {Store.POSTGRES: "Postgres", Store.CLICKHOUSE: "ClickHouse"}


@click.command("list")
@click.argument("selection", nargs=-1, shell_complete=completions.selection)
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
def list_(selection: tuple[str, ...], as_json: bool) -> None:
    """The catalog: every pair, what it reads and how it is compared."""
    catalog = environment.settings().catalog
    pairs = catalog.select(selection)
    if as_json:
        echo_document({"pairs": [describe(pair, catalog.scan[pair.key]) for pair in pairs]}, 0)
        return
    rows = [
        (pair.key, scan.store.value, f"sql/{scan.name}.sql",
         pair.legacy.column, pair.legacy.rule.value)
        for pair in pairs
        if (scan := catalog.scan[pair.key])
    ]  # fmt: skip
    columns = ("pair", "reads", "scan", "legacy", "rule")
    show_table(f"{len(pairs)} pairs", columns, rows, drop=("reads", "scan", "legacy"))


@click.command()
@click.argument("key", shell_complete=completions.pairs)
@click.option("--sql", "as_sql", is_flag=True, help="Only the statement, for a sample: it runs.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
def show(key: str, as_sql: bool, as_json: bool) -> None:
    """Everything derived from one key (Entity/Metric), in words."""
    from metric_assets.operations.sample import sample_statement

    settings = environment.settings()
    catalog = settings.catalog
    if key not in catalog.pairs:
        catalog.select([key])
        raise UnknownKeyError(f"{key}: is an entity; name one of its pairs, as in {key}/…")
    pair, scan = catalog.pairs[key], catalog.scan[key]
    first = settings.grid_of(pair.entity).cell(0)
    sample = sample_statement(scan, first, settings)
    if as_sql:
        click.echo(sample, nl=False)
    elif as_json:
        echo_document(_document(pair, scan, settings, sample), 0)
    else:
        _print(pair, scan, settings)


def _print(pair: Pair, scan: Scan, settings: Settings) -> None:
    """The pair in words, then its statement as the file has it."""
    out().print(f"{pair.key}: {pair.description}", style="bold", markup=False)
    width = min(out().width, _PROSE)
    for name, text in _facts(pair, scan, settings).items():
        line = f"{name:<{_INDENT}}{text}"
        # What is copied stays in one line.
        click.echo(line if name in _COPIED else fill(line, width, **_HANGING))
    click.echo(f"\n{sql.path(scan.name, scan.folder).read_text(encoding='utf-8')}")


def _facts(pair: Pair, scan: Scan, settings: Settings) -> dict[str, str]:
    """What a person asks about a pair, each in a line."""
    grid = settings.grid_of(pair.entity)
    cutoff = settings.known_cutoff(pair.entity)
    apart = f", {len(grid.extra)} of them apart" if grid.extra else ""
    rows = "every row" if pair.where is None else f"every row where {words(pair.where)}"
    each = "each counts 1" if pair.value is None else f"each counts its {words(pair.value)}"
    legacy = pair.legacy
    return {
        "reads": f"{', '.join(scan.sources)} in {_SERVERS[scan.store]}, by sql/{scan.name}.sql",
        "events": f"{rows}; {each}",
        "live events": _live(pair),
        "legacy": f"{legacy.column}. {RULES[legacy.rule]}",
        **({"known gap": legacy.gap} if legacy.gap else {}),
        **({"a range costs": scan.cost} if scan.cost else {}),
        **({"index": scan.index} if scan.index else {}),
        "target": settings.target_table,
        "cutoff": cutoff.isoformat() if cutoff else "not set",
        "partitions": f"{len(grid)} ranges of {grid.size:,} ids, up to {grid.end - 1:,}{apart}",
        "load one": _materialize(pair, settings),
        "the statement": f"metric-assets show {pair.key} --sql",
    }


def _live(pair: Pair) -> str:
    said = {
        Live.JUDGED: f"judged by {pair.live_key.value}",
        Live.ABSORB: "made up for, whatever they say",
        Live.IGNORED: "ignored",
    }[pair.live]
    return f"{said}. {pair.live_reason}" if pair.live_reason else said


def _materialize(pair: Pair, settings: Settings) -> str:
    """A command that loads the first range."""
    return f"metric-assets backfill {pair.key} --range {settings.grid_of(pair.entity).cell(0).key}"


def _document(pair: Pair, scan: Scan, settings: Settings, sample: str) -> dict[str, Any]:
    cutoff = settings.known_cutoff(pair.entity)
    return {
        "pair": describe(pair, scan),
        "target": settings.target_table,
        "cutoff": cutoff.isoformat() if cutoff else None,
        "ranges": [ids.key for ids in settings.grid_of(pair.entity)],
        "materialize": _materialize(pair, settings),
        "sql": sql.path(scan.name, scan.folder).read_text(encoding="utf-8"),
        "sample": sample,
    }


def describe(pair: Pair, scan: Scan) -> dict[str, object]:
    """A pair's row, and that of its scan, in plain values."""
    return {
        "pair": pair.key,
        "description": pair.description,
        "store": scan.store.value,
        "scan": f"sql/{scan.name}.sql",
        "sources": list(scan.sources),
        "where": "every row" if pair.where is None else words(pair.where),
        "value": "1" if pair.value is None else words(pair.value),
        "legacy": pair.legacy.column,
        "rule": pair.legacy.rule.value,
        "gap": pair.legacy.gap,
        "range_cost": scan.cost,
        "index": scan.index or "",
    }
