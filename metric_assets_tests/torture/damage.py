"""What is wrong in a world after a round: rows against the oracle, and what was left behind.

Belongs here: comparing and counting. Does not belong here: doing anything about it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from metric_assets_tests.torture.cases import RANGES, SUMMED, Case

if TYPE_CHECKING:
    from metric_assets_tests.torture.world import World

_OURS = (
    "entityType = {e:String} AND metricType IN {m:Array(String)} AND entityId < 300"
    " AND createdAt < toDateTime64('2025-10-01', 3, 'UTC')"
)
_KEY = "entityId, userId, toString(metricType) AS metric"
_ROWS = (
    f"SELECT {_KEY}, metricValue, toUnixTimestamp64Milli(createdAt) AS ms, count() FROM %s"
    f" WHERE {_OURS} GROUP BY entityId, userId, metric, metricValue, ms"
)
#: A compensation takes its event's place away: copies of a key, net.
_NET = (
    f"SELECT {_KEY}, abs(metricValue) AS size, toUnixTimestamp64Milli(createdAt) AS ms,"
    f" sum(if(metricValue < 0, -1, 1)) FROM %s WHERE {_OURS}"
    " GROUP BY entityId, userId, metric, size, ms"
)
_SUMS = (
    f"SELECT entityId, metricType, sum(total) FROM {SUMMED}Sums WHERE ours"
    " AND entityType = {e:String} AND metricType IN {m:Array(String)} AND entityId < 300"
    " GROUP BY entityId, metricType"
)
_LEFTOVERS = (
    "SELECT 'table ' || name FROM system.tables WHERE database = currentDatabase()"
    " AND startsWith(name, '{0}__')"
    " UNION ALL SELECT 'query ' || query FROM system.processes"
    " WHERE current_database = currentDatabase()"
    " AND startsWith(Settings['log_comment'], 'metric_assets ')"
    " UNION ALL SELECT 'mutation ' || command FROM system.mutations"
    " WHERE database = currentDatabase() AND table = '{0}' AND NOT is_done"
)
#: Where surplus is compensated no mutation, done or not, may name a private table.
_MUTATIONS = (
    " UNION ALL SELECT 'mutation of ours ' || command FROM system.mutations"
    " WHERE database = currentDatabase() AND position(table || ' ' || command, '{0}__') > 0"
)
_SESSIONS = (
    "SELECT 'lock ' || objid FROM pg_locks WHERE locktype = 'advisory'"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    " UNION ALL SELECT 'session ' || query FROM pg_stat_activity"
    " WHERE application_name LIKE 'metric_assets:%' AND state <> 'idle'"
)


@dataclass
class Damage:
    """What is wrong after a round, in rows and things."""

    lost: int = 0
    doubled: int = 0
    live: int = 0
    counters: int = 0
    leftovers: list[str] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        """Nothing."""
        return not (self.lost or self.doubled or self.live or self.counters or self.leftovers)


def damage_of(world: World, case: Case, table: str, ranges: Iterable[str] = RANGES) -> Damage:
    """Compare the target with the oracle in some ranges: row by row; where nothing can be taken
    away, net by key, and the sums that the view shows.
    """
    inside = {number for key in ranges for number in _ids(key)}
    with world.postgres() as session:
        rows = session.execute(case.oracle.encode()).fetchall()
    wanted: Counter[Any] = Counter(tuple(row) for row in rows if row[0] in inside)
    if table == SUMMED:
        for (entity, _, metric, value, _), count in [*wanted.items()]:
            wanted[entity, metric] += value * count
    present = rows_of(world, case, table)
    return Damage(*unlike(wanted, {key: n for key, n in present.items() if key[0] in inside}))


def rows_of(world: World, case: Case, table: str) -> dict[tuple[Any, ...], int]:
    """Copies of each row of a case; where nothing can be taken away, net by key, and by entity and
    metric the sums that the view shows.
    """
    asked = {"e": case.entity, "m": [*case.metrics]}
    query = _ROWS if table in world.deleting else _NET
    with world.clickhouse() as client:
        found = client.query(query % table, parameters=asked).result_rows
        sums = client.query(_SUMS, parameters=asked).result_rows if table == SUMMED else []
    return {tuple(key): count for *key, count in [*found, *sums]}


def leftovers_of(world: World, table: str) -> list[str]:
    """Tables, statements, mutations, sessions and locks of ours that nobody needs."""
    with world.postgres() as session, world.clickhouse() as client:
        query = _LEFTOVERS + (_MUTATIONS if world.compensates else "")
        found = [*client.query(query.format(table)).result_rows]
        found += session.execute(_SESSIONS.encode()).fetchall()
    return [row[0] for row in found]


def unlike(wanted: Mapping[Any, int], present: Mapping[Any, int]) -> tuple[int, int]:
    """How much is missing and how much is too much."""
    gaps = [wanted.get(key, 0) - present.get(key, 0) for key in {*wanted, *present}]
    return sum(gap for gap in gaps if gap > 0), -sum(gap for gap in gaps if gap < 0)


def _ids(key: str) -> range:
    first, last = map(int, key.split("-"))
    return range(first, last + 1)
