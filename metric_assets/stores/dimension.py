"""Copies of dimensions in ClickHouse, for scans that join with them there.

Belongs here: making a copy and replacing it as a whole. Does not belong here: when it is refreshed
(orchestration/resources).
"""

from __future__ import annotations

import uuid
from dataclasses import replace

from clickhouse_connect.driver.binding import quote_identifier

from metric_assets.catalog.scan import Dimension
from metric_assets.errors import StageMismatchError
from metric_assets.source_state import SourceState
from metric_assets.sql import load
from metric_assets.stores.clickhouse import ClickHouse
from metric_assets.stores.ports import Binds, Source


class Mirror:
    """The copy of a dimension: the table ``name`` beside the target."""

    def __init__(self, store: ClickHouse, target: str, dimension: Dimension) -> None:
        self._store = store
        self._dimension = dimension
        self.name = f"{target}__{dimension.name}"
        self._filled: tuple[SourceState, tuple[int, int]] | None = None

    def refresh(self, source: Source) -> int:
        """Replace the copy by what the source says now; the rows it then holds.

        Readers see the old or the new, never a part. Raises StageMismatchError, with the old one in
        place, if the copy is not complete.
        """
        owner = f"metric_assets mirror {self.name}"
        fresh = f"{self.name}_{uuid.uuid4().hex[:16]}"
        rows = 0
        names = self._dimension.columns
        for table in (self.name, fresh):
            made: Binds = {
                "copy": table,
                "columns": ", ".join(f"{quote_identifier(name)} Int64" for name in names),
                "key": names[0],
            }
            self._store.run(load("clickhouse/dimension"), made, owner)
        try:
            with source.read(
                self._dimension.text, {}, "mirror", (self._dimension.table,)
            ) as reading:
                state = reading.state
                for frame in reading.frames():
                    if frame.height:
                        self._store.insert(fresh, frame, owner)
                        rows += frame.height
            found = self._contents(fresh)
            if found[0] != rows:
                raise StageMismatchError(
                    f"{self.name}: read {rows} rows, the fresh copy holds {found[0]}; the old one"
                    " was not touched"
                )
            self._filled = state, found
            swap = {"copy": self.name, "fresh": fresh}
            if self._is_narrow():
                self._store.run(load("clickhouse/drop"), {"table": self.name}, owner)
                self._store.run(load("clickhouse/dimension_rename"), swap, owner)
            else:
                self._store.run(load("clickhouse/dimension_swap"), swap, owner)
        finally:
            self._store.run(load("clickhouse/drop"), {"table": fresh}, owner)
        return rows

    def _is_narrow(self) -> bool:
        """Whether the copy was made when ids had 32 bits: partitions of another kind of column
        cannot take its place.
        """
        columns = self._store.frame(load("clickhouse/columns"), {"table": self.name})
        return set(columns["type"]) != {"Int64"}

    def state(self) -> SourceState:
        """What the source was when the copy was filled from here, and whether another run, whose
        source may lag, has filled it otherwise since.
        """
        if self._filled is None:
            return SourceState("mirror", None)
        state, contents = self._filled
        if self._contents(self.name) == contents:
            return state
        reason = f"the copy of {self._dimension.table} was filled anew by another run meanwhile"
        return replace(state, partial=(*state.partial, reason))

    def _contents(self, table: str) -> tuple[int, int]:
        statement = load("clickhouse/dimension_contents")
        rows, content = self._store.frame(statement, {"copy": table}).row(0)
        return int(rows), int(content)
