"""The target's layout as the server tells it, and what the statement that makes a target binds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from metric_assets.errors import TargetError
from metric_assets.sql import load
from metric_assets.stores.clickhouse import ClickHouse
from metric_assets.stores.clickhouse_state import hides_rows
from metric_assets.stores.layout import PATCHES, Layout
from metric_assets.stores.ports import Binds
from metric_assets.stores.target_checks import ENGINES


def describe(store: ClickHouse, table: str) -> Layout:
    """The target as it is, fit or not; raises TargetError if there is none."""
    binds = {"table": table}
    tables = store.frame(load("clickhouse/table"), binds)
    if tables.is_empty():
        raise TargetError(
            f"{table}: no such table in ClickHouse; `metric-assets doctor"
            " --create-target` makes one, or name yours in METRIC_ASSETS_TARGET_TABLE"
        )
    row = tables.row(0, named=True)
    columns = store.frame(load("clickhouse/columns"), binds)
    layout = Layout(
        row["engine"],
        row["partition_key"],
        row["sorting_key"],
        tuple(row["views"]),
        dict(zip(columns["name"], columns["type"], strict=True)),
        storage_policy=row["storage_policy"],
        definition=row["definition"],
        parts=row["parts"],
        patching=can_patch(store),
        kinds=dict(zip(columns["name"], columns["default_kind"], strict=True)),
        filtered=row["engine"] in ENGINES and hides_rows(store, table),
    )
    if not layout.replicated:
        return layout
    known = store.frame(load("clickhouse/replicas"), binds)["replicas"]
    clusters = store.frame(load("clickhouse/clusters"), {})
    return place(layout, known.to_list(), clusters.rows())


def place(layout: Layout, replicas: Sequence[int], clusters: Sequence[tuple[str, int]]) -> Layout:
    """The layout of a replicated table with what is known of its servers: ``replicas`` of it, and
    ``clusters`` that cover the one that answers, the one with most servers first.
    """
    most = clusters[0][1] if clusters else 1
    count = max([*replicas, most if layout.shared else 1])
    # Among those that cover every replica the smallest: no server is asked in vain.
    covering = [name for name, known in clusters if known >= count]
    return replace(layout, replicas=count, cluster=covering[-1] if count > 1 and covering else "")


def can_patch(store: ClickHouse) -> bool:
    """Whether this server can write a delete as a patch part (from 25.7 on)."""
    return store.profile("lightweight_delete_mode") is not None


def target_binds(table: str, *, patching: bool) -> Binds:
    """What sql/clickhouse/target.sql binds; ``patching`` where the server writes patch parts."""
    patches = "".join(f", {name} = 1" for name in PATCHES) if patching else ""
    return {"target": table, "patches": patches}
