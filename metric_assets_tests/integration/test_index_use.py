"""Which access paths the scans take at a realistic size, by the planner's own word.

Belongs here: plans of Postgres scans, exceptions declared by the catalog's rows. Does not belong
here: durations.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from metric_assets.audit.entity_ids import NEXT_ROWS, dated_binds
from metric_assets.catalog import CATALOG
from metric_assets.catalog.scan import Scan, Store
from metric_assets.local.demo_plan import calendar, cutoff_of, sizes
from metric_assets.local.demo_sql import Value
from metric_assets.local.demo_stores import postgres
from metric_assets.local.demo_tables import make_tables
from metric_assets.local.stack import Endpoints
from metric_assets.ranges import IdRange
from metric_assets.sql import load
from metric_assets.stores.ports import Binds
from metric_assets.stores.postgres_text import render
from metric_assets_tests.integration.platforms import Platform, open_platform

pytestmark = pytest.mark.integration

SCALE = 1_000_000
#: From here on reading a whole table for every range is a fault, unless the row says so.
LARGE = 20_000

POSTGRES_SCANS = {scan.name: scan for scan in CATALOG.scans if scan.store is Store.POSTGRES}
CURABLE = {name: scan for name, scan in POSTGRES_SCANS.items() if scan.index}


@pytest.fixture(scope="module")
def large(stack: Endpoints) -> Iterator[Platform]:
    """The sources of a demo of a million events, with fresh statistics."""
    with open_platform(stack) as made:
        values: dict[str, Value] = {**calendar(), **sizes(SCALE), "seed": 7}
        with postgres(made.postgres_url, values) as session:
            make_tables(session)
            session.run("shared/functions")
            session.run_all("data")
            session.run_all("indexes")
            session.run("shared/analyze")
            session.run("shared/vacuum")
        # The usual setting in production: on an SSD a random page costs little more than the next
        # one. The default of 4 is that of a turning disk, and of a cold cache.
        made.run("SET random_page_cost = 1.1")
        made.run("SET jit = off")
        yield made


@pytest.fixture(scope="module")
def rows_of(large: Platform) -> dict[str, int]:
    """How many rows each table has."""
    found = large.rows("SELECT relname, reltuples::bigint FROM pg_class WHERE relkind = 'r'")
    return dict(found)


def narrow(platform: Platform, scan: Scan) -> IdRange:
    """The middle hundredth of the entity's ids."""
    table = CATALOG.entity[scan.entity].table
    ((start, stop),) = platform.rows(
        "SELECT percentile_disc(0.50) WITHIN GROUP (ORDER BY id),"
        f' percentile_disc(0.51) WITHIN GROUP (ORDER BY id) FROM "{table}"'
    )
    return IdRange(start, stop)


def read_whole(platform: Platform, scan: Scan) -> set[str]:
    """Tables of which the planner reads every row for a narrow range."""
    ids = narrow(platform, scan)
    binds: Binds = {"start": ids.start, "stop": ids.stop, "until": cutoff_of(scan.entity)}
    return whole_tables(platform, render(load(scan.name), binds))


def whole_tables(platform: Platform, text: str) -> set[str]:
    """Tables of which the planner reads every row for a statement."""
    ((plan,),) = platform.rows(f"EXPLAIN (FORMAT JSON) {text}")
    plan = json.loads(plan) if isinstance(plan, str) else plan
    ends = index_ends(platform)
    return {
        node.get("Relation Name") or ends[node["Index Name"]][0]
        for node in nodes(plan[0]["Plan"])
        if whole(node, ends)
    }


#: Index -> its table, and the columns one of which a condition has to name to find its way in.
Ends = dict[str, tuple[str, list[str]]]


