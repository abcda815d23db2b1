"""How the statement of a request is run: at once, into a pipe, or out of one.

The ways through the engine, and what becomes of a statement whose client leaves, belong here.
HTTP's words do not.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from metric_assets.local.chdb_http.engine import Engine, Result, run, run_from, run_into
from metric_assets.local.chdb_http.pipe import open_pipe, write_all
from metric_assets.local.chdb_http.protocol import ClickHouseError
from metric_assets.local.chdb_http.request import Query

_THREADS = 200
_KILL_EVERY_SECONDS = 0.1

T = TypeVar("T")


class Executor:
    """Runs the statements of all requests, each in a thread and a connection of its own."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._running: set[str] = set()
        self._threads = ThreadPoolExecutor(_THREADS, "statement")

    @contextlib.contextmanager
    def claimed(self, query_id: str) -> Iterator[None]:
        """A query id belongs to one running statement."""
        if query_id in self._running:
            raise ClickHouseError.build(
                216,
                f"Query with id = {query_id} is already running",
                "QUERY_WITH_SAME_ID_IS_ALREADY_RUNNING",
            )
        self._running.add(query_id)
        try:
            yield
        finally:
            self._running.discard(query_id)

    async def run(self, query: Query) -> Result:
        """Run a statement to its end, whoever is still listening."""

        def work() -> Result:
            with self._engine.connection(query.call) as connection:
                return run(connection, query.statement, query.default_format)

        return await self._in_thread(work)

    def read(self, query: Query) -> tuple[int, asyncio.Task[Result]]:
        """Start a read: the pipe its result comes out of, and its end. The caller closes."""
        reader, writer = open_pipe(reads_here=True)

        def work() -> Result:
            try:
                with self._engine.connection(query.call) as connection:
                    path = f"/dev/fd/{writer}"
                    return run_into(connection, query.statement, path, query.default_format)
            finally:
                os.close(writer)

        return reader, asyncio.create_task(self._in_thread(work))

    async def insert(self, query: Query) -> Result:
        """Insert rows while they arrive. Once all are here a client that leaves changes nothing,
        as on a server; if they break off, the insert is cancelled before it can see their end.
        """
        reader, writer = open_pipe(reads_here=False)

        def work() -> Result:
            try:
                with self._engine.connection(query.call) as connection:
                    return run_from(connection, query.statement, f"/dev/fd/{reader}")
            finally:
                os.close(reader)

        task = asyncio.create_task(self._in_thread(work))
        with contextlib.ExitStack() as closing:
            closing.callback(os.close, writer)
            try:
                await write_all(writer, query.rows, task)
                while not query.body.ended and not task.done():
                    await write_all(writer, await query.body.take(), task)
            except BaseException:
                query_id = query.call.query_id
                await asyncio.shield(self._kill_before(closing.pop_all().close, query_id, task))
                raise
        return await task

    async def _kill_before(
        self, close: Callable[[], None], query_id: str, task: asyncio.Task[Result]
    ) -> None:
        while not task.done():
            if await self._in_thread(self._engine.kill, query_id):
                break
            await asyncio.sleep(_KILL_EVERY_SECONDS)
        close()
        await asyncio.wait({task})

    async def kill_until_done(self, query_id: str, task: asyncio.Task[Result]) -> None:
        """Cancel a statement, again until it is gone: the engine may not know it yet."""
        while not task.done():
            await self._in_thread(self._engine.kill, query_id)
            await asyncio.sleep(_KILL_EVERY_SECONDS)

    async def _in_thread(self, function: Callable[..., T], *arguments: Any) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, function, *arguments)
