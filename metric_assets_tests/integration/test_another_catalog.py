"""The catalog of another platform goes the whole way without a change in the package.

Belongs here: what `metric-assets` does with metric_assets_tests.market. Expected events are those of
its schema.sql, worked out by hand.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from metric_assets.local.demo_stores import clickhouse, make_target
from metric_assets.local.stack import Endpoints
from metric_assets_tests import market
from metric_assets_tests.documents import hold
from metric_assets_tests.integration.servers import own_database

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[2]
KEYS = ["Shop/Praise", "Shop/Blame", "Shop/Turnover", "Courier/Delivery"]
#: Two deliveries for shop 1, and one for a shop that Postgres does not have.
DELIVERIES = """INSERT INTO deliveries VALUES
    (3, 1, 101, '2024-04-01 00:00:00'), (3, 1, 102, '2024-04-02 00:00:00'),
    (3, 99, 103, '2024-04-03 00:00:00')"""


@dataclass
class Market:
    """The market's stores, and commands over them."""

    env: dict[str, str]
    folder: Path
    client: Any

    def run(self, *command: str) -> tuple[int, Any]:
        """`metric-assets` with --json: its exit code and its document."""
        done = subprocess.run(
            [Path(sys.executable).parent / "metric-assets", *command, "--json"],
            cwd=self.folder, env=self.env, capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip
        assert done.stdout, done.stderr
        document = json.loads(done.stdout)
        hold(command[0], document)
        return done.returncode, document

    def events(self) -> list[tuple[Any, ...]]:
        """What the target holds."""
        found = self.client.query(
            "SELECT entityType, metricType, entityId, userId, metricValue, toString(createdAt)"
            " FROM entityMetricEvents ORDER BY ALL"
        )
        return [tuple(row) for row in found.result_rows]


@pytest.fixture
def shops(stack: Endpoints, tmp_path: Path) -> Iterator[Market]:
    """The market's tables in databases of their own."""
    name = f"market_{os.getpid()}"
    url = stack.postgres_url.replace("/platform?", f"/{name}?")
    assert url != stack.postgres_url
    with (
        psycopg.connect(stack.postgres_url, autocommit=True) as administrator,
        own_database(stack.clickhouse_url) as clickhouse_url,
    ):
        named = {"name": sql.Identifier(name)}
        administrator.execute(sql.SQL("CREATE DATABASE {name}").format(**named))
        try:
            with psycopg.connect(url, autocommit=True) as session:
                session.execute((market.HERE / "schema.sql").read_bytes())
            with clickhouse(clickhouse_url) as client:
                client.command(
                    "CREATE TABLE deliveries (courier Int32, shop Int32, customer Int32,"
                    " at DateTime64(3, 'UTC')) ENGINE = MergeTree ORDER BY courier"
                )
                client.command(DELIVERIES)
                make_target(client, "entityMetricEvents")
                env = {
                    "HOME": str(tmp_path),
                    "PATH": os.environ["PATH"],
                    "PYTHONPATH": str(ROOT),
                    "DAGSTER_HOME": str(tmp_path),
                    "METRIC_ASSETS_HOME": str(tmp_path / "home"),
                    "METRIC_ASSETS_CATALOG": "metric_assets_tests.market:CATALOG",
                    "METRIC_ASSETS_POSTGRES_URL": url,
                    "METRIC_ASSETS_CLICKHOUSE_URL": clickhouse_url,
                    "METRIC_ASSETS_CUTOFF": "2025-10-01T00:00:00Z",
                }
                yield Market(env, tmp_path, client)
        finally:
            administrator.execute(sql.SQL("DROP DATABASE {name} WITH (FORCE)").format(**named))


def test_another_platforms_catalog_goes_the_whole_way(shops: Market) -> None:
    """list, doctor, dry run, backfill, checks of both kinds, a loss that is found and repaired."""
    code, listed = shops.run("list")
    assert (code, [row["pair"] for row in listed["pairs"]]) == (0, KEYS)
    code, examined = shops.run("doctor")
    assert [
        one
        for one in examined["findings"]
        if one["status"] == "failed" and "Dagster" not in one["subject"]
    ] == []
    code, planned = shops.run("backfill", "--dry-run")
    assert (code, sum(row["inserted"] for row in planned["pairs"])) == (1, 8)
    assert shops.events() == []
    code, loaded = shops.run("backfill")
    assert code == 0, loaded["sentence"]
    assert loaded["sentence"] == "All 4 counters equal their source."
    expected = [
        ("Courier", "Delivery", 3, 101, 1, "2024-04-01 00:00:00.000"),
        ("Courier", "Delivery", 3, 102, 1, "2024-04-02 00:00:00.000"),
        ("Shop", "Blame", 1, 103, 1, "2024-02-03 00:00:00.000"),
        ("Shop", "Blame", 12, 101, 1, "2024-02-05 00:00:00.000"),
        ("Shop", "Praise", 1, 101, 1, "2024-02-01 00:00:00.000"),
        ("Shop", "Praise", 1, 102, 1, "2024-02-02 00:00:00.000"),
        ("Shop", "Turnover", 1, 101, 250, "2024-03-02 00:00:00.000"),
        ("Shop", "Turnover", 1, 101, 700, "2024-03-01 00:00:00.000"),
    ]
    assert shops.events() == expected
    shops.client.command(
        "DELETE FROM entityMetricEvents WHERE metricType = 'Praise' AND userId = 102"
    )
    code, checked = shops.run("reconcile", "Shop", "--source")
    assert code == 1
    assert {
        row["pair"]: row["status"] for row in checked["pairs"] if row["status"] != "ok"
    }.keys() == {"Shop/Praise"}
    code, _ = shops.run("reconcile", "Shop", "--repair", "--yes")
    assert code == 0
    assert shops.events() == expected


def test_entities_without_a_creation_time_all_need_a_range(shops: Market) -> None:
    """Nothing says when a courier was hired: whoever lies outside the grid is told, and given a
    range by a sync.
    """
    assert shops.run("ranges", "Courier")[0] == 0
    with psycopg.connect(shops.env["METRIC_ASSETS_POSTGRES_URL"]) as session:
        session.execute("INSERT INTO couriers VALUES (45)")
    code, _ = shops.run("ranges", "Courier")
    assert code == 1
    code, _ = shops.run("ranges", "Courier", "--sync")
    assert code == 0
    assert json.loads((shops.folder / "home" / "ranges.json").read_text())["Courier"]["stop"] == 50


def test_a_catalog_that_cannot_be_found_is_named(shops: Market) -> None:
    """The setting, what it says and what is expected; nothing is read."""
    for value, said in (
        ("no_such_package:CATALOG", "cannot be imported: No module named 'no_such_package'"),
        (
            "metric_assets_tests.market:HERE",
            "expected package.module:NAME of a Catalog, found a PosixPath",
        ),
        ("metric_assets_tests.market", "found no name after a colon"),
    ):
        shops.env["METRIC_ASSETS_CATALOG"] = value
        code, document = shops.run("backfill")
        assert code == 2
        assert said in document["error"]
        assert "METRIC_ASSETS_CATALOG" in document["error"]
