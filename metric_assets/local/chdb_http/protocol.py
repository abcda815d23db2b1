"""How ClickHouse speaks HTTP: status codes, wording of errors, form fields, media types.

Translations between bytes of the protocol and plain values belong here. Running queries does not.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_STATUS = (
    # What exceptionCodeToHTTPStatus.cpp of the server maps; everything else is a 500.
    (400, {6, 8, 15, 25, 26, 27, 36, 37, 38, 41, 44, 53, 62, 72, 117, 123, 167, 168, 223}),
    (400, {321, 376, 427, 441, 675, 676}),
    (401, {194}),
    (403, {192, 193, 497, 512, 516}),
    (404, {46, 47, 50, 56, 60, 63, 73, 78, 81, 115, 152, 336, 511}),
    (408, {159}),
    (411, {381}),
    (413, {229}),
    (415, {779}),
    (501, {48}),
    (503, {76, 209, 439}),
)

_CONTENT_TYPES = {
    "TabSeparated": "text/tab-separated-values; charset=UTF-8",
    "TSV": "text/tab-separated-values; charset=UTF-8",
    "CSV": "text/csv; charset=UTF-8; header=absent",
    "JSON": "application/json; charset=UTF-8",
    "JSONCompact": "application/json; charset=UTF-8",
    "JSONEachRow": "application/x-ndjson; charset=UTF-8",
    "Pretty": "text/plain; charset=UTF-8",
    "Vertical": "text/plain; charset=UTF-8",
}


class ClickHouseError(Exception):
    """A refusal in ClickHouse's own terms: a code, and a text that ends with the code's name."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code

    @classmethod
    def build(cls, code: int, text: str, name: str) -> ClickHouseError:
        """A refusal of the server itself, worded the way the engine words its own."""
        return cls(code, f"Code: {code}. DB::Exception: {text}. ({name})")

    @classmethod
    def from_engine(cls, error: BaseException) -> ClickHouseError:
        """What the engine raised; its text carries the code."""
        text = str(error)
        match = re.search(r"Code: (\d+)\. ", text)
        if match is None:
            return cls(1002, f"Code: 1002. DB::Exception: {text}. (UNKNOWN_EXCEPTION)")
        return cls(int(match.group(1)), text[match.start() :])

    @property
    def status(self) -> int:
        """The HTTP status that ClickHouse answers this code with."""
        return next((status for status, codes in _STATUS if self.code in codes), 500)


def not_served(what: str, instead: str) -> ClickHouseError:
    """The refusal of what this server leaves out."""
    text = f"Not supported by this server, which is chDB behind HTTP: {what}; {instead}"
    return ClickHouseError.build(48, text, "NOT_IMPLEMENTED")


def content_type(format_name: str) -> str:
    """The media type of an output format."""
    return _CONTENT_TYPES.get(format_name, "application/octet-stream")


def parse_form(body: bytes, media_type: str) -> dict[str, str]:
    """The fields of a multipart form; a file in it would be an external table and is refused."""
    boundary = re.search(r'boundary="?([^";]+)"?', media_type)
    if boundary is None:
        raise ClickHouseError.build(36, "multipart/form-data without a boundary", "BAD_ARGUMENTS")
    fields: dict[str, str] = {}
    for part in (b"\r\n" + body).split(b"\r\n--" + boundary.group(1).encode())[1:-1]:
        head, _, value = part.partition(b"\r\n\r\n")
        if re.search(rb"\bfilename\*?=", head):
            raise not_served("external tables", "insert the rows into a table")
        name = re.search(rb'\bname="([^"]*)"', head)
        if name is not None:
            fields[name.group(1).decode()] = value.decode("utf-8", "surrogateescape")
    return fields


def exception_block(tag: str, message: str) -> bytes:
    """What ClickHouse appends to a result that breaks off, between markers that hold the tag."""
    text = message.encode()
    head = f"\r\n__exception__\r\n{tag}\r\n".encode()
    return head + text + f"\n{len(text)} {tag}\r\n__exception__\r\n".encode()


def quoted(value: str) -> str:
    """A string literal."""
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def is_on(params: Mapping[str, str], name: str) -> bool:
    """Whether a boolean URL parameter is set."""
    return params.get(name, "0").lower() in {"1", "true", "yes", "on"}
