"""`metric-assets doctor`: everything that can be wrong before the first row moves.

Belongs here: the order in which the settings, both stores and the ids are examined. Does not belong
here: how one of them is (a module each), or Dagster; nothing is written but a target asked for.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress

from metric_assets.audit.coverage import Coverage
from metric_assets.doctor import (
    access,
    alerts,
    connections,
    cutoffs,
    engine,
    grids,
    launcher,
    live,
    live_keys,
    lock,
    scans,
    shown,
    source,
    target,
)
from metric_assets.doctor.findings import (
    CLICKHOUSE,
    POSTGRES,
    Finding,
    Report,
    exit_code,
    guarded,
    silent,
    without_secrets,
)
from metric_assets.errors import MetricAssetsError
from metric_assets.settings import POSTGRES_URL, Settings
from metric_assets.stores.clickhouse import ClickHouse
from metric_assets.stores.postgres import Postgres
from metric_assets.stores.target import ClickHouseTarget

__all__ = ["Finding", "examine", "exit_code"]


def examine(
    settings: Settings,
    *,
    create_target: bool = False,
    environ: Mapping[str, str] | None = None,
    report: Report = silent,
) -> list[Finding]:
    """Look at everything and raise nothing: what is wrong is a finding that says what to do.

    Reads system tables, plans and counts, and of the source's rows those that no grid holds.
    ``create_target`` makes the target if it is absent. ``environ`` holds the stores' URLs, by
    default this process's.
    """
    env = os.environ if environ is None else environ

    def findings() -> Iterator[Finding]:
        report("settings")
        yield from guarded("Settings", cutoffs.examine(settings))
        yield from guarded(alerts.SUBJECT, alerts.examine(settings))
        report("Dagster's storage")
        yield from guarded("Dagster: storage", connections.examine_storage(env))
        yield from guarded("Dagster: launcher", launcher.examine(env, settings))
        postgres: list[Postgres] = []
        known: dict[str, Coverage] = {}
        yield from guarded(POSTGRES, connections.examine_postgres(env, settings, postgres))
        for store in postgres:
            yield from _of_locks(store, settings, env.get(POSTGRES_URL, ""))
            yield from _of_postgres(store, settings, known, report)
            store.close()
        clickhouse: list[ClickHouse] = []
        yield from guarded(CLICKHOUSE, connections.examine_clickhouse(env, settings, clickhouse))
        for engine_store in clickhouse:
            streams: dict[str, Sequence[str]] = {}
            yield from _of_clickhouse(engine_store, settings, create_target, streams, report)
            yield from _of_both(engine_store, settings, known)
            with live_keys.sampling(env, settings, postgres=bool(postgres)) as sampling:
                yield from sampling.examine(streams, known, report)

    return [without_secrets(finding, env) for finding in findings()]


def _of_locks(store: Postgres, settings: Settings, url: str) -> Iterator[Finding]:
    yield from guarded("Postgres: lock", lock.examine(store, url))
    yield from guarded("Postgres: source", shown.examine_postgres(store, settings))


def _of_postgres(
    store: Postgres, settings: Settings, known: dict[str, Coverage], report: Report
) -> Iterator[Finding]:
    report("Postgres")
    yield from guarded("Postgres: server", source.examine_server(store, settings))
    closed: list[str] = []
    yield from guarded("Postgres: access", access.examine(store, settings.catalog, closed))
    if closed:
        # Every table, statement and question about ids would say the same again.
        return
    tables = source.Tables()
    yield from guarded("Postgres: tables", source.examine_tables(store, settings.catalog, tables))
    yield from grids.examine(store, settings, known, report)
    yield from scans.Scans(store, settings, tables, known).examine(report)


def _of_clickhouse(
    store: ClickHouse,
    settings: Settings,
    create: bool,
    streams: dict[str, Sequence[str]],
    report: Report,
) -> Iterator[Finding]:
    report("ClickHouse")
    yield from guarded("ClickHouse: server", engine.examine_server(store, settings.catalog))
    yield from guarded("ClickHouse: source", shown.examine_clickhouse(store, settings))
    yield from engine.examine_scans(store, settings)
    report(f"target {settings.target_table}")
    subject = f"Target {settings.target_table}"
    found: list[Finding] = list(guarded(subject, target.examine(store, settings, create)))
    yield from found
    if any(finding.subject == f"{subject}: layout" for finding in found):
        yield from guarded(f"{subject}: leftovers", target.examine_leftovers(store, settings))
        yield from live.examine(store, settings, streams, report)


def _of_both(
    store: ClickHouse, settings: Settings, known: Mapping[str, Coverage]
) -> Iterator[Finding]:
    """What the source has and the target cannot hold; a target that is none was found before."""
    target_store = ClickHouseTarget(store, settings.target_table)
    with suppress(MetricAssetsError):
        yield from grids.examine_target(target_store, settings.target_table, known)
