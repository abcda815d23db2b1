"""One HTTP request to the embedded ClickHouse, taken apart.

Reading URL, headers, form and body belongs here. Running what they ask for does not.
"""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from metric_assets.local.clickhouse_codecs import build_decoder
from metric_assets.local.clickhouse_engine import Call
from metric_assets.local.clickhouse_pipe import PIECE_BYTES
from metric_assets.local.clickhouse_sql import Statement, StatementError, parse
from metric_assets.local.clickhouse_wire import WireError, is_on, parse_form

if TYPE_CHECKING:
    from starlette.requests import Request

# Parameters of the HTTP interface; every other one is a setting.
_INTERFACE = frozenset(
    {"query", "database", "user", "password", "quota_key", "stacktrace", "role", "query_id"}
    | {"session_id", "session_timeout", "session_check", "close_session"}
    | {"compress", "decompress", "default_format", "client_protocol_version"}
    | {"buffer_size", "wait_end_of_query"}
)


@dataclass(frozen=True)
class External:
    """A table the client sends along with its query."""

    name: str
    structure: str
    format: str
    data: bytes


@dataclass
class Upload:
    """A request body, decoded piece by piece."""

    stream: AsyncIterator[bytes]
    encoding: str
    ended: bool = False

    def __post_init__(self) -> None:
        self._decoder = build_decoder(self.encoding)

    async def take(self) -> bytes:
        """The next raw piece of about PIECE_BYTES; empty at the end."""
        parts: list[bytes] = []
        size = 0
        async for part in self.stream:
            parts.append(part)
            size += len(part)
            if size >= PIECE_BYTES:
                return b"".join(parts)
        self.ended = True
        return b"".join(parts)

    def decode(self, piece: bytes) -> bytes:
        """The plain bytes of a raw piece; may be called from another thread, in order."""
        if self._decoder is None:
            return piece
        return self._decoder.decompress(piece, last=self.ended)

    async def rest(self) -> bytes:
        """Everything that is left, decoded."""
        parts = []
        while not self.ended:
            parts.append(self.decode(await self.take()))
        return b"".join(parts)


@dataclass(frozen=True)
class Ask:
    """A request in plain values. ``rows`` are the first bytes of an INSERT's data."""

    call: Call
    statement: Statement
    upload: Upload
    params: Mapping[str, str]
    default_format: str
    accept_encoding: str
    rows: bytes = b""
    externals: tuple[External, ...] = ()

    @property
    def format(self) -> str:
        """The format of the result."""
        return self.statement.format or self.default_format

    @property
    def waits(self) -> bool:
        """Whether the answer may begin only when all of it is known."""
        return is_on(self.params, "wait_end_of_query")


@dataclass
class _Parts:
    params: dict[str, str]
    text: bytes = b""
    files: dict[str, bytes] = field(default_factory=dict)


async def read_ask(request: Request) -> Ask:
    """Take a request apart, reading as much of its body as its statement needs."""
    params = dict(request.query_params)
    for name in ("compress", "decompress"):
        if is_on(params, name):
            raise WireError.build(
                48, f"URL parameter {name}: use Accept-Encoding or Content-Encoding",
                "NOT_IMPLEMENTED",
            )  # fmt: skip
    upload = Upload(request.stream(), request.headers.get("content-encoding", ""))
    parts = await _gather(request, upload, params)
    statement = _statement(parts.text) if _inserts(parts.text) else None
    if statement is None or not statement.takes_data:
        # Only the data of an INSERT may be left unread; a statement is read to its end.
        parts.text += await upload.rest()
        statement = _statement(parts.text)
    header = request.headers.get("x-clickhouse-format")
    compresses = is_on(parts.params, "enable_http_compression")
    return Ask(
        _call(request, parts),
        statement,
        upload,
        parts.params,
        parts.params.get("default_format") or header or "TabSeparated",
        request.headers.get("accept-encoding", "") if compresses else "",
        rows=parts.text[statement.data_start :] if statement.data_start is not None else b"",
        externals=tuple(_externals(parts)),
    )


async def _gather(request: Request, upload: Upload, params: dict[str, str]) -> _Parts:
    url_text = params.get("query", "").encode()
    content = request.headers.get("content-type", "")
    # curl calls every body a urlencoded form; ClickHouse takes only multipart for one.
    if content.startswith("multipart/form-data"):
        form = parse_form(await upload.rest(), content)
        if form is not None:
            posted = form.fields.pop("query", "").encode("utf-8", "surrogateescape")
            return _Parts({**params, **form.fields}, url_text + posted, form.files)
    body = upload.decode(await upload.take())
    return _Parts(params, url_text + b"\n" + body if url_text and body else url_text + body)


def _inserts(text: bytes) -> bool:
    return b"insert" in text[:4096].lower()


def _statement(text: bytes) -> Statement:
    try:
        return parse(text.decode("latin-1"))
    except StatementError as error:
        raise WireError.build(62, str(error), "SYNTAX_ERROR") from error


def _call(request: Request, parts: _Parts) -> Call:
    ours = {f"{name}_{what}" for name in parts.files for what in ("format", "structure", "types")}
    settings = {
        name: value
        for name, value in parts.params.items()
        if name not in _INTERFACE and name not in ours and not name.startswith("param_")
    }
    if request.method in {"GET", "HEAD"}:
        settings["readonly"] = "2"  # As ClickHouse does: a link that is followed changes nothing.
    return Call(
        query_id=parts.params.get("query_id") or str(uuid.uuid4()),
        settings=settings,
        parameters={k[6:]: v for k, v in parts.params.items() if k.startswith("param_")},
        database=parts.params.get("database") or request.headers.get("x-clickhouse-database"),
    )


def _externals(parts: _Parts) -> list[External]:
    found = []
    for name, data in parts.files.items():
        structure = parts.params.get(f"{name}_structure")
        if structure is None:
            types = parts.params.get(f"{name}_types", "").split(",")
            structure = ", ".join(f"_{index} {kind}" for index, kind in enumerate(types, 1))
        form = parts.params.get(f"{name}_format", "TabSeparated")
        found.append(External(name, structure, form, data))
    return found
