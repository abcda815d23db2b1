from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from metric_assets import sql
from metric_assets.changes import Known
from metric_assets.plan import Mode
from metric_assets.ranges import IdRange
from metric_assets.sql import Statement, StatementError, load
from metric_assets.stores.clickhouse_text import render
from metric_assets.stores.layout import Layout
from metric_assets.stores.ports import Binds, Scope
from metric_assets.stores.private_tables import PrivateTables
from metric_assets.stores.stage import ClickHouseStage

pytestmark = pytest.mark.unit

SCOPE = Scope("Tag", ("Hidden",), IdRange(0, 10), datetime(2025, 10, 1, tzinfo=timezone.utc))
COLUMNS = {
    "entityType": "String",
    "entityId": "Int32",
    "userId": "Int32",
    "metricType": "String",
    "metricValue": "Int32",
    "createdAt": "DateTime64(3)",
}


class Store:
    """A server that renders what it is sent, and keeps the names."""

    def __init__(self) -> None:
        self.sent: list[str] = []

    def run(self, statement: Statement, binds: Binds, owner: str) -> None:
        del owner
        render(statement, binds)
        self.sent.append(statement.name)

    def frame(self, statement: Statement, binds: Binds, owner: str = "") -> pl.DataFrame:
        self.run(statement, binds, owner)
        return pl.DataFrame()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of sql/clickhouse that a test may change."""
    shutil.copytree(sql.root() / "clickhouse", tmp_path / "clickhouse")
    monkeypatch.setattr(sql, "root", lambda: tmp_path)
    load.cache_clear()
    yield tmp_path / "clickhouse"
    load.cache_clear()


def stage(store: Any) -> ClickHouseStage:
    """A stage of an attempt at a range of Tag/Hidden."""
    layout = Layout("MergeTree", "", "entityType", (), COLUMNS)
    tables = PrivateTables(store, "t", layout, Mode.REPLACE, SCOPE, "a", "o")
    return ClickHouseStage(tables, lambda: None)


def test_every_placeholder_of_a_repair_is_bound() -> None:
    """Inserting what is missing and removing what is surplus bind all that they ask for."""
    store = Store()
    stage(store).apply_difference(["Hidden"], Known())
    assert [name.partition("/")[2] for name in store.sent] == [
        "insert_missing", "surplus_table", "surplus", "remove",
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["insert_missing", "surplus", "remove"])
def test_a_placeholder_that_nobody_binds_is_an_error(folder: Path, name: str) -> None:
    """It is never sent with something empty in its place, least of all a DELETE."""
    file = folder / f"{name}.sql"
    file.write_text(file.read_text() + "\nAND entityId != {nobody:Int64}")
    store = Store()
    with pytest.raises(StatementError, match=rf"sql/clickhouse/{name}\.sql: missing .*'nobody'"):
        stage(store).apply_difference(["Hidden"], Known())
    assert f"clickhouse/{name}" not in store.sent


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("-- A part.\nentityId < {nobody:Clause}", "missing binds"),
        ("-- A part.\nentityId < {start:Int64}", "cannot bind"),
    ],
)
def test_a_fragment_without_its_binds_is_an_error(folder: Path, text: str, said: str) -> None:
    """A part of a statement is put in as text: what is not known, or is a value, cannot be."""
    (folder / "only_all.sql").write_text(text)
    with pytest.raises(StatementError, match=rf"only_all\.sql: .*{said}"):
        stage(Store())
