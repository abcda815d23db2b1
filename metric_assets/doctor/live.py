"""Events that the target holds already: below the cutoff, and the first live ones above it.

Belongs here: whether cutoff and live stream meet without a gap or an overlap. Does not belong here:
whether events are right (pipeline, reconcile).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

import polars as pl

from metric_assets.doctor.findings import REMARK, Finding, Report, guarded, span
from metric_assets.settings import CUTOFFS, Settings
from metric_assets.sql import load
from metric_assets.stores.clickhouse import ClickHouse
from metric_assets.stores.ports import Binds

#: A live stream silent for longer than this after the cutoff has probably begun later.
GAP = timedelta(days=1)


def examine(
    store: ClickHouse, settings: Settings, streams: dict[str, Sequence[str]], report: Report
) -> Iterator[Finding]:
    """What lies on both sides of the cutoff of every entity that has one; fills ``streams`` with
    the metrics that have live events.
    """
    for entity in settings.catalog.entity:
        if settings.known_cutoff(entity) is not None:
            report(f"{entity}: events of the target")
            yield from guarded(f"{entity}: events", _examine(entity, store, settings, streams))


def _examine(
    entity: str, store: ClickHouse, settings: Settings, streams: dict[str, Sequence[str]]
) -> Iterator[Finding]:
    cutoff = settings.cutoff_of(entity)
    binds: Binds = {"target": settings.target_table, "entity": entity, "cutoff": cutoff}
    events = store.frame(load("doctor/target_events"), binds)
    streams[entity] = events.filter(pl.col("live") > 0)["metric"].to_list()
    metrics = [pair.metric for pair in settings.catalog.pairs_of(entity)]
    yield from judge(entity, metrics, cutoff, events)


def judge(
    entity: str, metrics: Sequence[str], cutoff: datetime, events: pl.DataFrame
) -> Iterator[Finding]:
    """What the events of an entity, a row a metric, mean for its cutoff."""
    ours = events.filter(pl.col("metric").is_in(metrics))
    yield from _below(entity, ours)
    yield _first(entity, metrics, cutoff, ours)
    foreign = events.filter(~pl.col("metric").is_in(metrics))
    if not foreign.is_empty():
        names = ", ".join(
            f"{row['metric']} ({row['before']:,} before the cutoff, {row['live']:,} after)"
            for row in foreign.rows(named=True)
        )
        yield Finding(
            f"{entity}: other events",
            f"metric types that the catalog does not have: {names}",
            "They are left alone. If they are other names of the same facts, totals read by one"
            " name fall short: bring the names together before the backfill",
            REMARK,
        )


def _below(entity: str, ours: pl.DataFrame) -> Iterator[Finding]:
    held = ours.filter(pl.col("before") > 0)
    if held.is_empty():
        return
    names = ", ".join(f"{row['metric']} {row['before']:,}" for row in held.rows(named=True))
    earliest: datetime = held.sort("earliest")["earliest"][0]
    yield Finding(
        f"{entity}: events before the cutoff",
        f"{int(held['before'].sum()):,} since {earliest.isoformat()}: {names}",
        "They count as present: what the source implies stays, the rest is removed or made up for."
        f" If they are live events, the cutoff is too late: {CUTOFFS}",
    )


def _first(entity: str, metrics: Sequence[str], cutoff: datetime, ours: pl.DataFrame) -> Finding:
    subject = f"{entity}: live events"
    live = ours.filter(pl.col("live") > 0)
    if live.is_empty():
        return Finding(
            subject,
            f"none from the cutoff {cutoff.isoformat()} on",
            "What happens after the cutoff is loaded by nobody until the live stream writes; set"
            f" the cutoff in {CUTOFFS} to the instant of its first event",
            REMARK,
        )
    first: datetime = live.sort("firstLive")["firstLive"][0]
    gap = first - cutoff
    silent = [metric for metric in metrics if metric not in set(live["metric"])]
    found = (
        f"{int(live['live'].sum()):,}, the first {span(gap)} after the cutoff"
        + ("" if ours["before"].sum() else "; none before it")
        + (f"; none of {', '.join(silent)}" if silent else "")
    )
    if gap > GAP:
        return Finding(
            subject,
            found,
            f"If the live stream began at {first.isoformat()}, set the cutoff of {entity} in"
            f" {CUTOFFS} to that: what lies between is loaded by nobody",
            REMARK,
        )
    return Finding(subject, found)
