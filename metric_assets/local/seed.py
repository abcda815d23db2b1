"""``metric-assets local seed``: the demo's sources, its legacy tables and its live events.

Belongs here: the order of the steps. What is generated is SQL under ``sql/demo``; how large is
``demo_plan``; the oracle is ``demo_totals``. Does not belong here: anything a production run needs.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Final

import polars as pl

from metric_assets.defaults import TARGET_TABLE
from metric_assets.local import demo_sql
from metric_assets.local.demo_plan import DEMO_NOW, calendar, cutoff_of, sizes
from metric_assets.local.demo_sql import Fragment, Value
from metric_assets.local.demo_stores import (
    DemoPostgres,
    clickhouse,
    clickhouse_frame,
    clickhouse_insert,
    clickhouse_run,
    epoch,
    make_target,
    postgres,
)
from metric_assets.local.demo_totals import (
    ENTITIES,
    FOR_EVER,
    all_events,
    clickhouse_totals,
    formula_totals,
    live_events,
    told_events,
)

__all__ = ["SeedReport", "formula_totals", "seed"]

#: The days on which legacy columns froze: they hold the formula of that day.
FROZEN: Final[dict[str, tuple[datetime, ...]]] = {
    "Model": (
        datetime(2024, 3, 6, tzinfo=timezone.utc),
        datetime(2025, 3, 13, tzinfo=timezone.utc),
    ),
    "ModelVersion": (
        datetime(2024, 3, 6, tzinfo=timezone.utc),
        datetime(2024, 3, 13, tzinfo=timezone.utc),
        datetime(2025, 3, 13, tzinfo=timezone.utc),
    ),
    "Image": (datetime(2025, 2, 28, tzinfo=timezone.utc),),
    "Article": (datetime(2024, 3, 13, tzinfo=timezone.utc),),
}


@dataclass(frozen=True)
class SeedReport:
    """What a seeding made: events to backfill, rows of every table, seconds it took."""

    events: int
    rows: dict[str, int]
    seconds: float


def seed(  # noqa: PLR0913 - two stores and what to make of them; options are keyword-only.
    postgres_url: str,
    clickhouse_url: str,
    *,
    scale: int = 1_000_000,
    seed: int = 7,
    target_table: str = TARGET_TABLE,
    report: Callable[[str], None] = lambda _line: None,
) -> SeedReport:
    """Drop and make the demo: sources, legacy tables, and the target holding live events only.

    ``scale`` is about how many events there are to backfill. The same scale and seed give the same
    rows. Existing source and legacy tables and all rows of the target are lost.
    """
    started = time.monotonic()
    values: dict[str, Value] = {**calendar(), **sizes(scale), "seed": seed}
    with ThreadPoolExecutor(max_workers=1) as second, postgres(postgres_url, values) as session:
        generated = second.submit(_generate_clickhouse, clickhouse_url, scale, seed)
        _generate_postgres(session)
        generated.result()
        report(f"sources of both stores generated after {time.monotonic() - started:.1f} s")
        inserted = second.submit(_insert_live, postgres_url, clickhouse_url, target_table)
        events = _fill_legacy(session, postgres_url, clickhouse_url)
        report(f"legacy tables filled after {time.monotonic() - started:.1f} s")
        session.run("schema/postgres_vacuum")
        live = inserted.result()
        report(f"{live:,} live events inserted after {time.monotonic() - started:.1f} s")
        rows = _row_counts(session, clickhouse_url)
        session.run("schema/postgres_done")
    rows[target_table] = live
    return SeedReport(events - live, rows, time.monotonic() - started)


def _generate_postgres(session: DemoPostgres) -> None:
    session.run("schema/drop")
    session.run("schema/postgres")
    session.run("schema/postgres_functions")
    for name in demo_sql.names("data"):
        session.run(name)
    _live_on(session)
    session.run("schema/postgres_indexes")


def _live_on(session: DemoPostgres) -> None:
    """Remember what counts before the cutoff, then let the platform live on until now."""
    session.run("told/tables")
    for entity in ENTITIES:
        session.run("told/snapshot", events=all_events(entity), until=cutoff_of(entity))
    for name in demo_sql.names("life"):
        session.run(name)


def _generate_clickhouse(clickhouse_url: str, scale: int, seed: int) -> None:
    moments = {name: epoch(at) for name, at in calendar().items() if isinstance(at, datetime)}
    with clickhouse(clickhouse_url) as client:
        clickhouse_run(client, "schema/clickhouse_drop")
        clickhouse_run(client, "schema/clickhouse")
        for name in demo_sql.names("data_clickhouse"):
            clickhouse_run(client, name, seed=seed, **sizes(scale), **moments)


def _fill_legacy(session: DemoPostgres, postgres_url: str, clickhouse_url: str) -> int:
    """Stage the formula totals, fill the legacy tables from them, return all events behind them."""
    session.run("legacy/staging")
    for entity in ENTITIES:
        for day, until in ((DEMO_NOW, FOR_EVER), *((day, day) for day in FROZEN.get(entity, ()))):
            formula = demo_sql.render(f"formula/{entity.lower()}", {"until": until})
            session.run("legacy/stage", entity=entity, as_of=day, formula=Fragment(formula))
    for entity in ("User", "Model", "ModelVersion"):
        totals = clickhouse_totals(postgres_url, clickhouse_url, entity)
        columns = (pl.lit(entity).alias("entity"), pl.lit(DEMO_NOW.date()).alias("asOf"), pl.all())
        session.copy("legacy/copy", totals.select(*columns))
    session.run("legacy/staged")
    for entity in ENTITIES:
        session.run(f"legacy/{entity.lower()}")
    session.run("schema/postgres_legacy_keys")
    return int(session.rows("keys/events")[0][0])


def _insert_live(postgres_url: str, clickhouse_url: str, target: str) -> int:
    live = 0
    with clickhouse(clickhouse_url) as client:
        make_target(client, target)
        clickhouse_run(client, "schema/target_clear", target=target)
        for entity in ENTITIES:
            told = told_events(postgres_url, entity)
            for events in (*live_events(postgres_url, clickhouse_url, entity), told):
                clickhouse_insert(client, target, events)
                live += events.height
    return live


def _row_counts(session: DemoPostgres, clickhouse_url: str) -> dict[str, int]:
    rows = {str(name): int(count) for name, count in session.rows("keys/sizes")}
    with clickhouse(clickhouse_url) as client:
        rows |= dict(clickhouse_frame(client, "keys/sizes_clickhouse").iter_rows())
    return rows
