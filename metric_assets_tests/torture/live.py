"""Live events that arrive all the while, and the account of them.

Belongs here: inserting what the platform itself would, beside and between what is backfilled, and
counting it afterwards. Does not belong here: events of the backfill.
"""

from __future__ import annotations

import threading
from contextlib import suppress

from metric_assets_tests.torture.cases import TABLES, Case
from metric_assets_tests.torture.world import World

#: Users of live events; the number tells the batch.
FIRST = 1_000_000_000
BATCH = 12


class Live(threading.Thread):
    """Inserts small batches into the case at hand: a metric of somebody else's on both sides of the
    cutoff, and our own metric from the very instant of the cutoff on.
    """

    def __init__(self, world: World) -> None:
        super().__init__(daemon=True)
        self._world = world
        self._ending = threading.Event()
        self._guard = threading.Lock()
        self._next = FIRST
        #: Batches the server has acknowledged, a set a table.
        self._sure: dict[str, set[int]] = {table: set() for table in TABLES}
        self.at: tuple[Case, str] | None = None

    def run(self) -> None:
        """Until told to end; a server that is down is waited for."""
        while not self._ending.wait(0.15):
            with suppress(Exception), self._world.clickhouse() as client:
                while self.at and not self._ending.wait(0.15):
                    case, table = self.at
                    self._next += 1
                    batch = self._next
                    with self._guard:
                        client.command(_statement(case, table, batch))
                        self._sure[table].add(batch)

    def end(self) -> None:
        """Stop."""
        self._ending.set()
        self.join()

    def damage(self, table: str) -> int:
        """Live events that are gone or there twice. A batch never acknowledged may be absent."""
        with self._guard, self._world.clickhouse() as client:
            found = dict(
                client.query(
                    f"SELECT userId, count() FROM {table} WHERE userId >= {FIRST} GROUP BY userId"
                ).result_rows
            )
            wrong = sum(abs(BATCH - found.pop(batch, 0)) for batch in self._sure[table])
        return wrong + sum(max(0, rows - BATCH) for rows in found.values())


def _statement(case: Case, table: str, batch: int) -> str:
    cutoff = "toDateTime64('2025-10-01', 3, 'UTC')"
    return (
        f"INSERT INTO {table} SELECT '{case.entity}', (number * 29 + {batch}) % 300, {batch},"
        f" if(number % 2 = 0, 'Live', '{case.metrics[0]}'), 1,"
        f" multiIf(number % 4 = 0, {cutoff} - toIntervalMillisecond(1 + number),"
        f" number = 1, {cutoff}, {cutoff} + toIntervalMillisecond(number)) FROM numbers({BATCH})"
    )
