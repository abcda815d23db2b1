"""Legacy tables as the catalog names them: the counters of pairs, and names that a table lacks.

Belongs here: what is read of a legacy table. Does not belong here: what it is compared with
(audit).
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence

import polars as pl

from metric_assets.catalog.model import Entity, Pair
from metric_assets.errors import SchemaDriftError
from metric_assets.ranges import IdRange
from metric_assets.sql import load
from metric_assets.stores.ports import Binds, Rows


def by_table(pairs: Iterable[Pair]) -> list[list[Pair]]:
    """Pairs of one entity, those of one legacy table together."""
    tables: dict[str, list[Pair]] = {}
    for pair in pairs:
        tables.setdefault(pair.legacy.table, []).append(pair)
    return list(tables.values())


def counters_binds(entity: Entity, pairs: Sequence[Pair], ids: IdRange) -> Binds:
    """What sql/legacy/counters.sql binds for pairs of one legacy table."""
    return {
        "table": pairs[0].legacy.table,
        "id": entity.legacy_id,
        "columns": list(dict.fromkeys(pair.legacy.field for pair in pairs)),
        "start": ids.start,
        "stop": ids.stop,
    }


def read_counters(
    entity: Entity, pairs: Sequence[Pair], ids: IdRange, source: Rows
) -> tuple[pl.DataFrame, dict[str, str]]:
    """Legacy counters of pairs of one legacy table: entityId, ascending, and a column for each.

    Also returns, by key, what names of the catalog the table lacks; the columns of such pairs are
    left out. Raises SchemaDriftError where that is no explanation, or where ids are no whole
    numbers.
    """
    try:
        found, wrong = source.frame(load("legacy/counters"), counters_binds(entity, pairs, ids)), {}
    except SchemaDriftError:
        wrong = misnamed(entity, pairs, source)
        if not wrong:
            raise
        rest = [pair for pair in pairs if pair.key not in wrong]
        if not rest:
            return pl.DataFrame(schema={"entityId": pl.Int64}), wrong
        found = source.frame(load("legacy/counters"), counters_binds(entity, rest, ids))
    check_ids(entity, pairs, found)
    return found.sort("entityId"), wrong


def read_updates(entity: Entity, pair: Pair, ids: IdRange, source: Rows) -> pl.DataFrame:
    """When legacy counters of a range were written: entityId and updated (UTC); no row where their
    table does not say so.
    """
    table, updated = pair.legacy.table, entity.legacy_updated
    nothing = pl.DataFrame(schema={"entityId": pl.Int64, "updated": pl.Datetime("ms", "UTC")})
    known = source.frame(load("legacy/columns"), {"table": table})["column"].to_list()
    if updated is None or updated not in known:
        return nothing
    binds: Binds = {
        "table": table,
        "id": entity.legacy_id,
        "updated": updated,
        "start": ids.start,
        "stop": ids.stop,
    }
    found = source.frame(load("legacy/updated"), binds)
    kind = found.schema["updated"]
    if not isinstance(kind, pl.Datetime):
        return nothing
    at = pl.col("updated").cast(pl.Datetime("ms", kind.time_zone))
    utc = at.dt.convert_time_zone("UTC") if kind.time_zone else at.dt.replace_time_zone("UTC")
    return found.select(pl.col("entityId").cast(pl.Int64), utc)


def check_ids(entity: Entity, pairs: Sequence[Pair], found: pl.DataFrame) -> None:
    """Raise SchemaDriftError where the ids of a legacy table are no whole numbers."""
    kind = found.schema["entityId"]
    if not kind.is_integer():
        raise SchemaDriftError(
            f"{entity.name}: {pairs[0].legacy.table}.{entity.legacy_id} is {kind}, expected whole"
            " numbers: fix the legacy table or the row of the catalog"
        )


def misnamed(entity: Entity, pairs: Sequence[Pair], source: Rows) -> dict[str, str]:
    """What names of the catalog a legacy table lacks, by key of the pairs concerned, in words."""
    table = pairs[0].legacy.table
    known = source.frame(load("legacy/columns"), {"table": table})["column"].to_list()
    if not known:
        said = f"there is no legacy table {table} in the search path"
        return {pair.key: f"{said}, of which it names column {pair.legacy.field}" for pair in pairs}
    if entity.legacy_id not in known:
        column = f"{entity.legacy_id} (legacy_id of {entity.name})"
        return dict.fromkeys((pair.key for pair in pairs), _lacks(table, column, known))
    return {
        pair.key: _lacks(table, pair.legacy.field, known)
        for pair in pairs
        if pair.legacy.field not in known
    }


def _lacks(table: str, column: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(column, known, n=1, cutoff=0.5)
    hint = f"; did you mean {near[0]}?" if near else f"; it has {', '.join(known)}"
    return f"legacy table {table} has no column {column}{hint}"
