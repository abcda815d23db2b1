"""Live events that arrive all the while, and the account of them.

Belongs here: inserting what the platform itself would, beside and between what is backfilled, and
counting it afterwards. Does not belong here: events of the backfill.
"""

from __future__ import annotations

import threading
from collections import Counter
from contextlib import suppress
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from clickhouse_connect.driver.client import Client

from metric_assets_tests.torture.cases import TABLES, Case

if TYPE_CHECKING:
    from metric_assets_tests.torture.world import World

#: Users of live events; the number tells the batch.
FIRST = 1_000_000_000
BATCH = 12
COLUMNS = ["entityType", "entityId", "userId", "metricType", "metricValue", "createdAt"]


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
            found: dict[int, int] = dict(
                tuple(row)
                for row in client.query(
                    f"SELECT userId, count() FROM {table} WHERE userId >= {FIRST} GROUP BY userId"
                ).result_rows
            )
            wrong = sum(abs(BATCH - found.pop(batch, 0)) for batch in self._sure[table])
        return wrong + sum(max(0, rows - BATCH) for rows in found.values())


def announce(world: World, case: Case) -> None:
    """Write the live events that the platform would have written of the source's rows after the
    cutoff: +1 of each that is there, -1 of each that is gone, by the same user.
    """
    assert "< '2025-10-01'" in case.oracle, "the oracle says where the cutoff is"
    query = case.oracle.replace("< '2025-10-01'", ">= '2025-10-01'")
    with world.postgres() as session, world.clickhouse() as client:
        rows = session.execute(query.encode()).fetchall()
        for table in TABLES:
            events = _missing(client, table, case, rows)
            if events:
                client.insert(table, events, column_names=COLUMNS)


def _missing(client: Client, table: str, case: Case, rows: list[Any]) -> list[tuple[Any, ...]]:
    """Live events that are not there yet."""
    found = client.query(
        f"SELECT entityId, userId, toString(metricType), sum(metricValue) FROM {table}"
        f" WHERE entityType = '{case.entity}' AND userId < {FIRST}"
        " AND createdAt >= toDateTime64('2025-10-01', 3, 'UTC')"
        " GROUP BY entityId, userId, metricType"
    ).result_rows
    gaps: Counter[tuple[int, int, str]] = Counter()
    for entity, user, metric, value, _ in rows:
        gaps[entity, user, metric] += value
    for entity, user, metric, value in found:
        gaps[entity, user, metric] -= value
    at = datetime(2025, 11, 1, tzinfo=timezone.utc)
    return [
        (case.entity, entity, user, metric, gap, at)
        for (entity, user, metric), gap in gaps.items()
        if gap
    ]


def counters_wrong(world: World, case: Case, table: str) -> int:
    """By how much counters of the case differ from what the source says, in all."""
    query = case.oracle.replace("< '2025-10-01'", "IS NOT NULL")
    with world.postgres() as session, world.clickhouse() as client:
        rows = session.execute(query.encode()).fetchall()
        found = client.query(
            f"SELECT entityId, toString(metricType), sum(metricValue) FROM {table}"
            " WHERE entityType = {e:String} AND metricType IN {m:Array(String)}"
            " AND entityId < 300 GROUP BY entityId, metricType",
            parameters={"e": case.entity, "m": [*case.metrics]},
        ).result_rows
    gaps: Counter[tuple[int, str]] = Counter()
    for entity, _, metric, value, _ in rows:
        gaps[entity, metric] += value
    for entity, metric, value in found:
        gaps[entity, metric] -= value
    return sum(map(abs, gaps.values()))


def _statement(case: Case, table: str, batch: int) -> str:
    cutoff = "toDateTime64('2025-10-01', 3, 'UTC')"
    # Ours come in pairs, given and withdrawn by one user: no row of the source is behind them.
    return (
        f"INSERT INTO {table} SELECT '{case.entity}',"
        f" (if(number % 2 = 0, number, intDiv(number, 4)) * 29 + {batch}) % 300, {batch},"
        f" if(number % 2 = 0, 'Live', '{case.metrics[0]}'), if(number % 4 = 3, -1, 1),"
        f" multiIf(number % 4 = 0, {cutoff} - toIntervalMillisecond(1 + number),"
        f" number = 1, {cutoff}, {cutoff} + toIntervalMillisecond(number)) FROM numbers({BATCH})"
    )
