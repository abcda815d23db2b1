"""Whether something answers behind the URLs: both stores and Dagster's storage."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from metric_assets.connect import open_clickhouse, open_dagster_storage, open_postgres
from metric_assets.doctor.findings import CLICKHOUSE, DAGSTER, FAILED, POSTGRES, REMARK, Finding
from metric_assets.errors import SettingsError
from metric_assets.settings import (
    CLICKHOUSE_URL,
    DAGSTER_POSTGRES_URL,
    POSTGRES_URL,
    Settings,
    store_url,
)
from metric_assets.sql import load
from metric_assets.stores.clickhouse import ClickHouse
from metric_assets.stores.clickhouse_address import is_older
from metric_assets.stores.postgres import Postgres

#: The first version of ClickHouse with lightweight_deletes_sync.
WAITS = (24, 4)
#: How Dagster's storage has to be spelled: the plain form picks a driver that loses every run.
_DRIVER = "postgresql+psycopg2"


def examine_storage(environ: Mapping[str, str]) -> Iterator[Finding]:
    """Dagster's storage: named, spelled with its driver, and there."""
    try:
        url = store_url(DAGSTER_POSTGRES_URL, environ.get(DAGSTER_POSTGRES_URL))
        store = open_dagster_storage(url)
    except SettingsError as error:
        yield Finding(DAGSTER, str(error), f"Set {DAGSTER_POSTGRES_URL}", FAILED)
        return
    store.frame(load("postgres/alive"), {})
    store.close()
    if not url.startswith(_DRIVER):
        yield Finding(
            DAGSTER,
            f"{DAGSTER_POSTGRES_URL}: answers, but its URL does not name the driver",
            f"Begin it with {_DRIVER}:// wherever Dagster is started without `metric-assets`",
            REMARK,
        )
        return
    yield Finding(DAGSTER, f"{DAGSTER_POSTGRES_URL}: set and answers")


def examine_postgres(
    environ: Mapping[str, str], settings: Settings, made: list[Postgres]
) -> Iterator[Finding]:
    """The source: its URL can be read and a session answers; puts the store into ``made``."""
    try:
        store = open_postgres(settings, url=environ.get(POSTGRES_URL, ""))
    except SettingsError as error:
        yield Finding(POSTGRES, str(error), f"Set {POSTGRES_URL}", FAILED)
        return
    store.frame(load("postgres/alive"), {})
    made.append(store)
    yield Finding(POSTGRES, f"{POSTGRES_URL}: set and answers")


def examine_clickhouse(
    environ: Mapping[str, str], settings: Settings, made: list[ClickHouse]
) -> Iterator[Finding]:
    """The target's store: its URL can be read and it answers; puts the store into ``made``."""
    try:
        store = open_clickhouse(settings, url=environ.get(CLICKHOUSE_URL, ""))
    except SettingsError as error:
        yield Finding(CLICKHOUSE, str(error), f"Set {CLICKHOUSE_URL}", FAILED)
        return
    version = str(store.client.server_version)
    made.append(store)
    found = f"{CLICKHOUSE_URL}: set and answers, ClickHouse {version}"
    if is_older(version, WAITS):
        yield Finding(
            CLICKHOUSE,
            f"{found}, which no test of ours has seen: before {WAITS[0]}.{WAITS[1]} another setting"
            " decides whether a DELETE is waited for",
            "Try a small range first, or upgrade the server",
            REMARK,
        )
    else:
        yield Finding(CLICKHOUSE, found)


def brief_postgres(environ: Mapping[str, str], settings: Settings, seconds: int) -> Postgres:
    """The source, where a statement may take some seconds only."""
    return open_postgres(settings, url=environ.get(POSTGRES_URL, ""), timeout=seconds)


def brief_clickhouse(environ: Mapping[str, str], settings: Settings, seconds: int) -> ClickHouse:
    """The target's store, where a statement may take some seconds only."""
    store = open_clickhouse(settings, url=environ.get(CLICKHOUSE_URL, ""), timeout=seconds * 2)
    store.more_settings["max_execution_time"] = seconds
    return store
