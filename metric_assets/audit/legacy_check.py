"""The check of events against legacy.

Both sides are read one after the other while the platform goes on. Entities that break a pair's
rule are therefore read again once late live events have arrived, and only what their events come to
as of the instant of the first reading is held against them.

Belongs here: what is read from which store for a check, in spans that bound memory. Does not
belong here: the arithmetic of a comparison (reconcile) or Dagster.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timezone

import polars as pl

from metric_assets.audit.entity_ids import existing
from metric_assets.audit.late_events import Doubt, Patience, Totals, metrics_of, settle
from metric_assets.audit.legacy_tables import by_table, read_counters
from metric_assets.catalog.model import Entity, Pair
from metric_assets.errors import MetricAssetsError, SchemaDriftError, UnavailableError
from metric_assets.ranges import IdRange
from metric_assets.reconcile import Verdict, compare, counters, events_of
from metric_assets.sql import load
from metric_assets.stores.ports import Rows

_FIX = "fix the legacy table or the pair's row of the catalog"

#: Ids compared by one query a store; totals of this many entities fit into memory easily.
SPAN_IDS = 1_000_000

#: What a check comes to: a verdict, or why there is none.
Judgment = Verdict | MetricAssetsError


def check_groups(
    entity: Entity,
    groups: Iterable[tuple[Sequence[Pair], Sequence[IdRange]]],
    source: Rows,
    target: Totals,
    patience: Patience | None = None,
) -> Iterator[tuple[Pair, IdRange, Judgment]]:
    """Compare every pair of each group with legacy in every range of it; all are of one entity.

    One query a store and span of ranges, both sides read one after the other. What breaks a rule is
    read again at the end, and yielded last. What cannot be compared yields the error in place of a
    verdict: the pair whose legacy column holds no numbers, or all pairs of a span that a store
    refuses to read. Raises what is transient, and UnavailableError: no other span could be read
    either.
    """
    doubts: list[Doubt] = []
    for pairs, ranges in groups:
        for span in spans(ranges):
            for alike in by_table(pairs):
                for pair, cell, found in _read(entity, alike, span, source, target):
                    if isinstance(found, Doubt):
                        doubts.append(found)
                    else:
                        yield pair, cell, found
    if doubts:
        yield from settle(doubts, target, lambda: _instants(source)[1], patience or Patience())


def _read(
    entity: Entity, pairs: Sequence[Pair], span: Sequence[IdRange], source: Rows, target: Totals
) -> Iterator[tuple[Pair, IdRange, Judgment | Doubt]]:
    """Read both sides of a span and compare them; the pairs are of one legacy table."""
    ids = IdRange(span[0].start, span[-1].stop)
    try:
        earliest, _ = _instants(source)
        legacy, wrong = read_counters(entity, pairs, ids, source)
        _, latest = _instants(source)
        totals = target.totals(entity.name, metrics_of(pairs), ids).sort("entityId")
        orphans = _orphans(entity, totals, legacy, source)
    except MetricAssetsError as error:
        if error.transient or isinstance(error, UnavailableError):
            raise
        yield from ((pair, cell, error) for cell in span for pair in pairs)
        return
    for cell in span:
        here = _within(totals, cell)
        old = _within(legacy, cell)
        for pair in pairs:
            if pair.key in wrong:
                yield pair, cell, SchemaDriftError(f"{pair.key}: {wrong[pair.key]}; {_FIX}")
            else:
                yield pair, cell, _judge(pair, cell, here, old, orphans, earliest, latest)


def _instants(source: Rows) -> tuple[datetime, datetime]:
    """The earliest instant, UTC, that a reading shows which begins now; and the source's clock.

    A replica that has replayed nothing yet shows what its clock says.
    """
    shown, clock = source.frame(load("postgres/instant"), {}).row(0)
    clock = clock.replace(tzinfo=timezone.utc)
    return (shown.replace(tzinfo=timezone.utc) if shown else clock), clock


def _judge(  # noqa: PLR0913 - both sides, and the instants that they were read at
    pair: Pair,
    cell: IdRange,
    totals: pl.DataFrame,
    legacy: pl.DataFrame,
    orphans: set[int],
    earliest: datetime,
    latest: datetime,
) -> Judgment | Doubt:
    try:
        old = _legacy_values(pair, cell, legacy)
    except SchemaDriftError as error:
        return error
    values = counters(pair, events_of(pair, totals))
    verdict = compare(pair, cell, values, old, orphans)
    if verdict.passed:
        return verdict
    return Doubt(pair, cell, values, old, orphans, earliest, latest)


def _legacy_values(pair: Pair, cell: IdRange, legacy: pl.DataFrame) -> pl.DataFrame:
    """entityId and value of a pair's legacy column; raises SchemaDriftError for no numbers.

    Text is read as numbers: the driver returns Postgres' numeric as text.
    """
    where = f"{pair.key}/{cell.key}: {pair.legacy.column}"
    kind = legacy.schema[pair.legacy.field]
    if not (kind.is_numeric() or kind in (pl.String, pl.Null)):
        raise SchemaDriftError(f"{where} is {kind}, expected a number; {_FIX}")
    values = legacy.select(
        "entityId", pl.col(pair.legacy.field).cast(pl.Float64, strict=False).alias("value")
    )
    usable = values["value"].is_finite().fill_null(value=False)
    wrong = legacy.filter(legacy[pair.legacy.field].is_not_null() & ~usable)
    if not wrong.is_empty():
        entity, value = wrong.select("entityId", pair.legacy.field).row(0)
        raise SchemaDriftError(
            f"{where} is {kind} and holds {str(value)[:40]!r} for entity {entity}, expected a"
            f" number ({wrong.height} of {legacy.height} rows are none); {_FIX}"
        )
    return values


def spans(ranges: Sequence[IdRange]) -> Iterator[list[IdRange]]:
    """Neighbouring ranges taken together, up to SPAN_IDS ids."""
    span: list[IdRange] = []
    for cell in sorted(ranges):
        joins = span and cell.start == span[-1].stop and cell.stop - span[0].start <= SPAN_IDS
        if span and not joins:
            yield span
            span = []
        span.append(cell)
    if span:
        yield span


def _orphans(entity: Entity, totals: pl.DataFrame, legacy: pl.DataFrame, source: Rows) -> set[int]:
    """Ids with events and no legacy row that are not entities any more."""
    without = totals.filter(pl.col("total") != 0).join(
        legacy.select(pl.col("entityId").cast(pl.Int64)), on="entityId", how="anti"
    )
    ids = set(without["entityId"])
    return ids - existing(entity, ids, source)


def _within(frame: pl.DataFrame, cell: IdRange) -> pl.DataFrame:
    low = frame["entityId"].search_sorted(cell.start)
    high = frame["entityId"].search_sorted(cell.stop)
    return frame.slice(low, high - low)
