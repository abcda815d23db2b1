"""Tables that others write, as external assets: what pairs are made from and compared with.

Belongs here: their keys and lineage. Does not belong here: anything that is run (assets, checks).
"""

from __future__ import annotations

import dagster as dg

from metric_assets.catalog.catalog import Catalog
from metric_assets.catalog.scan import Dimension, Store

OWNERS = ["team:metrics"]


def source_key(store: Store, table: str) -> dg.AssetKey:
    """The key of a source or legacy table."""
    return dg.AssetKey([store.value, table])


def dimension_key(dimension: Dimension) -> dg.AssetKey:
    """The key of a dimension's copy."""
    return dg.AssetKey(["dimensions", dimension.table])


def build_source_assets(catalog: Catalog) -> list[dg.AssetSpec]:
    """Source and legacy tables as external assets: lineage reads source → pair, and source →
    legacy table, which cron fills from the same rows.
    """
    tables = {(store, table) for store in Store for table in catalog.sources(store)}
    tables |= {(Store.POSTGRES, entity.table) for entity in catalog.entities}
    specs = [
        dg.AssetSpec(
            source_key(store, table),
            description=f"Source table {table} in {store.value}; read only.",
            group_name="sources",
            kinds={store.value, "table"},
            owners=OWNERS,
        )
        for store, table in sorted(tables)
    ]
    return specs + [
        dg.AssetSpec(
            source_key(Store.POSTGRES, table),
            deps=sorted(parents),
            description=f"Legacy counters {table}, recomputed by cron; what checks compare with.",
            group_name="legacy",
            kinds={"postgres", "table"},
            owners=OWNERS,
        )
        for table, parents in sorted(_parents(catalog).items())
        if (Store.POSTGRES, table) not in tables
    ]


def _parents(catalog: Catalog) -> dict[str, set[dg.AssetKey]]:
    """The sources of each legacy table: those of the pairs that are compared with it."""
    found: dict[str, set[dg.AssetKey]] = {}
    for scan in catalog.scans:
        for pair in scan.pairs:
            own = found.setdefault(pair.legacy.table, set())
            own |= {source_key(scan.store, table) for table in scan.sources}
    return found
