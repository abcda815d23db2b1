"""The demo's tables: made from the files of each entity, legacy ones filled by the catalog's rows.

Belongs here: which files make up a store. Does not belong here: what the sources hold (data), or
the order of a seeding (seed).
"""

from __future__ import annotations

import re

from clickhouse_connect.driver.client import Client

from metric_assets.catalog import CATALOG
from metric_assets.local import demo_sql
from metric_assets.local.demo_sql import Fragment
from metric_assets.local.demo_stores import DemoPostgres, clickhouse_run

_MADE = re.compile(r"TABLE IF NOT EXISTS (?:(\w+)\.)?(\w+)")


def make_tables(session: DemoPostgres) -> None:
    """Make every type and table of Postgres, without keys and indexes."""
    session.run_all("schema")


def make_keys(session: DemoPostgres) -> None:
    """Add the keys and indexes of every table, and those of the legacy tables; repeatable."""
    session.run_all("indexes")
    make_legacy_keys(session)


def make_legacy_keys(session: DemoPostgres) -> None:
    """Add the keys of the legacy tables alone; repeatable."""
    for entity in CATALOG.entities:
        for table in _legacy_tables(entity.name):
            session.run(
                "shared/totals/keys",
                table=_name(table),
                key=_name(f"{table}_pkey"),
                id=_name(entity.legacy_id),
            )


def make_clickhouse_tables(client: Client) -> None:
    """Make every source table of ClickHouse."""
    for name in demo_sql.names("schema_clickhouse"):
        clickhouse_run(client, name)


def drop_clickhouse_tables(client: Client) -> None:
    """Drop every source table of ClickHouse; the target is not touched."""
    for name in demo_sql.names("schema_clickhouse"):
        for database, table in _MADE.findall(demo_sql.text(name)):
            place = {"database": database or str(client.database), "table": table}
            clickhouse_run(client, "shared/drop_clickhouse", **place)


def fill_legacy(session: DemoPostgres, entity: str) -> None:
    """Fill an entity's legacy tables from the totals: by its legacy.sql, else by its rows."""
    own = demo_sql.own(entity, "legacy")
    if own is not None:
        session.run(own)
        return
    for table in _legacy_tables(entity):
        metrics = {
            pair.legacy.field: pair.metric
            for pair in CATALOG.pairs_of(entity)
            if pair.legacy.table == table
        }
        values = (demo_sql.render("shared/totals/column", {"metric": m}) for m in metrics.values())
        session.run(
            "shared/totals/legacy",
            entity=entity,
            table=_name(table),
            id=_name(CATALOG.entity[entity].legacy_id),
            columns=Fragment(", ".join(map(_name, metrics))),
            values=Fragment(", ".join(values)),
        )


def _legacy_tables(entity: str) -> list[str]:
    return list(dict.fromkeys(pair.legacy.table for pair in CATALOG.pairs_of(entity)))


def _name(text: str) -> Fragment:
    return Fragment(f'"{text}"')
