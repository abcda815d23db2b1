"""The target table: its layout and what that means, its storage, what dead attempts left.

Belongs here: the table as it is. Does not belong here: its events (live), what we may do (grants).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from metric_assets.catalog import ENTITIES
from metric_assets.doctor import grants
from metric_assets.doctor.findings import FAILED, REMARK, Finding, guarded, size
from metric_assets.plan import Mode
from metric_assets.settings import CUTOFFS, TARGET_TABLE, Settings
from metric_assets.sql import load
from metric_assets.stores.clickhouse import ClickHouse
from metric_assets.stores.layout import Layout
from metric_assets.stores.target import OWNER, ClickHouseTarget

_PLAIN_ENGINE = re.compile(r"(Replicated|Shared)?MergeTree")
_OWN_PATH = re.compile(r"Replicated\w*MergeTree\('((?:(?!\{uuid\})[^'])*)'")
_DEDUP_LOG = re.compile(r"non_replicated_deduplication_window\s*=\s*[1-9]")


def examine(store: ClickHouse, settings: Settings, create: bool) -> Iterator[Finding]:
    """Layout, storage and privileges; a target that is absent is made if asked for."""
    table = settings.target_table
    target = ClickHouseTarget(store, table, settings.mode)
    if store.frame(load("clickhouse/table"), {"table": table}).is_empty():
        if not create:
            yield Finding(
                f"Target {table}",
                "no such table",
                "`metric-assets doctor --create-target` makes one as sql/clickhouse/target.sql"
                f" says; or name yours in {TARGET_TABLE}",
                FAILED,
            )
            return
        target.create()
        yield Finding(f"Target {table}", "was absent and has been made")
    # A layout that cannot hold events raises here and is the finding.
    layout = target.layout
    yield _layout(table, layout, target.mode)
    yield from _times(table, layout, settings)
    yield from guarded(f"Target {table}: storage", _storage(store, table, layout))
    yield from grants.examine(store, table, target.mode)


def _layout(table: str, layout: Layout, mode: Mode) -> Finding:
    subject = f"Target {table}: layout"
    key, cut = layout.sorting_key or "nothing", layout.partition_key or "nothing"
    how = {
        Mode.REPLACE: "replace: empty scopes get whole partitions of the stage, surplus is deleted",
        Mode.APPEND: "append: everything is inserted, surplus is made up for by negative events",
    }[mode]
    views = (
        f"; materialized views see its inserts: {', '.join(layout.views)}" if layout.views else ""
    )
    found = (
        f"{layout.engine}, partitioned by {cut}, sorted by {key}; mode {how}{views}; entityId"
        f" {layout.columns['entityId']}, metricValue {layout.columns['metricValue']}, createdAt"
        f" {layout.columns['createdAt']}"
    )
    if not _PLAIN_ENGINE.fullmatch(layout.engine):
        return Finding(
            subject,
            found,
            "Events need an engine that keeps every row: MergeTree, ReplicatedMergeTree or"
            " SharedMergeTree; others merge equal rows away or hold none themselves",
            FAILED,
        )
    if not layout.sorting_key.startswith("entityType"):
        return Finding(
            subject,
            found,
            "Every plan and check reads the whole table; a sorting key that begins with entityType"
            " would bound them",
            REMARK,
        )
    return Finding(subject, found)


def _times(table: str, layout: Layout, settings: Settings) -> Iterator[Finding]:
    """A cutoff must be an instant that the column can tell from its neighbours."""
    cutoffs = {entity: settings.cutoffs.get(entity, settings.cutoff) for entity in ENTITIES}
    finer = [entity for entity, at in cutoffs.items() if at is not None and at.microsecond]
    if layout.coarse and finer:
        yield Finding(
            f"Target {table}: createdAt",
            f"{layout.columns['createdAt']} keeps whole seconds, the cutoff of"
            f" {', '.join(finer)} is finer",
            f"Set {CUTOFFS} to a whole second",
            FAILED,
        )


def _storage(store: ClickHouse, table: str, layout: Layout) -> Iterator[Finding]:
    row = store.frame(load("doctor/target_storage"), {"table": table}).row(0, named=True)
    subject = f"Target {table}: storage"
    log = not layout.engine.startswith("MergeTree") or bool(_DEDUP_LOG.search(row["made"]))
    found = (
        f"{row['rows']:,} events, {size(row['bytes'])}; "
        + ("with" if log else "without")
        + " a log of inserted blocks"
        + (", which every statement of ours switches off" if log else "")
    )
    if " TTL " in row["made"]:
        yield Finding(
            subject,
            f"{found}; made with a TTL: {row['made']}",
            "A TTL on createdAt would delete what is backfilled: take it off first",
            FAILED,
        )
    elif path := own_path(row["made"]):
        yield Finding(
            subject,
            f"{found}; its path in Keeper is spelled out: {path}",
            "Private tables are made AS the target and would claim the same path: make the target"
            " with the server's default path, or one that has {uuid} in it",
            FAILED,
        )
    elif row["mutations"]:
        yield Finding(
            subject,
            f"{found}; {row['mutations']} changes of rows have not ended",
            "Look into system.mutations: ours wait behind them",
            REMARK,
        )
    else:
        yield Finding(subject, found)


def own_path(made: str) -> str:
    """The path in Keeper that a definition spells out for one table alone; empty if it does not."""
    found = _OWN_PATH.match(made)
    return found[1] if found else ""


def examine_leftovers(store: ClickHouse, settings: Settings) -> Iterator[Finding]:
    """Private tables, statements and mutations under our name: a run's, or nobody's."""
    table = settings.target_table
    binds = {"owners": OWNER, "table": table, "tables": f"{table}__"}
    copies = re.compile(rf"{re.escape(table)}__versions_[0-9a-f]{{16}}")
    names = [
        f"{kind} {name}"
        for kind, name, owner in store.frame(load("clickhouse/debris"), binds).iter_rows()
        if owner.startswith(OWNER) or copies.fullmatch(name)
    ]
    if names:
        yield Finding(
            f"Target {table}: leftovers",
            ", ".join(names),
            "If no run is under way they are of dead attempts: the next run of the same partitions"
            " ends them; tables may also be dropped by hand",
            REMARK,
        )
    else:
        yield Finding(f"Target {table}: leftovers", "none")
