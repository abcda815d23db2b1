"""Every statement that Postgres is asked: accepted, typed as expected, and what it costs.

Belongs here: what the planner says of scans, legacy reads and questions about entities; none of
them is run. Does not belong here: the server and its tables (source), ClickHouse's scans (engine).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from metric_assets.audit.coverage import Coverage
from metric_assets.audit.entity_ids import dated_binds, table_binds
from metric_assets.audit.legacy_tables import by_table, check_ids, counters_binds, misnamed
from metric_assets.catalog.model import Entity, Pair
from metric_assets.catalog.scan import Dimension, Scan, Store
from metric_assets.doctor.cutoffs import cutoff_or_now
from metric_assets.doctor.findings import FAILED, REMARK, Finding, Report, guarded, size
from metric_assets.doctor.source import Tables
from metric_assets.events import check_columns, derive
from metric_assets.ranges import Grid, IdRange
from metric_assets.settings import Settings
from metric_assets.sql import Statement, load
from metric_assets.stores.ports import Binds
from metric_assets.stores.postgres import Postgres

#: Rows from which on reading a table from end to end for every range hurts.
LARGE = 1_000_000

_FIX = "Fix the source, or sql/{}.sql and the row of the catalog that reads it"
_LEGACY = "Correct the row of the catalog, or the legacy table"


@dataclass
class Scans:
    """The examination of every statement; adds up what a full backfill reads from Postgres."""

    store: Postgres
    settings: Settings
    tables: Tables
    known: Mapping[str, Coverage]
    rows: int = 0
    bytes: int = 0
    ranges: int = 0

    def examine(self, report: Report) -> Iterator[Finding]:
        """All statements, and the sum."""
        for scan in self.settings.catalog.scans:
            if scan.store is Store.POSTGRES and not self.tables.broken & set(scan.sources):
                subject = f"sql/{scan.name}.sql"
                report(subject)
                yield from guarded(subject, self._scan(scan), _FIX.format(scan.name))
        report("legacy statements")
        for entity in self.settings.catalog.entities:
            if entity.table not in self.tables.broken:
                found = _entity(entity, self.store, self.settings)
                yield from guarded(f"{entity.name}: entities", found)
            for pairs in by_table(self.settings.catalog.pairs_of(entity.name)):
                table = pairs[0].legacy.table
                if table not in self.tables.broken:
                    found = _legacy(entity, pairs, self.store, self.settings)
                    yield from guarded(f"{entity.name}: {table}", found)
        for dimension in self.settings.catalog.dimensions:
            if dimension.table not in self.tables.broken:
                subject = f"sql/{dimension.statement}.sql"
                yield from guarded(subject, _dimension(dimension, self.store))
        yield Finding(
            "Postgres: full backfill",
            f"about {self.rows:,} rows ({size(self.bytes)}) in {self.ranges:,} readings of a range,"
            " by the planner's estimate",
        )

    def _scan(self, scan: Scan) -> Iterator[Finding]:
        grid = self.settings.grid_of(scan.entity)
        cutoff = cutoff_or_now(self.settings, scan.entity)
        ids = self.known.get(scan.entity)
        cell = typical(grid, ids.highest if ids else None)
        typically: Binds = {"start": cell.start, "stop": cell.stop, "until": cutoff}
        columns, plan = ask(self.store, scan.text, typically)
        check_columns(scan, columns)
        derive(columns, scan.pairs)
        whole: Binds = {"start": 0, "stop": grid.end, "until": cutoff}
        _, total = ask(self.store, scan.text, whole)
        rows = int(total["Plan Rows"])
        weight = rows * int(total["Plan Width"])
        self.rows += rows
        self.bytes += weight
        self.ranges += len(grid)
        sources = ", ".join(
            f"{name} ({max(self.tables.rows.get(name, 0), 0):,} rows,"
            f" {size(self.tables.bytes.get(name, 0))})"
            for name in scan.sources
        )
        found = (
            f"about {rows:,} rows ({size(weight)}) in {len(grid):,} ranges of {grid.size:,} ids;"
            f" reads {sources}"
        )
        yield _cost(scan, self.tables, whole_scans(plan, self.tables.rows, LARGE), found, len(grid))


def typical(grid: Grid, highest: int | None) -> IdRange:
    """A range in the middle of the ids there are."""
    return grid.cell(min(max(highest or 0, 0), grid.end - 1) // 2)


def whole_scans(plan: dict[str, Any], rows: dict[str, int], large: int) -> list[str]:
    """Large tables that a plan reads from end to end, in its order."""
    table = plan.get("Relation Name", "")
    here = [table] if plan["Node Type"] == "Seq Scan" and rows.get(table, 0) > large else []
    below = (whole_scans(node, rows, large) for node in plan.get("Plans", []))
    return list(dict.fromkeys([*here, *(name for names in below for name in names)]))


def _cost(scan: Scan, tables: Tables, whole: list[str], found: str, ranges: int) -> Finding:
    """The finding of a scan that is accepted: an index that is missing, tables read as a whole."""
    subject = f"sql/{scan.name}.sql"
    if scan.index is not None:
        table, column, serving = tables.serving(scan.index)
        if not any(serving.values()):
            broken = f"; {', '.join(serving)} is invalid: drop it first" if serving else ""
            return Finding(
                subject,
                f'{found}. No index serves ranges of "{table}"."{column}": {scan.cost}, {ranges:,}'
                f" times{broken}",
                f"{scan.index}; or fewer, larger ranges for {scan.entity}",
                REMARK,
            )
    if whole:
        advice = f"Fewer, larger ranges for {scan.entity}, if it takes too long"
        if not scan.cost:
            advice = "An index or fresh statistics (ANALYZE) are missing; see the file's head"
        return Finding(
            subject,
            f"{found}. The planner reads {', '.join(whole)} from end to end in a typical range"
            + (f" ({scan.cost})" if scan.cost else ""),
            advice,
            REMARK,
        )
    return Finding(subject, found)


def _entity(entity: Entity, store: Postgres, settings: Settings) -> Iterator[Finding]:
    """Every question about an entity's rows."""
    named = table_binds(entity)
    dated: Binds = dated_binds(entity, cutoff_or_now(settings, entity.name))
    ask(store, load("entities/existing"), {**named, "ids": [1, 2]})
    ask(store, load("entities/highest"), {**dated, "below": 1})
    ask(store, load("entities/next"), {**dated, "first": 0, "most": 1})
    ask(store, load("entities/outside"), {**dated, "first": 0, "last": 1, "size": 1})
    dating = f"dated by {entity.created}" if entity.created else "all as if made before the cutoff"
    yield Finding(f"{entity.name}: entities", f"ids of {entity.table}, {dating}")


