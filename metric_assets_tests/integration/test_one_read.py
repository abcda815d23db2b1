"""One scan, one read: pairs that share a scan read their source once, by the source's own count.

Belongs here: what Postgres' statistics say about a load. Does not belong here: plans
(test_index_use) or what is loaded (test_known_answers).
"""

from __future__ import annotations

import gc
import uuid
import warnings
from collections.abc import Iterator

import psycopg
import pytest

from metric_assets.catalog import CATALOG
from metric_assets.catalog.scan import Scan, Store
from metric_assets.local.demo_plan import cutoff_of
from metric_assets.ranges import IdRange
from metric_assets.sql import load as load_statement
from metric_assets.stores.ports import Binds
from metric_assets.stores.postgres_text import render
from metric_assets_tests.integration.local_fixtures import eventually
from metric_assets_tests.integration.platforms import (
    TARGET,
    OpenStores,
    Platform,
    load,
    stores_of,
)

pytestmark = pytest.mark.integration

IDS = IdRange(0, 500_000)
SHARED = {
    scan.name: scan
    for scan in CATALOG.scans
    if scan.store is Store.POSTGRES and len(scan.pairs) > 1
}


@pytest.fixture
def through(demo: Platform) -> Iterator[OpenStores]:
    """OpenStores to the demo that load into a table of their own."""
    table = f"target_{uuid.uuid4().hex[:12]}"
    demo.command(f"CREATE TABLE {table} AS {TARGET}")
    yield stores_of(demo, table=table)
    demo.command(f"DROP TABLE {table} SYNC")


Work = dict[str, tuple[int, int]]


def work(platform: Platform) -> Work:
    """Per table: scans begun, and rows fetched, since the server started.

    A session hands its numbers in when it ends, at the latest: those of the stores are closed first
    and waited for, this one hands in its own.
    """
    platform.close()
    others = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        " AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
    )
    assert eventually(lambda: platform.rows(others) == [(0,)]), "sessions of the stores live on"
    platform.rows("SELECT pg_stat_force_next_flush()")
    found = platform.rows(
        "SELECT relname, coalesce(seq_scan, 0) + coalesce(idx_scan, 0),"
        " coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0) FROM pg_stat_user_tables"
    )
    return {table: (scans, rows) for table, scans, rows in found}


def spent(platform: Platform, before: Work, tables: tuple[str, ...]) -> Work:
    """What was done since, on the tables of a scan."""
    after = work(platform)
    return {
        table: (after[table][0] - before[table][0], after[table][1] - before[table][1])
        for table in tables
    }


def select_once(platform: Platform, scan: Scan) -> None:
    """The scan's text, run once by an ordinary client."""
    binds: Binds = {"start": IDS.start, "stop": IDS.stop, "until": cutoff_of(scan.entity)}
    with psycopg.connect(platform.postgres_url) as connection:
        # Streamed through COPY, as production does: no parallel plan in the one and not the other.
        text = render(load_statement(scan.name), binds)
        with connection.cursor().copy(f"COPY ({text}) TO STDOUT".encode()) as copy:
            for _ in copy:
                pass


@pytest.mark.parametrize("name", SHARED)
def test_all_pairs_of_a_scan_cost_one_read_of_its_tables(
    demo: Platform, through: OpenStores, name: str
) -> None:
    """As many scans and rows as its SELECT run once, however many pairs are loaded from it."""
    scan = SHARED[name]
    before = work(demo)
    select_once(demo, scan)
    once = spent(demo, before, tuple(scan.sources))
    assert once[scan.sources[0]][1] > 0
    before = work(demo)
    keys = [pair.key for pair in scan.pairs]
    load_results = load(demo, keys, IDS, cutoff_of(scan.entity), through=through)
    assert spent(demo, before, tuple(scan.sources)) == once
    assert len({load_result.rows_read for load_result in load_results}) == 1


def test_the_six_reactions_of_images_cost_what_one_costs(
    demo: Platform, through: OpenStores
) -> None:
    """Six pairs from one scan of ImageReaction; one by one they cost six."""
    kinds = ("Like", "Dislike", "Laugh", "Cry", "Heart", "")
    keys = [f"Image/Reaction{kind}" for kind in kinds]
    assert all(key in CATALOG.pairs for key in keys)
    before = work(demo)
    load(demo, keys, IDS, cutoff_of("Image"), through=through)
    together = spent(demo, before, ("ImageReaction",))["ImageReaction"]
    before = work(demo)
    for key in keys:
        load(demo, key, IDS, cutoff_of("Image"), through=through)
    one_by_one = spent(demo, before, ("ImageReaction",))["ImageReaction"]
    ((rows,),) = demo.rows('SELECT count(*) FROM "ImageReaction"')
    assert together[0] >= 1
    assert one_by_one == (6 * together[0], 6 * together[1])
    assert together[1] <= rows


@pytest.mark.parametrize("entity", ["Image", "Model"])
def test_an_entity_costs_one_statement_a_scan(
    demo: Platform, through: OpenStores, entity: str
) -> None:
    """All pairs of a range: as much work on every table as each scan's SELECT run once."""
    scans = [scan for scan in CATALOG.scans_of(entity) if scan.store is Store.POSTGRES]
    tables = tuple({table for scan in scans for table in scan.sources})
    before = work(demo)
    for scan in scans:
        select_once(demo, scan)
    once = spent(demo, before, tables)
    before = work(demo)
    for scan in scans:
        keys = [pair.key for pair in scan.pairs]
        load(demo, keys, IDS, cutoff_of(entity), through=through)
    assert spent(demo, before, tables) == once


def test_a_reading_leaves_no_cursor_open(demo: Platform) -> None:
    """Leaving a reading closes its cursor; the garbage collector finds nothing to complain about."""
    binds: Binds = {"start": 0, "stop": 10, "until": cutoff_of("Tag")}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ResourceWarning)
        with stores_of(demo).postgres.read(load_statement("tag/engaged"), binds, "test") as reading:
            list(reading.frames())
        del reading
        gc.collect()
    assert [str(warning.message) for warning in caught] == []
