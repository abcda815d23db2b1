"""Sums of the target's events, as checks read them.

Belongs here: what is asked of the table. Does not belong here: what a sum is compared with (audit).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import polars as pl

from metric_assets.catalog.model import Pair
from metric_assets.ranges import IdRange
from metric_assets.sql import load
from metric_assets.stores.clickhouse import ClickHouse
from metric_assets.stores.ports import Bind, Binds

#: Ids of one statement: they travel in its address.
IDS = 5_000


class EventTotals:
    """The events of a table of ``store``."""

    def __init__(self, store: ClickHouse, table: str) -> None:
        self._store = store
        self._table = table

    def totals(self, entity: str, metrics: Sequence[str], ids: IdRange) -> pl.DataFrame:
        """Sums of all events, live ones included: entityId, metricType, total."""
        return self._store.frame(
            load("clickhouse/totals"),
            {
                "target": self._table,
                "entity": entity,
                "metrics": list(metrics),
                "start": ids.start,
                "stop": ids.stop,
            },
        )

    def totals_until(
        self,
        entity: str,
        metrics: Sequence[str],
        ids: Sequence[int],
        sure: datetime,
        until: datetime,
    ) -> pl.DataFrame:
        """Sums of these ids as of an instant between ``sure`` and ``until`` (UTC, inclusive).

        Columns entityId, metricType, total (of events dated before ``sure``), plus and minus: what
        events within the span may add and take off.
        """
        statement = load("clickhouse/totals_until")
        portions = [ids[first : first + IDS] for first in range(0, len(ids), IDS)] or [ids]
        return pl.concat(
            self._store.frame(
                statement,
                {
                    "target": self._table,
                    "entity": entity,
                    "metrics": list(metrics),
                    "ids": list(portion),
                    "sure": sure,
                    "until": until,
                },
            )
            for portion in portions
        )

    def around(
        self, pair: Pair, ids: IdRange, cutoff: datetime, since: datetime
    ) -> tuple[int, int, int]:
        """What a range holds below the cutoff: entities, rows, and rows from ``since`` (UTC) on."""
        binds: Binds = {**self._range(pair, ids), "cutoff": cutoff, "since": since}
        entities, rows, late = self._store.frame(load("clickhouse/around"), binds).row(0)
        return entities, rows, late

    def first_live(self, entity: str, cutoff: datetime) -> dict[str, datetime]:
        """The first live event, UTC, of each metric of an entity type that has any."""
        binds: Binds = {"target": self._table, "entity": entity, "cutoff": cutoff}
        return dict(self._store.frame(load("clickhouse/first_live"), binds).iter_rows())

    def moves(self, pair: Pair, ids: Sequence[int], most: int) -> pl.DataFrame:
        """All events of some entities: entityId, value, createdAt; at most ``most`` rows."""
        statement = load("clickhouse/moves")
        binds: Binds = {"target": self._table, "entity": pair.entity, "metric": pair.metric}
        portions = [ids[first : first + IDS] for first in range(0, len(ids), IDS)] or [ids]
        return pl.concat(
            self._store.frame(statement, {**binds, "ids": list(portion), "most": most})
            for portion in portions
        ).head(most)

    def moved_after(self, pair: Pair, ids: IdRange, since: datetime) -> int:
        """How many entities of a range have an event after an instant (UTC)."""
        binds: Binds = {**self._range(pair, ids), "since": since}
        return int(self._store.frame(load("clickhouse/moved_after"), binds)["entities"][0])

    def _range(self, pair: Pair, ids: IdRange) -> dict[str, Bind]:
        return {
            "target": self._table,
            "entity": pair.entity,
            "metric": pair.metric,
            "start": ids.start,
            "stop": ids.stop,
        }

    def live_since(self, entity: str, metrics: Sequence[str], since: datetime) -> bool:
        """Whether any event of the metrics is dated at or after ``since`` (UTC)."""
        binds: Binds = {
            "target": self._table,
            "entity": entity,
            "metrics": list(metrics),
            "since": since,
        }
        return not self._store.frame(load("clickhouse/live_since"), binds).is_empty()
