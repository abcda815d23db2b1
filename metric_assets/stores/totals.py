"""Sums of the target's events, as checks read them.

Belongs here: what is asked of the table. Does not belong here: what a sum is compared with (audit).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import polars as pl

from metric_assets.ranges import IdRange
from metric_assets.sql import load
from metric_assets.stores.clickhouse import ClickHouse
from metric_assets.stores.ports import Binds

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

    def live_since(self, entity: str, metrics: Sequence[str], since: datetime) -> bool:
        """Whether any event of the metrics is dated at or after ``since`` (UTC)."""
        binds: Binds = {
            "target": self._table,
            "entity": entity,
            "metrics": list(metrics),
            "since": since,
        }
        return not self._store.frame(load("clickhouse/live_since"), binds).is_empty()
