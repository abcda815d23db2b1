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
from typing import Protocol

import polars as pl

from metric_assets.catalog import ENTITIES, Pair
from metric_assets.errors import MetricAssetsError, SchemaDriftError, UnavailableError
from metric_assets.late_events import Doubt, Patience, Totals, metrics_of, settle
from metric_assets.ranges import IdRange
from metric_assets.reconcile import Verdict, compare_values, counters, events_of
from metric_assets.sql import Statement, load
from metric_assets.stores.ports import Binds

#: Ids compared by one query a store; totals of this many entities fit into memory easily.
SPAN_IDS = 1_000_000
#: Ids asked for in one existence query.
EXISTENCE_IDS = 50_000


#: What a check comes to: a verdict, or why there is none.
Judgment = Verdict | MetricAssetsError


class Rows(Protocol):
    """A store that answers small statements."""

    def frame(self, statement: Statement, binds: Binds) -> pl.DataFrame:
        """All rows of a statement."""
        ...


def check_legacy(
    pairs: Sequence[Pair],
    ranges: Sequence[IdRange],
    source: Rows,
    target: Totals,
    patience: Patience | None = None,
) -> Iterator[tuple[Pair, IdRange, Judgment]]:
    """Compare every pair with legacy in every range, as check_groups() does."""
    return check_groups([(pairs, ranges)], source, target, patience)


def check_groups(
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
            for pair, cell, found in _read(pairs, span, source, target):
                if isinstance(found, Doubt):
                    doubts.append(found)
                else:
                    yield pair, cell, found
    if doubts:
        yield from settle(doubts, target, lambda: _instants(source)[1], patience or Patience())


def _read(
    pairs: Sequence[Pair], span: Sequence[IdRange], source: Rows, target: Totals
) -> Iterator[tuple[Pair, IdRange, Judgment | Doubt]]:
    """Read both sides of a span and compare them."""
    entity = ENTITIES[pairs[0].entity]
    ids = IdRange(span[0].start, span[-1].stop)
    binds = {"start": ids.start, "stop": ids.stop}
    try:
        earliest, _ = _instants(source)
        legacy = source.frame(load(f"legacy/{entity.folder}"), binds)
        _, latest = _instants(source)
        legacy = _by_entity(entity.name, entity.folder, legacy)
        totals = target.totals(entity.name, metrics_of(pairs), ids).sort("entityId")
        orphans = _orphans(entity.folder, totals, legacy, source)
    except MetricAssetsError as error:
        if error.transient or isinstance(error, UnavailableError):
            raise
        yield from ((pair, cell, error) for cell in span for pair in pairs)
        return
    for cell in span:
        here = _within(totals, cell)
        old = _within(legacy, cell)
        for pair in pairs:
            yield pair, cell, _judge(pair, cell, here, old, orphans, earliest, latest)


def _instants(source: Rows) -> tuple[datetime, datetime]:
    """The earliest instant, UTC, that a reading shows which begins now; and the source's clock.

    A replica that has replayed nothing yet shows what its clock says.
    """
    shown, clock = source.frame(load("postgres/instant"), {}).row(0)
    clock = clock.replace(tzinfo=timezone.utc)
    return (shown.replace(tzinfo=timezone.utc) if shown else clock), clock


def _by_entity(entity: str, folder: str, legacy: pl.DataFrame) -> pl.DataFrame:
    """Legacy rows in the order of ids; raises SchemaDriftError where ids are no whole numbers."""
    kind = legacy.schema.get("entityId")
    if kind is None or not kind.is_integer():
        raise SchemaDriftError(
            f"{entity}: column entityId of sql/legacy/{folder}.sql is {kind or 'missing'}, expected"
            " whole numbers: fix the legacy table or the statement"
        )
    return legacy.sort("entityId")


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
    verdict = compare_values(pair, values, old, orphans)
    if verdict.passed:
        return verdict
    return Doubt(pair, cell, values, old, orphans, earliest, latest)


def _legacy_values(pair: Pair, cell: IdRange, legacy: pl.DataFrame) -> pl.DataFrame:
    """entityId and value of a pair's legacy column; raises SchemaDriftError for no numbers.

    Text is read as numbers: the driver hands over Postgres' numeric as text.
    """
    where = f"{pair.key}/{cell.key}: {pair.legacy.column}"
    cure = "make the column a number again, or mend its row of the catalog and sql/legacy"
    kind = legacy.schema.get(pair.legacy.field)
    if kind is None:
        raise SchemaDriftError(f"{where} is not returned by its legacy statement; {cure}")
    if not (kind.is_numeric() or kind in (pl.String, pl.Null)):
        raise SchemaDriftError(f"{where} is {kind}, expected a number; {cure}")
    values = legacy.select(
        "entityId", pl.col(pair.legacy.field).cast(pl.Float64, strict=False).alias("value")
    )
    usable = values["value"].is_finite().fill_null(value=False)
    wrong = legacy.filter(legacy[pair.legacy.field].is_not_null() & ~usable)
    if not wrong.is_empty():
        entity, value = wrong.select("entityId", pair.legacy.field).row(0)
        raise SchemaDriftError(
            f"{where} is {kind} and holds {str(value)[:40]!r} for entity {entity}, expected a"
            f" number ({wrong.height} of {legacy.height} rows are none); {cure}"
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


def _orphans(folder: str, totals: pl.DataFrame, legacy: pl.DataFrame, source: Rows) -> set[int]:
    """Ids with events and no legacy row that are not entities any more."""
    without = totals.filter(pl.col("total") != 0).join(
        legacy.select(pl.col("entityId").cast(pl.Int64)), on="entityId", how="anti"
    )
    ids = without["entityId"].unique().to_list()
    found: set[int] = set()
    for first in range(0, len(ids), EXISTENCE_IDS):
        batch = ids[first : first + EXISTENCE_IDS]
        found |= set(source.frame(load(f"entities/{folder}_existing"), {"ids": batch})["id"])
    return set(ids) - found


def _within(frame: pl.DataFrame, cell: IdRange) -> pl.DataFrame:
    low = frame["entityId"].search_sorted(cell.start)
    high = frame["entityId"].search_sorted(cell.stop)
    return frame.slice(low, high - low)
