"""What attempts leave beside a target: statements that run, mutations, private tables.

Belongs here: how they are found and ended. Does not belong here: whose they are (owners), or when
they are ended (target, stage).
"""

from __future__ import annotations

import time
from collections.abc import Callable

from metric_assets.errors import BusyError
from metric_assets.sql import load
from metric_assets.stores.clickhouse import ClickHouse
from metric_assets.stores.layout import Layout
from metric_assets.stores.owners import OWNER
from metric_assets.stores.ports import Binds

#: Listings of leftovers before giving up: each statement that is ended may have begun another.
_LISTINGS = 5
#: How long an insert of an earlier attempt is waited for, where views make it wrong to end it.
INSERT_SECONDS = 60.0
_PULSE = 0.1


def orphan_binds(table: str, layout: Layout) -> Binds:
    """What sql/clickhouse/leftovers.sql binds."""
    return {
        "owners": OWNER,
        "table": table,
        "tables": f"{table}__",
        "processes": layout.processes,
    }


class Orphans:
    """What is left beside the target ``table`` of ``store``."""

    def __init__(self, store: ClickHouse, table: str, layout: Layout) -> None:
        self._store = store
        self._table = table
        self._layout = layout

    def clear(self, ours: Callable[[str], bool]) -> list[str]:
        """End statements whose owner is of concern, only then drop tables; names of all.

        A delete is two things: the statement that waits, and the mutation that goes on without it.
        One that outlived the private table it reads would fail for ever and hold up every later
        delete of the target, whoever asks for it.
        """
        ended = []
        for _ in range(_LISTINGS):
            found = [(kind, name) for kind, name, owner in self._leftovers() if ours(owner)]
            if not found:
                break
            for kind, name in [one for one in found if one[0] != "table"] or found:
                self.end(kind, name)
                ended.append(f"{kind} {name}")
        return ended

    def _leftovers(self) -> list[tuple[str, str, str]]:
        """Mutations, statements and private tables, each with its owner."""
        binds = orphan_binds(self._table, self._layout)
        rows = self._store.frame(load("clickhouse/leftovers"), binds).sort("kind").rows()
        owners = {name: owner for kind, name, owner in rows if kind == "table"}
        # A mutation is its private table's owner's; once that is gone, nobody's.
        found = [
            (kind, name, owners.get(owner, OWNER) if kind == "mutation" else owner)
            for kind, name, owner in rows
        ]
        return [one for one in found if one[2].startswith(OWNER)]

    def end(self, kind: str, name: str) -> None:
        """End one of what clear() finds, by its kind and name; "table" drops a table."""
        if kind == "mutation":
            binds = {"table": self._table, "mutation": name}
            self._store.run(load("clickhouse/kill_mutation"), binds, "")
        elif kind == "insert" and self._layout.views:
            self._outlast(name)
        elif kind in {"insert", "query"}:
            binds = {"query_id": name, "everywhere": self._layout.everywhere}
            self._store.run(load("clickhouse/kill"), binds, "")
        else:
            self._store.run(load("clickhouse/drop"), {"table": name}, "")

    def _outlast(self, query_id: str) -> None:
        """Wait for an insert into a table that views read.

        The server writes the table first and its views after it. An insert ended in between leaves
        rows in the table that no view will ever see, and that no later plan would find missing.
        """
        end = time.monotonic() + INSERT_SECONDS
        while ("insert", query_id) in {(kind, name) for kind, name, _ in self._leftovers()}:
            if time.monotonic() > end:
                raise BusyError(
                    f"{self._table}: an insert of an earlier attempt is still being shown to the"
                    " views of the table; ending it would leave them short for good, so this run"
                    " waits no longer. Try again later"
                )
            time.sleep(_PULSE)
