"""Whether the source's tables can be found at all: one finding for what would fail them all.

Belongs here: database, schema and search path. Does not belong here: a single table (source).
"""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from metric_assets.catalog.catalog import Catalog
from metric_assets.catalog.scan import Store
from metric_assets.doctor.findings import FAILED, Finding
from metric_assets.settings import POSTGRES_URL
from metric_assets.sql import load
from metric_assets.stores.postgres import Postgres

_SUBJECT = "Postgres: access"


def needed_tables(catalog: Catalog) -> list[str]:
    """Every table of Postgres that a statement of ours reads."""
    return sorted(
        {*catalog.sources(Store.POSTGRES)}
        | {entity.table for entity in catalog.entities}
        | {pair.legacy.table for pair in catalog.pairs.values()}
    )


def examine(store: Postgres, catalog: Catalog, closed: list[str]) -> Iterator[Finding]:
    """What keeps the search path from finding any table; ``closed`` is filled if there is such."""
    names = needed_tables(catalog)
    rows = store.frame(load("doctor/postgres_access"), {"tables": names})
    role = store.frame(load("doctor/postgres_server"), {})["role"][0]
    if rows["visible"].any():
        return
    closed.append(_SUBJECT)
    yield judge(rows, role, len(names))


def judge(rows: pl.DataFrame, role: str, needed: int) -> Finding:
    """The finding about tables none of which the search path finds."""
    if rows.is_empty():
        return Finding(
            _SUBJECT,
            f"none of the {needed} tables that are read exists in this database",
            f"Check the database in {POSTGRES_URL}",
            FAILED,
        )
    schema = rows["schema"].mode().sort()[0]
    if not rows.filter(pl.col("schema") == schema)["usable"].all():
        return Finding(
            _SUBJECT,
            f"{role} may not use schema {schema}, which holds the tables",
            f'GRANT USAGE ON SCHEMA "{schema}" TO "{role}"',
            FAILED,
        )
    return Finding(
        _SUBJECT,
        f"the tables are in schema {schema}, which is not in the search path of {role}",
        f'Put it there: ALTER ROLE "{role}" SET search_path = "{schema}"',
        FAILED,
    )
