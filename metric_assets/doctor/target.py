"""The target table: its layout and what that means, its storage, what dead attempts left.

Belongs here: the table as it is. Does not belong here: its events (live), what we may do (grants).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from metric_assets.doctor import grants
from metric_assets.doctor.findings import FAILED, REMARK, Finding, guarded, size
from metric_assets.errors import TargetError
from metric_assets.plan import Mode
from metric_assets.settings import CLICKHOUSE_URL, CUTOFFS, TARGET_TABLE, Settings
from metric_assets.sql import load
from metric_assets.stores.clickhouse import ClickHouse
from metric_assets.stores.layout import PATCHES, Layout
from metric_assets.stores.layout_query import describe
from metric_assets.stores.orphans import orphan_binds
from metric_assets.stores.owners import OWNER
from metric_assets.stores.target import ClickHouseTarget

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
    try:
        layout = target.layout
    except TargetError as error:
        # What a run would be refused for; nothing else can be said of such a table.
        yield Finding(f"Target {table}", str(error), "Give events another table", FAILED)
        return
    yield _layout(table, layout, target.mode)
    yield _removal(table, layout, target.mode)
    if layout.replicated:
        yield _replicas(table, layout)
    yield from _times(table, layout, settings)
    yield from guarded(f"Target {table}: storage", _storage(store, table, layout))
    several = layout.replicas > 1 or layout.shared
    yield from grants.examine(store, table, target.mode, replicas=several)
    record = grants.examine_record(store, settings)
    yield from guarded(f"Target {table}: record of changes", record)


def _layout(table: str, layout: Layout, mode: Mode) -> Finding:
    subject = f"Target {table}: layout"
    key, cut = layout.sorting_key or "nothing", layout.partition_key or "nothing"
    found = (
        f"{layout.engine}, partitioned by {cut}, sorted by {key}; mode {mode.value}; entityId"
        f" {layout.columns['entityId']}, metricValue {layout.columns['metricValue']}, createdAt"
        f" {layout.columns['createdAt']}"
        + (f"; materialized views: {', '.join(layout.views)}" if layout.views else "")
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


def _removal(table: str, layout: Layout, mode: Mode) -> Finding:
    """How an empty scope is filled, how surplus is removed, and what that costs on this layout."""
    subject = f"Target {table}: removal"
    if mode is Mode.APPEND:
        why = layout.append_only or layout.costly or "METRIC_ASSETS_MODE=append"
        advice = ""
        if not layout.append_only and layout.costly and layout.patching:
            advice = (
                "If rows should be removed instead: ALTER TABLE "
                f"{table} MODIFY SETTING {', '.join(f'{name} = 1' for name in PATCHES)}"
            )
        return Finding(
            subject,
            "everything is inserted, surplus is compensated by negative events, which costs by the"
            f" surplus: less than 1 s for 100 rows. Nothing is deleted: {why}",
            advice,
        )
    if layout.patches:
        cost = "a patch part a delete: less than 1 s for 100 rows, whatever the table's size"
    else:
        cost = f"a mutation of all {layout.parts} parts: about {0.04 * layout.parts:.1f} s a range"
    found = f"empty scopes get partitions of the staging table attached, surplus is deleted: {cost}"
    if layout.costly:
        return Finding(
            subject, found, f"METRIC_ASSETS_MODE=auto would compensate: {layout.costly}", REMARK
        )
    return Finding(subject, found)


def _replicas(table: str, layout: Layout) -> Finding:
    """Whether what a dead run left on another server can be found."""
    subject = f"Target {table}: replicas"
    if layout.replicas == 1:
        return Finding(subject, "one replica")
    found = f"{layout.replicas} replicas"
    if layout.cluster:
        return Finding(
            subject,
            f"{found}; statements of dead runs are looked for on all of them: {layout.cluster} in"
            " system.clusters",
        )
    return Finding(
        subject,
        f"{found}, but no name in system.clusters covers them all: an insert that a killed run left"
        " running on another replica is not seen",
        f"Name a cluster of all replicas in the server's remote_servers, or keep {CLICKHOUSE_URL}"
        " on one replica as long as the backfill lasts",
        REMARK,
    )


def _times(table: str, layout: Layout, settings: Settings) -> Iterator[Finding]:
    """A cutoff must be an instant that the column can tell from its neighbours."""
    cutoffs = {entity: settings.known_cutoff(entity) for entity in settings.catalog.entity}
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
    if row["mutations"]:
        yield Finding(
            subject,
            f"{found}; {row['mutations']} changes of rows have not ended",
            "Look into system.mutations: ours wait behind them",
            REMARK,
        )
    else:
        yield Finding(subject, found)


def examine_leftovers(store: ClickHouse, settings: Settings) -> Iterator[Finding]:
    """Private tables, statements and mutations under our name: a run's, or nobody's."""
    table = settings.target_table
    layout = describe(store, table)
    binds = orphan_binds(table, layout)
    copies = re.compile(rf"{re.escape(table)}__versions_[0-9a-f]{{16}}")
    names = [
        f"{kind} {name}"
        for kind, name, owner in store.frame(load("clickhouse/leftovers"), binds).iter_rows()
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
