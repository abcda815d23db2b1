"""Connect: the one place where settings become stores.

Belongs here: which store a setting names, and what a scan goes through. Does not belong here: how a
store speaks to its server (stores), or what is done with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from metric_assets.actor import this_process
from metric_assets.audit.entity_ids import existing
from metric_assets.catalog.scan import Scan, Store
from metric_assets.load.loading import Stores
from metric_assets.settings import (
    CLICKHOUSE_URL,
    DAGSTER_POSTGRES_URL,
    POSTGRES_URL,
    Settings,
    store_url,
)
from metric_assets.stores.clickhouse import ClickHouse
from metric_assets.stores.dimension import Mirror
from metric_assets.stores.postgres import Postgres
from metric_assets.stores.postgres_standing import STANDING
from metric_assets.stores.repairs import Repairs
from metric_assets.stores.target import ClickHouseTarget


def open_postgres(
    settings: Settings, *, url: str | None = None, timeout: int | None = None
) -> Postgres:
    """The source; connects when it is used, and has to be closed.

    ``url`` and ``timeout`` (seconds a statement may take) replace those of the settings. Raises
    SettingsError if no URL is set, or if it cannot be read.
    """
    text = store_url(POSTGRES_URL, url if url is not None else settings.postgres_url)
    limit = timeout or settings.statement_timeout
    return Postgres(text, statement_timeout=limit, standing=STANDING)


def open_clickhouse(
    settings: Settings, *, url: str | None = None, timeout: int | None = None
) -> ClickHouse:
    """The target's server, also the source of scans that read ClickHouse; as open_postgres()."""
    text = store_url(CLICKHOUSE_URL, url if url is not None else settings.clickhouse_url)
    return ClickHouse(text, timeout=timeout or settings.statement_timeout)


def open_dagster_storage(url: str | None) -> Postgres:
    """Dagster's own storage, to see whether it answers; a statement may take a minute.

    Raises SettingsError if the URL is not set or cannot be read.
    """
    _, _, rest = store_url(DAGSTER_POSTGRES_URL, url).partition("://")
    return Postgres(f"postgresql://{rest}", statement_timeout=60, name=DAGSTER_POSTGRES_URL)


@contextmanager
def open_both(settings: Settings) -> Iterator[tuple[Postgres, ClickHouse]]:
    """The stores that the settings name, closed at the end."""
    with open_postgres(settings) as postgres, open_clickhouse(settings) as clickhouse:
        yield postgres, clickhouse


def open_target(clickhouse: ClickHouse, settings: Settings, run: str = "") -> ClickHouseTarget:
    """The target of the settings on an open server; ``run`` is recorded with what it changes."""
    repairs = open_repairs(clickhouse, settings, run) if settings.repairs_days else None
    return ClickHouseTarget(
        clickhouse, settings.target_table, settings.mode, run, settings.memory_rows, repairs
    )


def open_repairs(clickhouse: ClickHouse, settings: Settings, run: str = "") -> Repairs:
    """The record of changes of the target, for changes that this process makes in ``run``."""
    actor = this_process().within(run)
    return Repairs(clickhouse, settings.target_table, settings.repairs_days, actor)


def open_stores(
    scan: Scan, postgres: Postgres, clickhouse: ClickHouse, settings: Settings, run: str
) -> Stores:
    """What a scan goes through, with fresh copies of the dimensions that it joins with."""
    target = open_target(clickhouse, settings, run)

    def alive(entity: str, ids: Sequence[int]) -> set[int]:
        return existing(settings.catalog.entity[entity], ids, postgres)

    if scan.store is Store.POSTGRES:
        return Stores(postgres, target, postgres, existing=alive)
    copies = {
        one.name: Mirror(clickhouse, settings.target_table, one)
        for one in settings.catalog.dimensions_of(scan)
    }
    for copy in copies.values():
        copy.refresh(postgres)
    return Stores(clickhouse, target, postgres, copies, alive)
