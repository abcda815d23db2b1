"""The oracle: what every entity's total is, by formulas that share nothing with the scans.

Belongs here: putting the Postgres and the ClickHouse part of an entity together, for totals and for
live events. ClickHouse knows neither which versions exist nor their models: both come from Postgres
and are joined here. Does not belong here: writing anything.
"""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Final

import polars as pl

from metric_assets.catalog import CATALOG
from metric_assets.catalog.scan import Store
from metric_assets.events import derive
from metric_assets.local import demo_sql
from metric_assets.local.demo_plan import DEMO_CUTOFF, DEMO_NOW, cutoff_of
from metric_assets.local.demo_sql import Fragment, Value
from metric_assets.local.demo_stores import (
    ArrowPostgres,
    clickhouse,
    clickhouse_frame,
    epoch,
    postgres_frame,
)
from metric_assets.ranges import ID_FLOOR, ID_LIMIT

#: Entity types in an order in which legacy tables can be filled: parts before what sums them up.
ENTITIES: Final = tuple(reversed(list(CATALOG.entity)))

#: Later than any row; still a DateTime for ClickHouse.
FOR_EVER: Final = datetime(2105, 1, 1, tzinfo=timezone.utc)

#: Earlier than any row.
LONG_AGO: Final = datetime(1900, 1, 1, tzinfo=timezone.utc)

#: Entities whose ClickHouse part is that of another: its events are credited to them.
_CREDITED: Final = {"Model": "ModelVersion"}


#: The live events of entities that have no file of them.
_DERIVED: Final = "shared/told/live"


def formula(entity: str) -> str:
    """Return the file of an entity's formula."""
    return f"{entity.lower()}/formula"


def in_clickhouse(entity: str) -> bool:
    """Return whether an entity has a ClickHouse part."""
    return demo_sql.own(_CREDITED.get(entity, entity), "formula_clickhouse") is not None


def formula_totals(
    postgres_url: str, clickhouse_url: str, entity: str, until: datetime | None = None
) -> pl.DataFrame:
    """Return ``entityId, metricType, total`` of every entity and metric that has any event.

    ``until`` (exclusive) answers for an earlier instant: what the events before it add up to. Only
    entities that exist in Postgres are counted. ``Rating`` is the sum of stars.
    """
    parts = [postgres_totals(postgres_url, entity, until)]
    if in_clickhouse(entity):
        parts.append(clickhouse_totals(postgres_url, clickhouse_url, entity, until))
    totals = pl.concat(parts).select("entityId", "metricType", "total")
    return totals.sort("metricType", "entityId")


def postgres_totals(postgres_url: str, entity: str, until: datetime | None = None) -> pl.DataFrame:
    """Return the Postgres part, with the number of events behind every total."""
    found = postgres_frame(postgres_url, formula(entity), until=until or FOR_EVER)
    return _totals(found)


def clickhouse_totals(
    postgres_url: str, clickhouse_url: str, entity: str, until: datetime | None = None
) -> pl.DataFrame:
    """Return the ClickHouse part, with the number of events behind every total."""
    name = f"{_CREDITED.get(entity, entity).lower()}/formula_clickhouse"
    with clickhouse(clickhouse_url) as client:
        found = clickhouse_frame(client, name, until=epoch(until or FOR_EVER))
    credited = _credited(_totals(found), postgres_url, entity)
    return _totals(credited.group_by("entityId", "metricType").agg(pl.col("total", "events").sum()))


def live_events(postgres_url: str, clickhouse_url: str, entity: str) -> list[pl.DataFrame]:
    """Return the entity's live events, from its cutoff on, shaped like the target."""
    cutoff = cutoff_of(entity)
    name = demo_sql.own(entity, "live") or _DERIVED
    values = {} if demo_sql.own(entity, "live") else {"entity": entity}
    parts = [postgres_frame(postgres_url, name, cutoff=cutoff, **values)]
    if in_clickhouse(entity):
        name = f"{_CREDITED.get(entity, entity).lower()}/live_clickhouse"
        with clickhouse(clickhouse_url) as client:
            found = clickhouse_frame(client, name, cutoff=epoch(cutoff))
        # The platform wrote events of owners that are gone by now as of any other.
        parts.append(found if entity == "User" else _credited(found, postgres_url, entity))
    return [_events(part, entity) for part in parts]


def all_events(entity: str) -> Fragment:
    """Return the statement of every event of an entity's Postgres part, of whatever time.

    Without a live.sql they are those that scan_events() gave when they were last kept.
    """
    own = demo_sql.own(entity, "live")
    if own is not None:
        return Fragment(demo_sql.render(own, {"cutoff": LONG_AGO}))
    return Fragment(demo_sql.render(_DERIVED, {"entity": entity, "cutoff": LONG_AGO}))


def scan_events(session: ArrowPostgres, entity: str) -> pl.DataFrame:
    """Return every event that the catalog's scans of Postgres give, shaped like the target."""
    binds: dict[str, Value] = {"start": ID_FLOOR, "stop": ID_LIMIT, "until": FOR_EVER}
    parts = []
    for scan in CATALOG.scans_of(entity):
        if scan.store is Store.POSTGRES:
            rows = session.frame(demo_sql.fill(scan.text, binds))
            parts.append(_events(derive(rows, scan.pairs), entity))
    return pl.concat(parts)


def told_events(postgres_url: str, entity: str) -> pl.DataFrame:
    """Return live events of what became of rows of before the cutoff, shaped like the target.

    They can be asked for only while a demo is being made.
    """
    found = postgres_frame(
        postgres_url,
        "shared/told/events",
        entity=entity,
        events=all_events(entity),
        until=cutoff_of(entity),
        cutoff=DEMO_CUTOFF,
        now=DEMO_NOW,
    )
    return _events(found, entity)


def _credited(found: pl.DataFrame, postgres_url: str, entity: str) -> pl.DataFrame:
    """Drop what Postgres no longer has; credit versions to their models where models are asked."""
    if entity == "User":
        users = postgres_frame(postgres_url, "shared/keys/user")
        return found.join(users, left_on="entityId", right_on="id", how="semi")
    versions = postgres_frame(postgres_url, "shared/keys/modelversion")
    if entity == "ModelVersion":
        return found.join(versions, left_on="entityId", right_on="id", how="semi")
    joined = found.join(versions, left_on="entityId", right_on="id")
    return joined.drop("entityId").rename({"modelId": "entityId"})


def _totals(found: pl.DataFrame) -> pl.DataFrame:
    return found.select(
        pl.col("entityId").cast(pl.Int32),
        pl.col("metricType").cast(pl.String),
        pl.col("total").cast(pl.Int64),
        pl.col("events").cast(pl.Int64),
    )


def _events(found: pl.DataFrame, entity: str) -> pl.DataFrame:
    return found.select(
        pl.lit(entity).alias("entityType"),
        pl.col("entityId").cast(pl.Int32),
        pl.col("userId").cast(pl.Int32),
        pl.col("metricType").cast(pl.String),
        pl.col("metricValue").cast(pl.Int32),
        pl.col("createdAt").dt.replace_time_zone(None).cast(pl.Datetime("ms")),
    )
