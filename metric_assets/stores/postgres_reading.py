"""One statement of Postgres being read: Arrow batches of bounded size, its columns or its plan."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import polars as pl

from metric_assets.source_state import SourceState
from metric_assets.sql import load
from metric_assets.stores.arrow import frame_of
from metric_assets.stores.postgres_session import Session

#: What one Arrow batch may weigh on its way from the driver; bounds memory whatever the range.
BATCH_BYTES = 16 << 20


class PostgresReading:
    """One statement being read; frames come as the server sends them."""

    def __init__(self, session: Session, text: str, state: SourceState) -> None:
        self._session = session
        self._text = text
        self.state = state
        self._cursor = session.open()

    @property
    def snapshot(self) -> str:
        """The transaction snapshot in Postgres' own notation."""
        return self.state.position.snapshot

    def frames(self) -> Iterator[pl.DataFrame]:
        """Rows in batches of at most BATCH_BYTES."""
        began = time.monotonic()

        def execute() -> Any:
            options = {"adbc.postgresql.batch_size_hint_bytes": str(BATCH_BYTES)}
            self._cursor.adbc_statement.set_options(**options)
            self._cursor.execute(self._text)
            return self._cursor.fetch_record_batch()

        reader = self._session.statement(execute, began)
        yield frame_of(reader.schema.empty_table())
        while (batch := self._session.statement(lambda: next(reader, None), began)) is not None:
            yield frame_of(batch)

    def columns(self) -> pl.DataFrame:
        """The columns the statement would return, as a frame without rows; it is not run."""
        schema = self._session.statement(lambda: self._cursor.adbc_execute_schema(self._text))
        return frame_of(schema.empty_table())

    def plan(self) -> dict[str, Any]:
        """How the planner would run the statement, the top node; it is not run."""

        def explain() -> Any:
            # COPY, in which the driver wraps what it reads, does not take EXPLAIN.
            self._cursor.adbc_statement.set_options(**{"adbc.postgresql.use_copy": "false"})
            self._cursor.execute(f"{load('postgres/explain').text}\n{self._text}")
            return self._cursor.fetchone()[0]

        top: dict[str, Any] = json.loads(self._session.statement(explain))[0]["Plan"]
        return top

    def expected(self) -> int:
        """The most rows that the planner expects of any step of the statement."""
        steps, most = [self.plan()], 0
        while steps:
            step = steps.pop()
            most = max(most, int(step["Plan Rows"]))
            steps += step.get("Plans", [])
        return most

    def cancel(self) -> None:
        """Have the server end the statement; ends within PATIENCE even if the server does not."""
        self._session.cancel()
