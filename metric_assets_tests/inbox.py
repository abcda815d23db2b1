"""A real HTTP server that alerts are sent to: it keeps what it is sent, fails, dawdles or hangs."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Inbox:
    """What was sent to ``port``; answers ``status`` after ``seconds``."""

    port: int = 0
    status: int = 200
    seconds: float = 0
    #: Send an answer byte by byte, one in so many seconds: no read ever times out.
    drip: float = 0
    messages: list[dict[str, Any]] = field(default_factory=list)

    @property
    def address(self) -> str:
        """Its address as apprise reads it, with a password that nobody may see."""
        return f"json://sender:s3cr3t-t0ken@127.0.0.1:{self.port}/hidden-path"

    @property
    def titles(self) -> list[str]:
        """Titles of all messages."""
        return [message["title"] for message in self.messages]


@contextmanager
def open_inbox(**behavior: Any) -> Iterator[Inbox]:
    """An inbox on a free port of this machine."""
    inbox = Inbox(**behavior)
    closing = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["content-length"])
            inbox.messages.append(json.loads(self.rfile.read(length)))
            closing.wait(inbox.seconds)
            self.send_response(inbox.status)
            self.end_headers()
            end = time.monotonic() + 60
            with suppress(OSError):
                while inbox.drip and not closing.wait(inbox.drip) and time.monotonic() < end:
                    self.wfile.write(b".")

        def log_message(self, format: str, *args: Any) -> None:
            del format, args

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    inbox.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield inbox
    finally:
        closing.set()
        server.shutdown()
        server.server_close()