def _legacy(
    entity: Entity, pairs: Sequence[Pair], store: Postgres, settings: Settings
) -> Iterator[Finding]:
    """The counters of pairs of one legacy table: each is a column of it, and a number."""
    table = pairs[0].legacy.table
    wrong = misnamed(entity, pairs, store)
    rest = [pair for pair in pairs if pair.key not in wrong]
    columns = pl.DataFrame()
    if rest:
        first = settings.grid_of(entity.name).cell(0)
        columns, _ = ask(store, load("legacy/counters"), counters_binds(entity, rest, first))
        check_ids(entity, rest, columns)
    for pair in rest:
        if not (kind := columns.schema[pair.legacy.field]).is_numeric():
            wrong[pair.key] = f"{pair.legacy.column} is {kind}, expected a number"
    for key, said in wrong.items():
        yield Finding(f"{key}: legacy", said, _LEGACY, FAILED)
    yield Finding(
        f"{entity.name}: {table}", f"{len(pairs) - len(wrong)} counters of {len(pairs)} pairs"
    )


def _dimension(dimension: Dimension, store: Postgres) -> Iterator[Finding]:
    columns, _ = ask(store, dimension.text, {})
    if columns.columns != list(dimension.columns):
        yield Finding(
            f"sql/{dimension.statement}.sql",
            f"returns {', '.join(columns.columns)}, expected {', '.join(dimension.columns)}",
            _FIX.format(dimension.statement),
            FAILED,
        )


def ask(store: Postgres, statement: Statement, binds: Binds) -> tuple[pl.DataFrame, dict[str, Any]]:
    """The columns a statement would return, and its plan; raises SourceError."""
    with store.read(statement, binds, "doctor") as reading:
        return reading.columns(), reading.plan()
