"""ClickHouse's HTTP interface over the embedded engine, for the demo, the tests and a first look.

NOT FOR PRODUCTION. It listens on 127.0.0.1 only and asks nobody for a password: any user name is
accepted and runs as the engine's one user. Files and the network are open to every statement.

Routes belong here, and how a result becomes a response: the part of the interface that
clickhouse-connect and curl use. Running statements is clickhouse_statements.py, the process around
all this clickhouse_process.py.
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

from metric_assets.local.clickhouse_answer import Answer
from metric_assets.local.clickhouse_engine import Engine, Outcome
from metric_assets.local.clickhouse_pipe import PIECE_BYTES, pieces
from metric_assets.local.clickhouse_request import Ask, read_ask
from metric_assets.local.clickhouse_sessions import Sessions
from metric_assets.local.clickhouse_statements import Statements
from metric_assets.local.clickhouse_wire import WireError

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

_SPOOL_BYTES = 32 << 20
_END_MARK_BYTES = 8  # Of an Arrow stream.


class QueryEndpoint:
    """The ASGI application at "/": one statement a request."""

    def __init__(self, engine: Engine, sessions: Sessions) -> None:
        self._engine = engine
        self._statements = Statements(engine, sessions)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = Request(scope, receive)
        answer = Answer(
            send,
            self._statements.threaded,
            version=self._engine.version,
            timezone=self._engine.timezone,
        )
        query_id = request.query_params.get("query_id", "")
        try:
            if request.method in {"GET", "HEAD"} and "query" not in request.query_params:
                await PlainTextResponse("Ok.\n")(scope, receive, send)
                return
            ask = await read_ask(request)
            query_id = ask.call.query_id
            with self._statements.claimed(query_id):
                await self._serve(ask, receive, answer)
        except ClientDisconnect:
            pass
        except WireError as error:
            await answer.fail(error, query_id)

    async def _serve(self, ask: Ask, receive: Receive, answer: Answer) -> None:
        if ask.statement.takes_data:
            await answer.whole(await self._statements.insert(ask), ask.call.query_id, None, "")
        elif ask.statement.reads:
            await self._read(ask, receive, answer)
        else:
            outcome = await self._statements.run(ask)
            shown = ask.format if ask.statement.answers or outcome.body else None
            await answer.whole(outcome, ask.call.query_id, shown, ask.accept_encoding)

    async def _read(self, ask: Ask, receive: Receive, answer: Answer) -> None:
        reader, query = self._statements.read(ask)
        watch = asyncio.create_task(self._kill_when_gone(ask, receive, query))
        try:
            if ask.waits:
                await _send_when_complete(ask, pieces(reader), query, answer)
            else:
                await _send_as_it_comes(ask, pieces(reader), query, answer)
        finally:
            watch.cancel()
            if not query.done():
                await asyncio.shield(self._statements.kill_until_done(ask.call.query_id, query))
            os.close(reader)

    async def _kill_when_gone(
        self, ask: Ask, receive: Receive, query: asyncio.Task[Outcome]
    ) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        # What it has written is still taken out of the pipe, so it can come to its end.
        await self._statements.kill_until_done(ask.call.query_id, query)


async def _send_when_complete(
    ask: Ask, parts: AsyncIterator[bytes], query: asyncio.Task[Outcome], answer: Answer
) -> None:
    with tempfile.SpooledTemporaryFile(_SPOOL_BYTES) as spool:
        async for part in parts:
            spool.write(part)
        outcome = await query
        spool.seek(0)
        await _start(ask, answer, outcome)
        while part := spool.read(PIECE_BYTES):
            await answer.piece(part)
        await answer.end()


async def _send_as_it_comes(
    ask: Ask, parts: AsyncIterator[bytes], query: asyncio.Task[Outcome], answer: Answer
) -> None:
    # As ClickHouse does, hold back the first part: what fails early fails with a status.
    held = b""
    async for part in parts:
        held += part
        if len(held) >= PIECE_BYTES:
            break
    else:
        await _start(ask, answer, await query)
        await answer.piece(held)
        await answer.end()
        return
    await _start(ask, answer, None)
    async for part in parts:
        # chdb ends an Arrow stream properly even when its query fails: whoever reads up to the
        # end mark must not find one before success is known.
        await answer.piece(held[:-_END_MARK_BYTES])
        held = held[-_END_MARK_BYTES:] + part
    await answer.piece(held[:-_END_MARK_BYTES])
    await query
    await answer.piece(held[-_END_MARK_BYTES:])
    await answer.end()


async def _start(ask: Ask, answer: Answer, outcome: Outcome | None) -> None:
    await answer.start(
        ask.call.query_id, fmt=ask.format, accept_encoding=ask.accept_encoding, outcome=outcome
    )


def build_app(engine: Engine, sessions: Sessions) -> Starlette:
    """The whole interface."""

    async def ping(_: Request) -> PlainTextResponse:
        return PlainTextResponse("Ok.\n")

    return Starlette(
        routes=[
            Route("/ping", ping),
            Route("/replicas_status", ping),
            Route("/", QueryEndpoint(engine, sessions)),
        ]
    )


if __name__ == "__main__":
    from metric_assets.local.clickhouse_process import main

    main()
