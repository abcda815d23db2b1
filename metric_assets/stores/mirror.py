"""The mirror of ModelVersion in ClickHouse, for scans that read events of versions there.

Belongs here: making it and replacing it as a whole. Does not belong here: when it is refreshed
(pipeline).
"""

from __future__ import annotations

import uuid
from dataclasses import replace

from metric_assets.errors import StageMismatchError
from metric_assets.source_state import SourceState
from metric_assets.sql import load
from metric_assets.stores.clickhouse import ClickHouse
from metric_assets.stores.ports import Source

#: The table of the source that the mirror is filled from.
_READS = ("ModelVersion",)


class VersionsMirror:
    """The table ``name`` beside the target: id and modelId of every version that exists."""

    def __init__(self, store: ClickHouse, target: str) -> None:
        self._store = store
        self.name = f"{target}__versions"
        self._filled: tuple[SourceState, tuple[int, int]] | None = None

    def refresh(self, source: Source) -> int:
        """Replace the mirror by what the source says now; the rows it then holds.

        Readers see the old or the new, never a part. Raises StageMismatchError, with the old one in
        place, if the copy is not complete.
        """
        owner = f"metric_assets mirror {self.name}"
        fresh = f"{self.name}_{uuid.uuid4().hex[:16]}"
        rows = 0
        for table in (self.name, fresh):
            self._store.run(load("clickhouse/versions"), {"versions": table}, owner)
        try:
            with source.read(load("mirror/versions"), {}, "mirror", _READS) as reading:
                state = reading.state
                for frame in reading.frames():
                    if frame.height:
                        self._store.insert(fresh, frame, owner)
                        rows += frame.height
            found = self._contents(fresh)
            if found[0] != rows:
                raise StageMismatchError(
                    f"{self.name}: read {rows} versions, the copy holds {found[0]}; the mirror was"
                    " not touched"
                )
            self._filled = state, found
            swap = {"versions": self.name, "fresh": fresh}
            if self._is_narrow():
                self._store.run(load("clickhouse/drop"), {"table": self.name}, owner)
                self._store.run(load("clickhouse/versions_rename"), swap, owner)
            else:
                self._store.run(load("clickhouse/versions_swap"), swap, owner)
        finally:
            self._store.run(load("clickhouse/drop"), {"table": fresh}, owner)
        return rows

    def _is_narrow(self) -> bool:
        """Whether the mirror was made when ids had 32 bits: partitions of another kind of column
        cannot take its place.
        """
        columns = self._store.frame(load("clickhouse/columns"), {"table": self.name})
        return set(columns["type"]) != {"Int64"}

    def state(self) -> SourceState:
        """What the source was when the mirror was filled from here, and whether another run, whose
        source may lag, has filled it otherwise since.
        """
        if self._filled is None:
            return SourceState("mirror", None)
        state, contents = self._filled
        if self._contents(self.name) == contents:
            return state
        reason = "the mirror of ModelVersion was filled anew by another run meanwhile"
        return replace(state, partial=(*state.partial, reason))

    def _contents(self, table: str) -> tuple[int, int]:
        statement = load("clickhouse/versions_contents")
        rows, content = self._store.frame(statement, {"versions": table}).row(0)
        return int(rows), int(content)
