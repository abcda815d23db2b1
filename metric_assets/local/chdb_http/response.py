"""One HTTP response: its head once, then its body, then its end.

Headers and the reporting of failures belong here. What the result is, and where it comes from,
does not. Results are never compressed: both ends share one machine.
"""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING

from metric_assets.local.chdb_http.engine import Result
from metric_assets.local.chdb_http.protocol import (
    ClickHouseError,
    content_type,
    exception_block,
)

if TYPE_CHECKING:
    from starlette.types import Send


class Response:
    """The response to one request."""

    def __init__(self, send: Send, *, version: str, timezone: str) -> None:
        self._send = send
        self._version = version
        self._timezone = timezone
        self._tag = secrets.token_hex(8)
        self._started = False

    async def start(
        self, query_id: str, *, fmt: str | None = None, result: Result | None = None
    ) -> None:
        """Send the head of a success; the result is known unless it is still coming."""
        headers = {
            "Content-Type": content_type(fmt or "TabSeparated"),
            "X-ClickHouse-Server-Display-Name": "chdb",
            "X-ClickHouse-Query-Id": query_id,
            "X-ClickHouse-Timezone": self._timezone,
            "X-ClickHouse-Summary": json.dumps((result or Result()).summary()),
            "X-ClickHouse-Exception-Tag": self._tag,
        }
        if fmt is not None:
            headers["X-ClickHouse-Format"] = fmt
        await self._head(200, headers)

    async def write(self, data: bytes) -> None:
        """Send a part of the result."""
        if data:
            await self._body(data, more=True)

    async def end(self) -> None:
        """The result is complete."""
        await self._body(b"", more=False)

    async def send_whole(self, result: Result, query_id: str, fmt: str | None) -> None:
        """Send a small result in one go."""
        await self.start(query_id, fmt=fmt, result=result)
        await self._body(result.body, more=False)

    async def fail(self, error: ClickHouseError, query_id: str = "") -> None:
        """Report a failure: as a status while that is possible, else inside the result."""
        if self._started:
            # No closing chunk: a client that ignores the marker still sees that the result is cut.
            await self._body(exception_block(self._tag, str(error)), more=True)
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
        await self._body(f"{text}\n".encode(), more=False)

    async def _head(self, status: int, headers: dict[str, str]) -> None:
        self._started = True
        raw = [(k.lower().encode(), v.encode("latin-1", "replace")) for k, v in headers.items()]
        await self._send({"type": "http.response.start", "status": status, "headers": raw})

    async def _body(self, data: bytes, *, more: bool) -> None:
        await self._send({"type": "http.response.body", "body": data, "more_body": more})
