"""The encodings of HTTP bodies that ClickHouse and its clients agree on.

Compressing results and decompressing request bodies piece by piece belong here, nothing else.
"""

from __future__ import annotations

import sys
import zlib
from collections.abc import Callable
from typing import Any, Protocol, cast

import lz4.frame

from metric_assets.local.clickhouse_wire import WireError

# clickhouse-connect brings the backport where the standard library has no zstd yet.
if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd


class Codec(Protocol):
    """A compressor: feed it, then flush it."""

    def compress(self, data: bytes) -> bytes:
        """What the next bytes add to the compressed stream."""
        ...

    def flush(self) -> bytes:
        """The end of the compressed stream."""
        ...


class _Lz4Codec:
    def __init__(self) -> None:
        self._frame = lz4.frame.LZ4FrameCompressor()
        self._header = cast(bytes, self._frame.begin())

    def compress(self, data: bytes) -> bytes:
        header, self._header = self._header, b""
        return header + cast(bytes, self._frame.compress(data))

    def flush(self) -> bytes:
        header, self._header = self._header, b""
        return header + cast(bytes, self._frame.flush())


# The fastest level of each: both ends share one machine.
_CODECS: dict[str, Callable[[], Codec]] = {
    "lz4": _Lz4Codec,
    "zstd": lambda: zstd.ZstdCompressor(level=1),
    "gzip": lambda: zlib.compressobj(1, wbits=31),
    "deflate": lambda: zlib.compressobj(1, wbits=15),
}

_FRAMES: dict[str, Callable[[], Any]] = {
    "lz4": lz4.frame.LZ4FrameDecompressor,
    "zstd": zstd.ZstdDecompressor,
    "gzip": lambda: zlib.decompressobj(wbits=47),
    "deflate": lambda: zlib.decompressobj(wbits=47),
}


def build_codec(accept_encoding: str) -> tuple[str, Codec] | None:
    """The first encoding of the client's list that is at hand, with a fresh compressor."""
    for entry in accept_encoding.split(","):
        name = entry.split(";")[0].strip().lower()
        if name in _CODECS:
            return name, _CODECS[name]()
    return None


class Decoder:
    """Decompresses a body of several frames in a row: clients send one a block of theirs."""

    def __init__(self, encoding: str) -> None:
        self._encoding = encoding
        self._frame: Any = None

    def decompress(self, data: bytes, *, last: bool) -> bytes:
        """The plain bytes of the next piece; a body must not end inside a frame."""
        parts: list[bytes] = []
        try:
            while data:
                self._frame = self._frame or _FRAMES[self._encoding]()
                parts.append(self._frame.decompress(data))
                data = b""
                if self._frame.eof:
                    data, self._frame = self._frame.unused_data or b"", None
        except Exception as error:  # Every codec has exceptions of its own.
            raise self._refusal(str(error)) from error
        if last and self._frame is not None:
            raise self._refusal("it ends in the middle of a frame")
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _refusal(self, reason: str) -> WireError:
        text = f"Cannot decompress the {self._encoding} body: {reason}"
        return WireError.build(271, text, "CANNOT_DECOMPRESS")


def build_decoder(content_encoding: str) -> Decoder | None:
    """The decoder of a request body; None when it is plain."""
    name = content_encoding.strip().lower()
    if name in {"", "identity"}:
        return None
    if name in _FRAMES:
        return Decoder(name)
    text = f"Content-Encoding '{name}' is not supported: send {', '.join(_FRAMES)} or nothing"
    raise WireError.build(89, text, "UNKNOWN_COMPRESSION_METHOD")
