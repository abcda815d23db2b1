"""How a run talks to Dagster's storage.

Belongs here: what of it a run changes. Does not belong here: what is stored.
"""

from collections.abc import Sequence
from weakref import WeakSet

import dagster as dg

from metric_assets.catalog.scan import Store
from metric_assets.orchestration.dagster_private import EventLogEntry

#: Pools hold how many runs use a store at once, whatever entity they are of (dagster.yaml).
POOLS = {Store.POSTGRES: "source_postgres", Store.CLICKHOUSE: "source_clickhouse"}

#: A connection older than this many seconds is replaced before it is used again: between two
#: ranges a firewall or a restart may have ended it.
RECYCLE_SECONDS = 60
_STATEMENT_MILLISECONDS = 60_000
_MOST_CONNECTIONS = 10
_pooled: WeakSet[dg.DagsterInstance] = WeakSet()


def keep_connections(instance: dg.DagsterInstance) -> None:
    """Have the storage of this process keep its connection from one event to the next.

    Dagster opens one an event, some milliseconds each and more over a network: with thousands of
    partitions that is most of what bookkeeping costs. The webserver keeps its own in this way.
    """
    if instance not in _pooled:
        _pooled.add(instance)
        instance.optimize_for_webserver(
            statement_timeout=_STATEMENT_MILLISECONDS,
            pool_recycle=RECYCLE_SECONDS,
            max_overflow=_MOST_CONNECTIONS,
        )
        _tell_apart(instance)
        _remember_columns(instance)


def _remember_columns(instance: dg.DagsterInstance) -> None:
    """Have the storage find out once, not at every question, which columns its tables have.

    It reads the whole description of a table each time: a tenth of what a small load takes.
    """
    storage = instance.event_log_storage
    ask = getattr(storage, "has_asset_key_col", None)
    if ask is None:
        return
    known: set[str] = set()

    def has_column(name: str) -> bool:
        # Columns are added by a migration, never taken away.
        if name not in known and ask(name):
            known.add(name)
        return name in known

    storage.has_asset_key_col = has_column  # type: ignore[attr-defined]


def _tell_apart(instance: dg.DagsterInstance) -> None:
    """Give materializations of one batch a millisecond of their own each.

    The UI shows one event of each millisecond on an asset's page, and a batch takes less.
    """
    storage = instance.event_log_storage
    store = storage.store_event_batch
    latest = [0.0]

    def store_apart(events: Sequence[EventLogEntry]) -> None:
        store([_dated(event, latest) for event in events])

    storage.store_event_batch = store_apart  # type: ignore[method-assign]


def _dated(event: EventLogEntry, latest: list[float]) -> EventLogEntry:
    """The event, a millisecond later than the one before it if it would not be."""
    if event.dagster_event is None or not event.dagster_event.is_step_materialization:
        return event
    latest[0] = max(event.timestamp, latest[0] + 0.001)
    return event._replace(timestamp=latest[0])


def show_pools(instance: dg.DagsterInstance) -> None:
    """Have the UI list the pools before the first run that takes a slot of one."""
    known = instance.event_log_storage.get_concurrency_keys()
    for pool in POOLS.values():
        if pool not in known:
            instance.event_log_storage.initialize_concurrency_limit_to_default(pool)