def index_ends(platform: Platform) -> Ends:
    """The leading column of every index, as EXPLAIN writes it, and the next one where the leading
    one has so few values that Postgres 18 skips from each of them to the next.
    """
    found = platform.rows(
        "SELECT i.relname, t.relname, pg_get_indexdef(i.oid, 1, true),"
        " CASE WHEN s.n_distinct BETWEEN 1 AND 10 THEN pg_get_indexdef(i.oid, 2, true) END"
        " FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid"
        " JOIN pg_class t ON t.oid = x.indrelid"
        " JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = x.indkey[0]"
        " LEFT JOIN pg_stats s ON s.tablename = t.relname AND s.attname = a.attname"
        " AND s.schemaname = 'public'"
    )
    return {
        index: (table, [first, *([second] if second else [])])
        for index, table, first, second in found
    }


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A plan's nodes."""
    yield plan
    for below in plan.get("Plans", ()):
        yield from nodes(below)


def whole(node: dict[str, Any], ends: Ends) -> bool:
    """Whether a node reads a whole table, or a whole index: a condition that leaves out the leading
    column of a btree is looked at in every entry of it.
    """
    if node["Node Type"] == "Seq Scan":
        return True
    if "Index Name" not in node:
        return False
    condition = re.sub(r"'[^']*'", "", node.get("Index Cond", ""))
    columns = "|".join(re.escape(column) for column in ends[node["Index Name"]][1])
    return re.search(rf"(?<![\w.])({columns})(?!\w)", condition) is None


@pytest.mark.parametrize("name", POSTGRES_SCANS)
def test_a_narrow_range_reads_no_large_table_whole(
    large: Platform, rows_of: dict[str, int], name: str
) -> None:
    """A hundredth of the ids never costs all rows of a large table, unless the scan's row in the
    catalog names the cost."""
    scan = POSTGRES_SCANS[name]
    read = {table for table in read_whole(large, scan) if rows_of[table] >= LARGE}
    assert not read or scan.cost, f"{name}: {sorted(read)}"


@pytest.mark.parametrize("name", CURABLE)
def test_the_index_a_row_proposes_cures_its_scan(large: Platform, name: str) -> None:
    """Without the index the driving table is read whole; with it, nothing that it serves is."""
    scan = CURABLE[name]
    assert scan.index is not None
    table = scan.index.split('"')[1]
    assert table in scan.sources
    assert table in read_whole(large, scan)
    large.run("BEGIN")
    try:
        large.run(scan.index.replace("CONCURRENTLY ", ""))
        large.run(f'ANALYZE "{table}"')
        assert table not in read_whole(large, scan)
    finally:
        large.run("ROLLBACK")


@pytest.mark.parametrize("kind", ["integer", "bigint"])
@pytest.mark.parametrize("question", ["outside", "next"])
def test_ids_are_asked_for_by_the_primary_key(large: Platform, question: str, kind: str) -> None:
    """A window of ids above the grid, at its end, in the middle of it or below 0 is read from the
    index of ids of either width."""
    entity = CATALOG.entity["Image"]
    ((median, last),) = large.rows(
        f'SELECT percentile_disc(0.97) WITHIN GROUP (ORDER BY id), max(id) FROM "{entity.table}"'
    )
    large.run("BEGIN")
    try:
        if kind == "bigint":
            large.run(f'ALTER TABLE "{entity.table}" ALTER COLUMN id TYPE bigint')
            large.run(f'ANALYZE "{entity.table}"')
        for first in (-(2**63) + 1, median, last, 2**31 - 1, 2**31, 2**63 - 1):
            window = {**dated_binds(entity, cutoff_of("Image")), "first": first}
            if question == "outside":
                end = -1 if first < 0 else min(first + 1_999_999, 2**63 - 1)
                window |= {"last": end, "size": entity.grid.size}
            else:
                window |= {"most": NEXT_ROWS}
            text = render(load(f"entities/{question}"), window)
            assert whole_tables(large, text) == set(), (first, text)
    finally:
        large.run("ROLLBACK")


def test_the_sizes_are_realistic(rows_of: dict[str, int]) -> None:
    """The tables that the largest scans drive on are large here, too: these tests can fail."""
    assert rows_of["Image"] >= LARGE / 4
    for table in ("ImageReaction", "CollectionItem", "UserEngagement", "CollectionContributor"):
        assert rows_of[table] >= LARGE
