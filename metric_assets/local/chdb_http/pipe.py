"""Pipes between the event loop and the engine: results come out of one, rows go into one.

The engine reads and writes files, and /dev/fd/N is one. So a result is one well-formed stream of
its format, rows may be any bytes, nothing is held in memory but the pipe, and whoever is slower
slows the other down. Only moving bytes belongs here.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
from collections.abc import AsyncIterator, Callable
from typing import Any

PIECE_BYTES = 1 << 20
"""Bodies and results move in pieces of about this size."""

_F_SETPIPE_SZ = 1031  # Linux's; fcntl names it on Linux only.


def open_pipe(*, reads_here: bool) -> tuple[int, int]:
    """Both ends of a pipe; the end of this side does not block."""
    reader, writer = os.pipe()
    os.set_blocking(reader if reads_here else writer, False)
    with contextlib.suppress(OSError):  # A larger pipe is faster, not needed.
        fcntl.fcntl(writer, _F_SETPIPE_SZ, PIECE_BYTES)
    return reader, writer


async def read_pieces(reader: int) -> AsyncIterator[bytes]:
    """What comes out of a pipe, until its writers have closed it."""
    loop = asyncio.get_running_loop()
    while True:
        try:
            data = os.read(reader, PIECE_BYTES)
        except BlockingIOError:
            await _ready(reader, loop.add_reader, loop.remove_reader)
            continue
        if not data:
            return
        yield data


async def write_all(writer: int, data: bytes, reading: asyncio.Future[Any]) -> None:
    """Put bytes into a pipe; give up once ``reading``, which takes them out, has ended."""
    loop = asyncio.get_running_loop()
    left = memoryview(data)
    while left and not reading.done():
        try:
            left = left[os.write(writer, left) :]
        except BlockingIOError:  # noqa: PERF203 - a full pipe is the rule here, not an accident.
            await _ready(writer, loop.add_writer, loop.remove_writer, reading)
        except BrokenPipeError:  # The reader has just failed: its own error says why.
            await asyncio.wait({reading})


async def _ready(
    descriptor: int,
    add: Callable[..., None],
    remove: Callable[[int], object],
    other: asyncio.Future[Any] | None = None,
) -> None:
    """Wait until a descriptor is ready, or the other future is done."""
    ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def wake() -> None:
        if not ready.done():
            ready.set_result(None)

    add(descriptor, wake)
    try:
        awaited = {ready} if other is None else {ready, other}
        await asyncio.wait(awaited, return_when=asyncio.FIRST_COMPLETED)
    finally:
        remove(descriptor)
        ready.cancel()
