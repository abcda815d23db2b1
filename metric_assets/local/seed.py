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
    arrow_postgres,
    clickhouse,
    clickhouse_frame,
    clickhouse_insert,
    clickhouse_run,
    epoch,
    make_target,
    postgres,
)
from metric_assets.local.demo_tables import (
    drop_clickhouse_tables,
    fill_legacy,
    make_clickhouse_tables,
    make_legacy_keys,
    make_tables,
)
from metric_assets.local.demo_totals import (
    ENTITIES,
    FOR_EVER,
    all_events,
    clickhouse_totals,
    formula,
    formula_totals,
    in_clickhouse,
    live_events,
    scan_events,
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
        _generate_postgres(session, postgres_url)
        generated.result()
        report(f"sources of both stores generated after {time.monotonic() - started:.1f} s")
        inserted = second.submit(_insert_live, postgres_url, clickhouse_url, target_table)
        events = _fill_legacy(session, postgres_url, clickhouse_url)
        report(f"legacy tables filled after {time.monotonic() - started:.1f} s")
        session.run("shared/vacuum")
        live = inserted.result()
        report(f"{live:,} live events inserted after {time.monotonic() - started:.1f} s")
        rows = _row_counts(session, clickhouse_url)
        session.run("shared/done")
    rows[target_table] = live
    return SeedReport(events - live, rows, time.monotonic() - started)


def _generate_postgres(session: DemoPostgres, postgres_url: str) -> None:
    session.run("shared/drop")
    make_tables(session)
    session.run("shared/functions")
    session.run_all("data")
    _live_on(session, postgres_url)
    session.run_all("indexes")
    session.run("shared/analyze")


def _live_on(session: DemoPostgres, postgres_url: str) -> None:
    """Remember what counts before the cutoff, then let the platform live on until now."""
    session.run("shared/told/tables")
    _keep_derived(session, postgres_url)
    for entity in ENTITIES:
        session.run("shared/told/snapshot", events=all_events(entity), until=cutoff_of(entity))
    session.run_all("life")
    _keep_derived(session, postgres_url)


def _keep_derived(session: DemoPostgres, postgres_url: str) -> None:
    """Keep the events of entities that have no live.sql, as their scans give them now."""
    session.run("shared/told/derived")
    with arrow_postgres(postgres_url) as frames:
        for entity in ENTITIES:
            if demo_sql.own(entity, "live") is None:
                frames.insert("demo", "derived", scan_events(frames, entity))


def _generate_clickhouse(clickhouse_url: str, scale: int, seed: int) -> None:
    moments = {name: epoch(at) for name, at in calendar().items() if isinstance(at, datetime)}
    with clickhouse(clickhouse_url) as client:
        drop_clickhouse_tables(client)
        make_clickhouse_tables(client)
        for name in demo_sql.names("data_clickhouse"):
            clickhouse_run(client, name, seed=seed, **sizes(scale), **moments)


def _fill_legacy(session: DemoPostgres, postgres_url: str, clickhouse_url: str) -> int:
    """Stage the formula totals, fill the legacy tables from them, return all events behind them."""
    session.run("shared/totals/staging")
    for entity in ENTITIES:
        for day, until in ((DEMO_NOW, FOR_EVER), *((day, day) for day in FROZEN.get(entity, ()))):
            text = Fragment(demo_sql.render(formula(entity), {"until": until}))
            session.run("shared/totals/stage", entity=entity, as_of=day, formula=text)
    for entity in filter(in_clickhouse, ENTITIES):
        totals = clickhouse_totals(postgres_url, clickhouse_url, entity)
        columns = (pl.lit(entity).alias("entity"), pl.lit(DEMO_NOW.date()).alias("asOf"), pl.all())
        session.copy("shared/totals/copy", totals.select(*columns))
    session.run("shared/totals/staged")
    for entity in ENTITIES:
        fill_legacy(session, entity)
    make_legacy_keys(session)
    return int(session.rows("shared/keys/events")[0][0])


def _insert_live(postgres_url: str, clickhouse_url: str, target: str) -> int:
    live = 0
    with clickhouse(clickhouse_url) as client:
        make_target(client, target)
        clickhouse_run(client, "shared/target_clear", target=target)
        for entity in ENTITIES:
            told = told_events(postgres_url, entity)
            for events in (*live_events(postgres_url, clickhouse_url, entity), told):
                clickhouse_insert(client, target, events)
                live += events.height
    return live


def _row_counts(session: DemoPostgres, clickhouse_url: str) -> dict[str, int]:
    rows = {str(name): int(count) for name, count in session.rows("shared/keys/sizes")}
    with clickhouse(clickhouse_url) as client:
        rows |= dict(clickhouse_frame(client, "shared/keys/sizes_clickhouse").iter_rows())
    return rows
