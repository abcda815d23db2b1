"""The embedded ClickHouse engine: one chdb instance of this process, one connection a request.

What chdb offers, said in terms of requests, belongs here: settings, parameters, results into a
pipe, streamed inserts, cancelling. HTTP does not.

chdb is ClickHouse itself without its server. Its connections are cheap (0.3 ms), run in parallel,
release the GIL, and keep SET and temporary tables to themselves, so a request gets a fresh one.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from metric_assets.local.chdb_http.protocol import ClickHouseError, quoted
from metric_assets.local.chdb_http.statement import (
    ENGINE_TAG,
    Statement,
    from_file,
    into_file,
    with_client_query_ids,
)

_MEMORY_BYTES = 4_000_000_000

# implicit_select and mmap reads are chdb's own defaults; a server has neither. What prepares a
# connection stays out of the query log.
_LIKE_A_SERVER = {"implicit_select": "0", "storage_file_read_method": "pread", "log_queries": "0"}

# With the engine's own pool of two every mutation waits some 20 s for a free thread.
_CONFIG = """<clickhouse>
  <logger><level>warning</level><log>{log}</log><size>20M</size><count>1</count></logger>
  <max_server_memory_usage>{memory}</max_server_memory_usage>
  <background_pool_size>8</background_pool_size>
  <background_processing_pool_thread_sleep_seconds>0.1</background_processing_pool_thread_sleep_seconds>
  <background_processing_pool_task_sleep_seconds_when_no_work_min>0.1</background_processing_pool_task_sleep_seconds_when_no_work_min>
  <background_processing_pool_task_sleep_seconds_when_no_work_max>1</background_processing_pool_task_sleep_seconds_when_no_work_max>
  <query_log>
    <database>system</database><table>query_log</table>
    <flush_interval_milliseconds>1000</flush_interval_milliseconds>
    <ttl>event_date + INTERVAL 7 DAY DELETE</ttl>
  </query_log>
</clickhouse>
"""


@dataclass(frozen=True)
class Call:
    """What a request says besides its statement."""

    query_id: str
    settings: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)
    database: str | None = None


@dataclass(frozen=True)
class Result:
    """What a statement did."""

    body: bytes = b""
    read_rows: int = 0
    read_bytes: int = 0
    written_rows: int = 0
    written_bytes: int = 0
    result_rows: int = 0
    elapsed_ns: int = 0

    @classmethod
    def of(cls, result: Any) -> Result:
        """The figures of a chdb result; its rows_read are those of the result."""
        return cls(
            body=result.bytes(),
            read_rows=result.storage_rows_read(),
            read_bytes=result.storage_bytes_read(),
            written_rows=result.rows_written(),
            written_bytes=result.bytes_written(),
            result_rows=result.rows_read(),
            elapsed_ns=int(result.elapsed() * 1e9),
        )

    def summary(self) -> dict[str, str]:
        """The figures as ClickHouse reports them."""
        return {
            "read_rows": str(self.read_rows),
            "read_bytes": str(self.read_bytes),
            "written_rows": str(self.written_rows),
            "written_bytes": str(self.written_bytes),
            "total_rows_to_read": "0",
            "result_rows": str(self.result_rows),
            "result_bytes": str(len(self.body)),
            "elapsed_ns": str(self.elapsed_ns),
        }


class Engine:
    """The engine on its data folder. Every method may be called from any thread."""

    def __init__(self, folder: Path, config: Path, log: Path) -> None:
        # By name: it publishes no types, and it must load after the process has set its zone.
        chdb: Any = importlib.import_module("chdb._chdb")
        folder.mkdir(parents=True, exist_ok=True)
        config.write_text(_CONFIG.format(log=escape(str(log)), memory=_MEMORY_BYTES))
        chdb.set_signal_handlers_enabled(False)
        self._connect = chdb.connect
        self._address = f"{folder}?config-file={config}"
        # The engine lives as long as its last connection: this one.
        self._first = self._connect(self._address)
        self.version = self._scalar("SELECT version()")
        self.timezone = self._scalar("SELECT timezone()")

    def _scalar(self, sql: str) -> str:
        return str(self._first.query(sql, "TabSeparatedRaw").bytes().decode().strip())

    @contextmanager
    def connection(self, call: Call | None = None) -> Iterator[Any]:
        """A connection with a server's defaults and the call's settings, parameters, database."""
        connection = self._connect(self._address)
        try:
            _set(connection, _LIKE_A_SERVER)
            if call is not None:
                _prepare(connection, call)
            yield connection
        finally:
            connection.close()

    def kill(self, query_id: str) -> bool:
        """Cancel the query of a client that is gone; whether there was one."""
        tagged = f"Settings['{ENGINE_TAG}'] = {quoted(query_id)}"
        with self.connection() as connection:
            return bool(_run(connection, f"KILL QUERY WHERE {tagged} ASYNC").bytes())

    def close(self) -> None:
        """Cancel everything and close the engine: parts and logs are on disk afterwards."""
        with suppress(ClickHouseError):
            _run(self._first, "KILL QUERY WHERE is_initial_query ASYNC FORMAT Null")
            _run(self._first, "SYSTEM FLUSH LOGS")
        self._first.close()


def run(connection: Any, statement: Statement, default_format: str) -> Result:
    """Run a statement whose result is small."""
    text = with_client_query_ids(statement.text)
    return Result.of(_run(connection, text.encode("latin-1"), default_format))


def run_into(connection: Any, statement: Statement, path: str, fmt: str) -> Result:
    """Run a read whose result goes to a file or pipe."""
    text = with_client_query_ids(into_file(statement, path, fmt))
    return Result.of(_run(connection, text.encode("latin-1"), fmt))


def run_from(connection: Any, statement: Statement, path: str) -> Result:
    """Run an INSERT whose rows come from a file or pipe.

    Not chdb's send_insert: a killed one reports success for the rows it had.
    """
    return Result.of(_run(connection, from_file(statement, path).encode("latin-1")))


def _run(connection: Any, sql: str | bytes, fmt: str = "TabSeparated") -> Any:
    try:
        return connection.query(sql, fmt)
    except RuntimeError as error:
        raise ClickHouseError.from_engine(error) from error


def _prepare(connection: Any, call: Call) -> None:
    if call.database:
        _run(connection, f"USE {_identifier(call.database)}")
    # Tagged and logged from the last statement of the preparation on.
    marks = {"log_queries": "1", **call.settings, ENGINE_TAG: call.query_id}
    _set(connection, {f"param_{k}": v for k, v in call.parameters.items()} | marks)


def _set(connection: Any, values: Mapping[str, str]) -> None:
    for name in values:
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.]*", name):
            raise ClickHouseError.build(115, f"Unknown setting {quoted(name)}", "UNKNOWN_SETTING")
    _run(connection, "SET " + ", ".join(f"{k} = {quoted(v)}" for k, v in values.items()))


def _identifier(name: str) -> str:
    return "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`"
