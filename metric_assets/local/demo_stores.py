"""The two stores as the demo uses them: run a file, read a file as a frame, put rows in.

Belongs here: connections of the seeder and the oracle. Does not belong here: what is run and why.
The production stores (``metric_assets.stores``) are not used on purpose, but for the statement that
makes the target: the oracle that tests them must not share their faults.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from typing import Any, Final

import adbc_driver_postgresql.dbapi as adbc
import clickhouse_connect
import polars as pl
import psycopg
import pyarrow as pa
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.httputil import get_pool_manager

from metric_assets.local import demo_sql
from metric_assets.local.demo_sql import Value
from metric_assets.sql import load
from metric_assets.stores.clickhouse_text import render
from metric_assets.stores.layout_query import target_binds

#: Arrow messages are built in memory: this many rows at a time.
CHUNK_ROWS: Final = 1_000_000


class DemoPostgres:
    """A session that runs the demo's Postgres files with the same values bound each time."""

    def __init__(self, connection: psycopg.Connection[Any], values: dict[str, Value]) -> None:
        self._connection = connection
        self._values = values

    def run(self, name: str, **more: Value) -> None:
        """Run every statement of a file."""
        self._connection.execute(demo_sql.render(name, {**self._values, **more}).encode())

    def run_all(self, part: str, **more: Value) -> None:
        """Run the files of a part, of all entities."""
        for name in demo_sql.names(part):
            self.run(name, **more)

    def rows(self, name: str, **more: Value) -> list[tuple[Any, ...]]:
        """Return the rows of a file's only statement."""
        query = demo_sql.render(name, {**self._values, **more}).encode()
        return self._connection.execute(query).fetchall()

    def copy(self, name: str, frame: pl.DataFrame) -> None:
        """Send a frame through a file's COPY statement, columns in its order."""
        with (
            self._connection.cursor() as cursor,
            cursor.copy(demo_sql.render(name, self._values).encode()) as copy,
        ):
            for row in frame.iter_rows():
                copy.write_row(row)


@contextmanager
def postgres(url: str, values: dict[str, Value]) -> Iterator[DemoPostgres]:
    """Open a session for bulk work."""
    with psycopg.connect(url, autocommit=True, application_name="metric-assets seed") as connection:
        session = DemoPostgres(connection, values)
        session.run("shared/session")
        yield session


class ArrowPostgres:
    """A session that reads and writes whole frames."""

    def __init__(self, connection: adbc.Connection) -> None:
        self._connection = connection

    def frame(self, query: str) -> pl.DataFrame:
        """Return the rows of a statement."""
        with self._connection.cursor() as cursor:
            cursor.execute(query)
            return _frame(cursor.fetch_arrow_table())

    def insert(self, schema: str, table: str, frame: pl.DataFrame) -> None:
        """Append a frame to a table whose columns have its names."""
        with self._connection.cursor() as cursor:
            rows = frame.to_arrow(compat_level=pl.CompatLevel.oldest())
            cursor.adbc_ingest(table, rows, mode="append", db_schema_name=schema)
        self._connection.commit()


@contextmanager
def arrow_postgres(url: str) -> Iterator[ArrowPostgres]:
    """Open a session for frames: it costs some ten milliseconds."""
    with closing(adbc.connect(url)) as connection:
        yield ArrowPostgres(connection)


def postgres_frame(url: str, name: str, **values: Value) -> pl.DataFrame:
    """Return the rows of a Postgres file as a frame."""
    with arrow_postgres(url) as session:
        return session.frame(demo_sql.render(name, values))


@contextmanager
def clickhouse(url: str) -> Iterator[Client]:
    """Open a ClickHouse client; our own server side never sees an asynchronous insert."""
    # A pool of its own: the driver's would go through HTTP_PROXY, even to this machine.
    pool = get_pool_manager()
    client = clickhouse_connect.get_client(
        dsn=url,
        settings={"async_insert": 0},
        pool_mgr=pool,
        # The embedded server has neither sessions nor compression.
        autogenerate_session_id=False,
        compress=False,
    )
    with closing(client):
        yield client


def clickhouse_run(client: Client, name: str, **parameters: int | str) -> None:
    """Run every statement of a ClickHouse file; the server binds the parameters."""
    for statement in demo_sql.text(name).split(";"):
        if statement.strip():
            client.command(statement, parameters=_used(statement, parameters))


def make_target(client: Client, table: str) -> None:
    """Make the target if it is absent, as `metric-assets doctor --create-target` does."""
    client.command(target_text(table, patching="lightweight_delete_mode" in client.server_settings))


def target_text(table: str, *, patching: bool = True) -> str:
    """Return the statement that makes the target: what production runs, told once."""
    return render(load("clickhouse/target"), target_binds(table, patching=patching))[0]


def clickhouse_frame(client: Client, name: str, **parameters: int | str) -> pl.DataFrame:
    """Return the rows of a ClickHouse file's only statement as a frame."""
    query = demo_sql.text(name)
    return _frame(client.query_arrow(query, parameters=_used(query, parameters), use_strings=True))


def clickhouse_insert(client: Client, table: str, frame: pl.DataFrame) -> None:
    """Append a frame to a table, in bounded messages."""
    for start in range(0, frame.height, CHUNK_ROWS):
        rows = frame.slice(start, CHUNK_ROWS).to_arrow(compat_level=pl.CompatLevel.oldest())
        client.insert_arrow(table, rows)


def epoch(moment: datetime) -> int:
    """Return an instant as ClickHouse files take it: seconds since 1970, free of time zones."""
    return int(moment.timestamp())


def _used(query: str, parameters: dict[str, int | str]) -> dict[str, int | str]:
    return {name: value for name, value in parameters.items() if f"{{{name}:" in query}


def _frame(table: pa.Table) -> pl.DataFrame:
    frame = pl.from_arrow(table)
    if not isinstance(frame, pl.DataFrame):  # pragma: no cover - a table never is a column
        raise TypeError(f"expected a table, got {type(frame).__name__}")
    return frame
