"""One HTTP response of the embedded ClickHouse: its head once, then its body, then its end.

Headers, compression of results and the reporting of failures belong here. What the result is, and
where it comes from, does not.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from metric_assets.local.clickhouse_codecs import Codec, build_codec
from metric_assets.local.clickhouse_engine import Outcome
from metric_assets.local.clickhouse_wire import WireError, content_type, exception_block

if TYPE_CHECKING:
    from starlette.types import Send

Threaded = Callable[[Callable[[bytes], bytes], bytes], Awaitable[bytes]]
"""Runs a function of bytes in another thread."""


class Answer:
    """The response to one request."""

    def __init__(self, send: Send, threaded: Threaded, *, version: str, timezone: str) -> None:
        self._send = send
        self._threaded = threaded
        self._version = version
        self._timezone = timezone
        self._tag = secrets.token_hex(8)
        self._codec: Codec | None = None
        self._started = False

    async def start(
        self,
        query_id: str,
        *,
        fmt: str | None = None,
        accept_encoding: str = "",
        outcome: Outcome | None = None,
    ) -> None:
        """Send the head of a success; the outcome is known unless the result is still coming."""
        headers = {
            "Content-Type": content_type(fmt or "TabSeparated"),
            "X-ClickHouse-Server-Display-Name": "metric-assets-local",
            "X-ClickHouse-Query-Id": query_id,
            "X-ClickHouse-Timezone": self._timezone,
            "X-ClickHouse-Summary": json.dumps((outcome or Outcome()).summary()),
            "X-ClickHouse-Exception-Tag": self._tag,
        }
        if fmt is not None:
            headers["X-ClickHouse-Format"] = fmt
        encoded = build_codec(accept_encoding)
        if encoded is not None:
            headers["Content-Encoding"], self._codec = encoded
        await self._head(200, headers)

    async def piece(self, data: bytes) -> None:
        """Send a part of the result."""
        if self._codec is not None:
            data = await self._threaded(self._codec.compress, data)
        if data:
            await self._send({"type": "http.response.body", "body": data, "more_body": True})

    async def end(self) -> None:
        """The result is complete."""
        last = self._codec.flush() if self._codec is not None else b""
        await self._send({"type": "http.response.body", "body": last, "more_body": False})

    async def whole(self, outcome: Outcome, query_id: str, fmt: str | None, accept: str) -> None:
        """Send a small result in one go."""
        accept = accept if outcome.body else ""
        await self.start(query_id, fmt=fmt, accept_encoding=accept, outcome=outcome)
        await self.piece(outcome.body)
        await self.end()

    async def fail(self, error: WireError, query_id: str = "") -> None:
        """Report a failure: as a status while that is possible, else inside the result."""
        if self._started:
            await self._break_off(error)
            return
        text = str(error).strip()
        if "(version " not in text:
            text = f"{text} (version {self._version} (official build))"
        await self._head(
            error.status,
            {
                "Content-Type": "text/plain; charset=UTF-8",
                "X-ClickHouse-Exception-Code": str(error.code),
                "X-ClickHouse-Query-Id": query_id,
                "X-ClickHouse-Timezone": self._timezone,
            },
        )
        body = f"{text}\n".encode()
        await self._send({"type": "http.response.body", "body": body, "more_body": False})

    async def _break_off(self, error: WireError) -> None:
        await self.piece(exception_block(self._tag, str(error)))
        last = self._codec.flush() if self._codec is not None else b""
        # No closing chunk: a client that ignores the marker still sees that the result is cut.
        await self._send({"type": "http.response.body", "body": last, "more_body": True})

    async def _head(self, status: int, headers: dict[str, str]) -> None:
        self._started = True
        raw = [(k.lower().encode(), v.encode("latin-1", "replace")) for k, v in headers.items()]
        await self._send({"type": "http.response.start", "status": status, "headers": raw})
