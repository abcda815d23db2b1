"""docs/reference/catalog.md, written from the rows: `python -m metric_assets.catalog.document`.

Belongs here: the words and tables of that page. Does not belong here: a fact that no row holds.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence

from metric_assets.catalog import CATALOG
from metric_assets.catalog.model import Entity, Pair
from metric_assets.catalog.scan import Scan, Store
from metric_assets.catalog.words import RULES, words
from metric_assets.markdown import table

_HEAD = """\
<!-- Written by `python -m metric_assets.catalog.document > docs/reference/catalog.md`.
Change the rows in metric_assets/catalog, then run it again. -->

# Catalog

{pairs} pairs of {entities} entity types, fed by {scans} scans. A **pair** is one counter of one
entity type; its key, `Entity/Metric`, is the Dagster asset key and the two strings stored in the
target. A **scan** is one SELECT for a range of ids that feeds one or more pairs. `metric-assets
show KEY` prints a row with its statement.
"""


def document() -> str:
    """The page."""
    return "\n".join(_blocks())


def _blocks() -> Iterator[str]:
    yield _HEAD.format(
        pairs=len(CATALOG.pairs), entities=len(CATALOG.entities), scans=len(CATALOG.scans)
    )
    yield "## Rules of comparison\n"
    yield table(("rule", "meaning"), ((f"`{rule.value}`", text) for rule, text in RULES.items()))
    yield "## Scans of ClickHouse\n"
    yield (
        "They read tables whose sort keys were chosen for other questions, so a range can cost a"
        " look at every row. Those marked with the mirror join a copy of ModelVersion (id, modelId)"
        " that is an asset of its own: versions that Postgres no longer has stay out.\n"
    )
    yield table(
        ("scan", "reads", "mirror", "a range costs"),
        (
            (_link(scan), _names(scan.sources), "yes" if scan.dimensions else "no", _cost(scan))
            for scan in CATALOG.scans
            if scan.store is Store.CLICKHOUSE
        ),
    )
    for entity in CATALOG.entities:
        yield from _entity(entity)


def _entity(entity: Entity) -> Iterator[str]:
    grid = entity.grid
    yield f"## {entity.name}\n"
    yield (
        f"{entity.description} Ids of `{entity.table}`, compared with"
        f" {_names(sorted({pair.legacy.table for pair in CATALOG.pairs_of(entity.name)}))}."
        f" Default grid: {len(grid)} ranges of {grid.size:,} ids, up to {grid.end - 1:,}.\n"
    )
    yield table(
        ("pair", "meaning", "source tables", "scan", "what counts", "legacy column", "rule",
         "known gap"),
        (_pair(pair) for pair in CATALOG.pairs_of(entity.name)),
    )  # fmt: skip
    rule = "[the counter equals the source](../explanation/counter.md)"
    yield f"How live events are judged ({rule}):\n"
    yield table(
        ("metric", "live events", "key", "why"),
        (
            (pair.metric, f"`{pair.live.value}`", f"`{pair.live_key.value}`", pair.live_reason)
            for pair in CATALOG.pairs_of(entity.name)
        ),
    )
    yield table(
        ("scan", "store", "pairs", "a range costs", "index to create"),
        (
            (
                _link(scan),
                scan.store.value,
                ", ".join(pair.metric for pair in scan.pairs),
                _cost(scan),
                f"`{scan.index}`" if scan.index else "none",
            )
            for scan in CATALOG.scans_of(entity.name)
        ),
    )


def _pair(pair: Pair) -> Sequence[str]:
    scan = CATALOG.scan[pair.key]
    legacy = pair.legacy
    rule = f"`{legacy.rule.value}`"
    if legacy.tolerance:
        rule += f" ({legacy.tolerance:.0%})"
    if legacy.average_over:
        rule += f", as a mean over {legacy.average_over}"
    return (
        f"`{pair.key}`",
        pair.description,
        _names(scan.sources),
        _link(scan),
        _counts(pair),
        f"`{legacy.column}`",
        rule,
        legacy.gap or "none",
    )


def _counts(pair: Pair) -> str:
    rows = "every row" if pair.where is None else f"rows where {words(pair.where)}"
    return f"{rows}, 1 each" if pair.value is None else f"{words(pair.value)} of {rows}"


def _cost(scan: Scan) -> str:
    return scan.cost or "its rows: an index or the sort key serves it"


def _link(scan: Scan) -> str:
    return f"[{scan.name}](../../sql/{scan.name}.sql)"


def _names(tables: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in tables)


if __name__ == "__main__":
    sys.stdout.write(document())
