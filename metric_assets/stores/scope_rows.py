"""The rows of a scope: as a condition of a statement, and out of a frame of several scopes.

Does not belong here: what is done with them (stage, memory_stage, repairs).
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl
from clickhouse_connect.driver.binding import format_str

from metric_assets.ranges import IdRange
from metric_assets.stores.ports import Scope


def chosen_of(scope: Scope, names: Sequence[str]) -> str:
    """A condition for the rows of some metrics of a scope, by their names in it; of a statement
    about rows of the scope alone.
    """
    if not scope.parts:
        return f"metricType IN ({_literals(names)})"
    chosen = {
        part: [one for one in scope.metrics if scope.name(one, part) in names]
        for part in scope.parts
    }
    return " OR ".join(_inside(metrics, part) for part, metrics in chosen.items() if metrics)


def rows_in(scopes: Sequence[Scope]) -> str:
    """A condition for the rows of scopes of one entity type."""
    return " OR ".join(_inside(scope.metrics, scope.ids) for scope in scopes)


def rows_within(rows: pl.DataFrame, scope: Scope) -> pl.DataFrame:
    """Those of some events of an entity type that lie in a scope."""
    ids = pl.col("entityId").is_between(scope.ids.start, scope.ids.stop, "left")
    return rows.filter(ids & pl.col("metricType").cast(pl.String).is_in(scope.metrics))


def _inside(metrics: Sequence[str], ids: IdRange) -> str:
    among = f"metricType IN ({_literals(metrics)})"
    return f"({among} AND entityId >= {ids.start} AND entityId < {ids.stop})"


def _literals(metrics: Sequence[str]) -> str:
    return ", ".join(str(format_str(metric)) for metric in metrics)
