"""How a statement of a request is run: at once, into a pipe, or out of one.

The ways through the engine, and what becomes of a statement whose client leaves, belong here.
HTTP's words do not.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from metric_assets.local.clickhouse_engine import Engine, Outcome, run, run_from, run_into
from metric_assets.local.clickhouse_pipe import open_pipe, pour
from metric_assets.local.clickhouse_request import Ask, External
from metric_assets.local.clickhouse_sessions import Sessions
from metric_assets.local.clickhouse_sql import Statement
from metric_assets.local.clickhouse_wire import WireError

_THREADS = 200
_KILL_EVERY_SECONDS = 0.1

T = TypeVar("T")


class Statements:
    """Runs the statements of all requests, each in a thread of its own."""

    def __init__(self, engine: Engine, sessions: Sessions) -> None:
        self._engine = engine
        self._sessions = sessions
        self._running: set[str] = set()
        self._threads = ThreadPoolExecutor(_THREADS, "statement")

    async def threaded(self, function: Callable[..., T], *arguments: Any) -> T:
        """Run something that blocks."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, function, *arguments)

    @contextlib.contextmanager
    def claimed(self, query_id: str) -> Iterator[None]:
        """A query id belongs to one running statement."""
        if query_id in self._running:
            raise WireError.build(
                216,
                f"Query with id = {query_id} is already running",
                "QUERY_WITH_SAME_ID_IS_ALREADY_RUNNING",
            )
        self._running.add(query_id)
        try:
            yield
        finally:
            self._running.discard(query_id)

    async def run(self, ask: Ask) -> Outcome:
        """Run a statement to its end, whoever is still listening."""

        def work() -> Outcome:
            with self._connection(ask) as connection:
                return run(connection, ask.statement, ask.default_format)

        return await self.threaded(work)

    def read(self, ask: Ask) -> tuple[int, asyncio.Task[Outcome]]:
        """Start a read: the pipe its result comes out of, and its end. The caller closes."""
        reader, writer = open_pipe(reads_here=True)

        def work() -> Outcome:
            try:
                with self._connection(ask) as connection:
                    path = f"/dev/fd/{writer}"
                    return run_into(connection, ask.statement, path, ask.default_format)
            finally:
                os.close(writer)

        return reader, asyncio.create_task(self.threaded(work))

    async def insert(self, ask: Ask) -> Outcome:
        """Insert rows while they arrive. Once all are here a client that leaves changes nothing,
        as on a server; if they break off, the insert is cancelled before it can see their end.
        """
        reader, writer = open_pipe(reads_here=False)

        def work() -> Outcome:
            try:
                with self._connection(ask) as connection:
                    return run_from(connection, ask.statement, f"/dev/fd/{reader}")
            finally:
                os.close(reader)

        query = asyncio.create_task(self.threaded(work))
        with contextlib.ExitStack() as closing:
            closing.callback(os.close, writer)
            try:
                await pour(writer, ask.rows, query)
                while not ask.upload.ended and not query.done():
                    piece = await ask.upload.take()
                    plain = await self.threaded(ask.upload.decode, piece)
                    await pour(writer, plain, query)
            except BaseException:
                await asyncio.shield(self._kill_before(closing.pop_all().close, ask, query))
                raise
        return await query

    async def _kill_before(
        self, close: Callable[[], None], ask: Ask, query: asyncio.Task[Outcome]
    ) -> None:
        while not query.done():
            if await self.threaded(self._engine.kill, ask.call.query_id):
                break
            await asyncio.sleep(_KILL_EVERY_SECONDS)
        close()
        await asyncio.wait({query})

    async def kill_until_done(self, query_id: str, query: asyncio.Task[Outcome]) -> None:
        """Cancel a statement, again until it is gone: the engine may not know it yet."""
        while not query.done():
            await self.threaded(self._engine.kill, query_id)
            await asyncio.sleep(_KILL_EVERY_SECONDS)

    @contextlib.contextmanager
    def _connection(self, ask: Ask) -> Iterator[Any]:
        session = self._sessions.borrowed(
            ask.params.get("session_id", ""),
            opens=ask.statement.opens_session,
            seconds=float(ask.params.get("session_timeout") or 60),
            must_exist=ask.params.get("session_check") == "1",
        )
        with session as kept, self._engine.prepared(ask.call, kept) as connection:
            for external in ask.externals:
                _load(connection, external)
            yield connection


def _load(connection: Any, external: External) -> None:
    name = "`" + external.name.replace("`", "") + "`"
    create = f"CREATE TEMPORARY TABLE {name} ({external.structure})"
    run(connection, Statement(create, "CREATE"), "TabSeparated")
    with tempfile.NamedTemporaryFile() as file:
        file.write(external.data)
        file.flush()
        insert = Statement(f"INSERT INTO {name}", "INSERT", external.format)
        run_from(connection, insert, file.name)
