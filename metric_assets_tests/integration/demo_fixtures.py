"""A private stack for the demo's tests, seeded small, and ways to ask both stores one number."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl
import psycopg
import pytest
from clickhouse_connect.driver.client import Client

from metric_assets.local import stack
from metric_assets.local.demo_stores import clickhouse
from metric_assets.local.demo_totals import ENTITIES
from metric_assets.local.seed import SeedReport, formula_totals, seed
from metric_assets_tests.integration.local_fixtures import free_port

SCALE = 2_000


@dataclass
class Demo:
    """Both stores of a seeded demo."""

    postgres_url: str
    clickhouse_url: str
    postgres: psycopg.Connection[Any]
    clickhouse: Client
    report: SeedReport | None = None
    totals: dict[str, pl.DataFrame] = field(default_factory=dict)

    def seed(self, *, scale: int = SCALE, seed_number: int = 7) -> SeedReport:
        self.report = seed(self.postgres_url, self.clickhouse_url, scale=scale, seed=seed_number)
        self.totals = {
            entity: formula_totals(self.postgres_url, self.clickhouse_url, entity)
            for entity in ENTITIES
        }
        return self.report

    def count(self, query: str) -> int:
        row = self.postgres.execute(query.encode()).fetchone()
        assert row is not None
        return int(row[0])

    def clickhouse_count(self, query: str) -> int:
        return int(self.clickhouse.query(query).result_rows[0][0])


@pytest.fixture(scope="module")
def empty_demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """An embedded stack of its own, empty, stopped at the end."""
    home: Path = tmp_path_factory.mktemp("demo")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # XDG_RUNTIME_DIR is unset in containers
        endpoints = stack.up(home, clickhouse_port=free_port())
    try:
        with (
            psycopg.connect(endpoints.postgres_url, autocommit=True) as connection,
            clickhouse(endpoints.clickhouse_url) as client,
        ):
            yield Demo(endpoints.postgres_url, endpoints.clickhouse_url, connection, client)
    finally:
        stack.down(home)
