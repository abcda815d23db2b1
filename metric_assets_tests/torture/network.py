"""A slow way to ClickHouse: every answer takes its time, whatever dies meanwhile.

Belongs here: what lies between a client and a server. Does not belong here: who is killed.
"""

from __future__ import annotations

import socket
import threading
import time
from contextlib import suppress

_PIECE = 1 << 16


class SlowWay:
    """Passes everything on to ``port`` of this machine; answers come ``delay`` seconds late.

    A server that has died hangs up at once; a client that has died leaves the server to go on.
    """

    def __init__(self, port: int, delay: float) -> None:
        self.port = port
        self.delay = delay
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=50)
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def address(self) -> str:
        """Host and port to use instead."""
        return f"127.0.0.1:{self._listener.getsockname()[1]}"

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
            socket.create_connection(("127.0.0.1", self.port)) as server,
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
