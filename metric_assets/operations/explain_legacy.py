"""What the hypotheses about a legacy counter look at, gathered from source, target and records.

Belongs here: reading. Does not belong here: the hypotheses (audit/explain/legacy).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from metric_assets.audit.entity_ids import existing
from metric_assets.audit.explain.case import Evidence, Verified
from metric_assets.audit.explain.legacy import DIFFERING, LegacyCase
from metric_assets.audit.legacy_tables import read_counters, read_updates
from metric_assets.catalog.model import Pair, Rule
from metric_assets.errors import SchemaDriftError
from metric_assets.ranges import IdRange
from metric_assets.reconcile import counters, events_of, offenders
from metric_assets.settings import Settings
from metric_assets.stores.ports import Rows
from metric_assets.stores.totals import EventTotals

#: Entities whose legacy counters are explained one by one, and events of them that are read.
MOST_ENTITIES = 20_000
MOST_EVENTS = 400_000


@dataclass(frozen=True)
class Sides:
    """Where legacy counters and events are read, and what is on record."""

    settings: Settings
    source: Rows
    totals: EventTotals
    evidence: Evidence


def legacy_case(sides: Sides, pair: Pair, ids: IdRange, digest: int | None) -> LegacyCase:
    """What is known of the legacy counters of a range that differ; ``digest`` is that of what the
    target holds.
    """
    settings, totals = sides.settings, sides.totals
    differing = _differing(sides, pair, ids)
    if differing.is_empty():
        return LegacyCase(pair, ids, pl.DataFrame(schema=DIFFERING), differing)
    note = ""
    if differing.height > MOST_ENTITIES:
        note = f"of {differing.height:,} entities that differ {MOST_ENTITIES:,} were looked at"
        differing = differing.sort("entityId").head(MOST_ENTITIES)
    moves = totals.moves(pair, differing["entityId"].to_list(), MOST_EVENTS)
    updates = read_updates(settings.catalog.entity[pair.entity], pair, ids, sides.source)
    newest = updates["updated"].max()
    agreed = sides.evidence.last_agreed(pair, ids)
    then = sides.evidence.last_verified(pair, ids, agreed) if agreed else None
    return LegacyCase(
        pair,
        ids,
        differing.join(updates, on="entityId", how="left").select(DIFFERING.names()),
        moves,
        agreed=agreed,
        unchanged=_same(then, digest, settings.cutoff_of(pair.entity)),
        newest=newest if isinstance(newest, datetime) else None,
        moved_after=lambda since: totals.moved_after(pair, ids, since),
        note=note,
        complete=moves.height < MOST_EVENTS,
    )


def _differing(sides: Sides, pair: Pair, ids: IdRange) -> pl.DataFrame:
    """Entities of which events and legacy differ, or under another rule than none those that break
    it: entityId, events, legacy.
    """
    entity = sides.settings.catalog.entity[pair.entity]
    legacy, wrong = read_counters(entity, [pair], ids, sides.source)
    if wrong:
        raise SchemaDriftError(f"{pair.key}: {wrong[pair.key]}")
    over = pair.legacy.average_over
    metrics = sorted({pair.metric} | ({over} if over else set()))
    values = counters(pair, events_of(pair, sides.totals.totals(pair.entity, metrics, ids)))
    old = legacy.select(
        pl.col("entityId").cast(pl.Int64),
        pl.col(pair.legacy.field).cast(pl.Float64, strict=False).alias("value"),
    )
    both = values.join(old, on="entityId", how="full", coalesce=True).select(
        "entityId",
        pl.col("events").fill_null(0.0),
        pl.col("value").fill_null(0.0).alias("legacy"),
    )
    differs = both.filter((pl.col("events") - pl.col("legacy")).abs() > 1e-6)
    without: Sequence[int] = differs.join(old, on="entityId", how="anti")["entityId"].to_list()
    gone = set(without) - existing(entity, without, sides.source) if without else set()
    if pair.legacy.rule is Rule.INFORMATIONAL:
        return differs.filter(~pl.col("entityId").is_in(list(gone)))
    return differs.filter(pl.col("entityId").is_in(offenders(pair, values, old, gone)))


def _same(verified: Verified | None, digest: int | None, cutoff: datetime) -> bool:
    """Whether the target holds below the cutoff what was verified then."""
    if verified is None or digest is None or verified.digest is None:
        return False
    return verified.digest == digest and verified.cutoff in {None, cutoff}
