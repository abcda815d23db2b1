"""One HTTP request, taken apart.

Reading URL, headers, form and body belongs here. Running what they ask for does not.
"""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from metric_assets.local.chdb_http.engine import Call
from metric_assets.local.chdb_http.pipe import PIECE_BYTES
from metric_assets.local.chdb_http.protocol import (
    ClickHouseError,
    is_on,
    not_served,
    parse_form,
)
from metric_assets.local.chdb_http.statement import Statement, StatementError, parse

if TYPE_CHECKING:
    from starlette.requests import Request

# Parameters of the HTTP interface; every other one is a setting. Clients send a session_id with
# every request; none has state here, so it changes nothing.
_INTERFACE = frozenset(
    {"query", "database", "user", "password", "quota_key", "stacktrace", "role", "query_id"}
    | {"session_id", "session_timeout", "session_check", "close_session"}
    | {"compress", "decompress", "default_format", "client_protocol_version"}
    | {"buffer_size", "wait_end_of_query"}
)


@dataclass
class Body:
    """A request body, read piece by piece."""

    stream: AsyncIterator[bytes]
    ended: bool = False

    async def take(self) -> bytes:
        """The next piece of about PIECE_BYTES; empty at the end."""
        parts: list[bytes] = []
        size = 0
        async for part in self.stream:
            parts.append(part)
            size += len(part)
            if size >= PIECE_BYTES:
                return b"".join(parts)
        self.ended = True
        return b"".join(parts)

    async def rest(self) -> bytes:
        """Everything that is left."""
        parts = []
        while not self.ended:
            parts.append(await self.take())
        return b"".join(parts)


@dataclass(frozen=True)
class Query:
    """A request in plain values.

    ``rows`` are the first bytes of an INSERT's data, ``body`` has the others. With ``waits`` the
    response begins only when all of the result is known.
    """

    call: Call
    statement: Statement
    body: Body
    default_format: str
    waits: bool
    rows: bytes = b""

    @property
    def format(self) -> str:
        """The format of the result."""
        return self.statement.format or self.default_format


async def read_query(request: Request) -> Query:
    """Take a request apart, reading as much of its body as its statement needs."""
    params = dict(request.query_params)
    _check_is_plain(request, params)
    body = Body(request.stream())
    params, text = await _read_text(request, params, body)
    statement = _parse(text) if b"insert" in text[:4096].lower() else None
    if statement is None or not statement.takes_data:
        # Only the data of an INSERT may be left unread; a statement is read to its end.
        text += await body.rest()
        statement = _parse(text)
    header = request.headers.get("x-clickhouse-format")
    return Query(
        _call(request, params),
        statement,
        body,
        params.get("default_format") or header or "TabSeparated",
        is_on(params, "wait_end_of_query"),
        rows=text[statement.data_start :] if statement.data_start is not None else b"",
    )


def _check_is_plain(request: Request, params: Mapping[str, str]) -> None:
    for name in ("compress", "decompress"):
        if is_on(params, name):
            raise not_served(f"URL parameter {name}", "leave it out")
    encoding = request.headers.get("content-encoding", "identity")
    if encoding.strip().lower() not in {"", "identity"}:
        raise not_served(
            f"Content-Encoding {encoding}", "connect without compression (clickhouse-connect:"
            " get_client(…, compress=False))",
        )  # fmt: skip


async def _read_text(
    request: Request, params: dict[str, str], body: Body
) -> tuple[dict[str, str], bytes]:
    """All parameters, and the statement as far as it is read."""
    url_text = params.get("query", "").encode()
    content = request.headers.get("content-type", "")
    # clickhouse-connect sends a form once parameters are longer than 4096 characters. curl calls
    # every body a urlencoded form; ClickHouse takes only multipart for one.
    if content.startswith("multipart/form-data"):
        fields = parse_form(await body.rest(), content)
        posted = fields.pop("query", "").encode("utf-8", "surrogateescape")
        return {**params, **fields}, url_text + posted
    text = await body.take()
    return params, url_text + b"\n" + text if url_text and text else url_text + text


def _parse(text: bytes) -> Statement:
    try:
        statement = parse(text.decode("latin-1"))
    except StatementError as error:
        raise ClickHouseError.build(62, str(error), "SYNTAX_ERROR") from error
    if statement.needs_session:
        raise not_served("sessions", "send settings and database with every request")
    return statement


def _call(request: Request, params: Mapping[str, str]) -> Call:
    settings = {
        name: value
        for name, value in params.items()
        if name not in _INTERFACE and not name.startswith("param_")
    }
    if request.method in {"GET", "HEAD"}:
        settings["readonly"] = "2"  # As ClickHouse does: a link that is followed changes nothing.
    return Call(
        query_id=params.get("query_id") or str(uuid.uuid4()),
        settings=settings,
        parameters={k[6:]: v for k, v in params.items() if k.startswith("param_")},
        database=params.get("database") or request.headers.get("x-clickhouse-database"),
    )
