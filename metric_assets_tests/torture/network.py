"""A slow way to ClickHouse: every answer takes its time, whatever dies meanwhile.

Belongs here: what lies between a client and a server. Does not belong here: who is killed.
"""

from __future__ import annotations

import socket
import threading
import time
from contextlib import suppress
from urllib.parse import urlsplit, urlunsplit

_PIECE = 1 << 16


class SlowWay:
    """Passes everything on to the server of ``url``; answers come ``delay`` seconds late.

    A server that has died hangs up at once; a client that has died leaves the server to go on.
    """

    def __init__(self, url: str, delay: float) -> None:
        self._url = urlsplit(url)
        self.delay = delay
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=50)
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        """The URL to use instead."""
        user, _, _ = self._url.netloc.rpartition("@")
        way = f"127.0.0.1:{self._listener.getsockname()[1]}"
        return urlunsplit(self._url._replace(netloc=f"{user}@{way}" if user else way))

    def close(self) -> None:
        """Take no more connections."""
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._connection, args=[client], daemon=True).start()

    def _connection(self, client: socket.socket) -> None:
        with (
            client,
            suppress(OSError),
            socket.create_connection((self._url.hostname, self._url.port or 8123)) as server,
        ):
            back = threading.Thread(target=self._pass, args=[server, client, True], daemon=True)
            back.start()
            self._pass(client, server, late=False)
            back.join()

    def _pass(self, source: socket.socket, sink: socket.socket, late: bool) -> None:
        with suppress(OSError):
            while piece := source.recv(_PIECE):
                if late:
                    time.sleep(self.delay)
                sink.sendall(piece)
        for end in (source, sink):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
