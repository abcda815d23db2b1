"""From what ClickHouse says of the tables that a scan reads to the state of a source.

Belongs here: replicas that lag, views and row policies. Does not belong here: what a state means
for a removal (source_state).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

import polars as pl

from metric_assets.errors import TargetError
from metric_assets.source_state import SourceState
from metric_assets.sql import Statement, load
from metric_assets.stores.layout import quoted
from metric_assets.stores.ports import Binds

#: Engines that show what others hold, all of it or not.
_SHOWING = frozenset({"View", "LiveView", "Distributed", "Merge", "Buffer"})


class Frames(Protocol):
    """A store that answers small statements."""

    def frame(self, statement: Statement, binds: Binds) -> pl.DataFrame:
        """All rows of one."""
        ...


def read_state(store: Frames, tables: Sequence[str]) -> SourceState:
    """The state of the tables as they are now: ClickHouse has no snapshot to ask in.

    A server that may not be asked is one whose lag is unknown; rows are read from it all the same.
    """
    binds: Binds = {"tables": list(tables)}
    try:
        rows = store.frame(load("clickhouse/source_state"), binds)
    except TargetError as error:
        return SourceState("ClickHouse", None, (str(error),))
    hidden = (
        f"a row policy hides rows of {table} from our user"
        for table in rows["table"]
        if hides_rows(store, table)
    )
    delay = float(max(rows["delay"].to_list(), default=0))
    return SourceState("ClickHouse", delay, (*_shown(rows), *hidden))


def hides_rows(store: Frames, table: str) -> bool:
    """Whether a row policy hides rows of ``table`` (or ``database.table``) from our user.

    Raises TargetError if the table cannot be read at all.
    """
    source = ".".join(map(quoted, table.split(".")))
    plan = store.frame(load("clickhouse/row_filter"), {"source": source})
    return any("row level filter" in str(line).lower() for line in plan.to_series())


def _shown(rows: pl.DataFrame) -> Iterator[str]:
    for row in rows.rows(named=True):
        if row["engine"] in _SHOWING:
            yield f"{row['table']} is a {row['engine']}, which may leave rows out"
        if row["alone"]:
            yield f"this replica of {row['table']} has lost its Keeper and gets no new rows"
