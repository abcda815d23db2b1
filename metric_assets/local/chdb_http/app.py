"""The routes of ClickHouse's HTTP interface, and how a result becomes a response.

Running statements belongs to execution.py, the process around all this to process.py.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from metric_assets.local.chdb_http.engine import Engine, Result
from metric_assets.local.chdb_http.execution import Executor
from metric_assets.local.chdb_http.pipe import PIECE_BYTES, read_pieces
from metric_assets.local.chdb_http.protocol import ClickHouseError
from metric_assets.local.chdb_http.request import Query, read_query
from metric_assets.local.chdb_http.response import Response

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

_SPOOL_BYTES = 32 << 20
_END_MARK_BYTES = 8  # Of an Arrow stream.


class QueryEndpoint:
    """The ASGI application at "/": one statement a request."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._executor = Executor(engine)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = Request(scope, receive)
        response = Response(send, version=self._engine.version, timezone=self._engine.timezone)
        query_id = request.query_params.get("query_id", "")
        try:
            if request.method in {"GET", "HEAD"} and "query" not in request.query_params:
                await PlainTextResponse("Ok.\n")(scope, receive, send)
                return
            query = await read_query(request)
            query_id = query.call.query_id
            with self._executor.claimed(query_id):
                await self._serve(query, receive, response)
        except ClientDisconnect:
            pass
        except ClickHouseError as error:
            await response.fail(error, query_id)

    async def _serve(self, query: Query, receive: Receive, response: Response) -> None:
        if query.statement.takes_data:
            result = await self._executor.insert(query)
            await response.send_whole(result, query.call.query_id, None)
        elif query.statement.reads:
            await self._read(query, receive, response)
        else:
            result = await self._executor.run(query)
            shown = query.format if query.statement.answers or result.body else None
            await response.send_whole(result, query.call.query_id, shown)

    async def _read(self, query: Query, receive: Receive, response: Response) -> None:
        reader, task = self._executor.read(query)
        watch = asyncio.create_task(self._kill_when_gone(query, receive, task))
        try:
            if query.waits:
                await _send_when_complete(query, read_pieces(reader), task, response)
            else:
                await _send_as_it_comes(query, read_pieces(reader), task, response)
        finally:
            watch.cancel()
            if not task.done():
                await asyncio.shield(self._executor.kill_until_done(query.call.query_id, task))
            os.close(reader)

    async def _kill_when_gone(
        self, query: Query, receive: Receive, task: asyncio.Task[Result]
    ) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        # What it has written is still taken out of the pipe, so it can come to its end.
        await self._executor.kill_until_done(query.call.query_id, task)


async def _send_when_complete(
    query: Query, pieces: AsyncIterator[bytes], task: asyncio.Task[Result], response: Response
) -> None:
    with tempfile.SpooledTemporaryFile(_SPOOL_BYTES) as spool:
        async for piece in pieces:
            spool.write(piece)
        result = await task
        spool.seek(0)
        await response.start(query.call.query_id, fmt=query.format, result=result)
        while piece := spool.read(PIECE_BYTES):
            await response.write(piece)
        await response.end()


async def _send_as_it_comes(
    query: Query, pieces: AsyncIterator[bytes], task: asyncio.Task[Result], response: Response
) -> None:
    # As ClickHouse does, hold back the first part: what fails early fails with a status.
    held = b""
    async for piece in pieces:
        held += piece
        if len(held) >= PIECE_BYTES:
            break
    else:
        result = await task
        await response.start(query.call.query_id, fmt=query.format, result=result)
        await response.write(held)
        await response.end()
        return
    await response.start(query.call.query_id, fmt=query.format)
    async for piece in pieces:
        # chdb ends an Arrow stream properly even when its query fails: whoever reads up to the
        # end mark must not find one before success is known.
        await response.write(held[:-_END_MARK_BYTES])
        held = held[-_END_MARK_BYTES:] + piece
    await response.write(held[:-_END_MARK_BYTES])
    await task
    await response.write(held[-_END_MARK_BYTES:])
    await response.end()


def build_app(engine: Engine) -> Starlette:
    """The whole interface."""

    async def ping(_: Request) -> PlainTextResponse:
        return PlainTextResponse("Ok.\n")

    return Starlette(
        routes=[
            Route("/ping", ping),
            Route("/replicas_status", ping),
            Route("/", QueryEndpoint(engine)),
        ]
    )
