"""Proxies that spoil a request, delay, balance or fall silent, and sockets that never answer.

Belongs here: what a network can do to a connection. Does not belong here: what has to come of it.
"""

from __future__ import annotations

import socket
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit, urlunsplit

_PIECE = 1 << 16


@dataclass
class Proxy:
    """Passes everything on to ``port`` of this machine, but spoils request number ``nth``.

    ``how``: ``unsent`` (cut before the server gets all of it), ``lost`` (the server did it, nobody
    hears of it), ``truncated`` (half the answer), ``reset`` (as lost, by a reset). Each piece of an
    answer is ``delay`` seconds late.
    """

    port: int
    delay: float = 0.0
    how: str = ""
    nth: int = 0
    requests: int = 0
    spoiled: bool = False
    _guard: threading.Lock = field(default_factory=threading.Lock)
    _listener: socket.socket = field(default_factory=socket.socket)

    @property
    def address(self) -> str:
        """Host and port to use instead."""
        return f"127.0.0.1:{self._listener.getsockname()[1]}"

    def spoil(self, how: str, nth: int) -> None:
        """From now on count requests from one, and spoil the nth."""
        with self._guard:
            self.how, self.nth, self.requests, self.spoiled = how, nth, 0, False

    def serve(self) -> None:
        """Take connections until closed."""
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen(50)
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Take no more."""
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._connection, args=[client], daemon=True).start()

    def _connection(self, client: socket.socket) -> None:
        with client, socket.create_connection(("127.0.0.1", self.port)) as server:
            exchange = _Exchange()
            back = threading.Thread(
                target=self._answers, args=[client, server, exchange], daemon=True
            )
            back.start()
            with suppress(OSError):
                while piece := client.recv(_PIECE):
                    if exchange.answered:
                        with self._guard:
                            self.requests += 1
                            exchange.how = self.how if self.requests == self.nth else ""
                            self.spoiled |= bool(exchange.how)
                        exchange.answered = False
                    if exchange.how == "unsent":
                        server.sendall(piece[: len(piece) // 2])
                        break
                    server.sendall(piece)
            if not exchange.how or exchange.how == "unsent":
                _hang_up(server, client)
            back.join()

    def _answers(self, client: socket.socket, server: socket.socket, exchange: _Exchange) -> None:
        with suppress(OSError):
            while piece := server.recv(_PIECE):
                time.sleep(self.delay)
                exchange.answered = True
                if exchange.how == "truncated":
                    client.sendall(piece[: len(piece) // 2])
                if exchange.how == "reset":
                    # Closing with the linger time zero sends a reset; whoever still reads from it
                    # has to let go first.
                    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                    client.shutdown(socket.SHUT_RD)
                    return
                if exchange.how:
                    break
                client.sendall(piece)
        _hang_up(client, server)


@dataclass
class _Exchange:
    """The request under way on one connection."""

    how: str = ""
    answered: bool = True


def _hang_up(*ends: socket.socket) -> None:
    for end in ends:
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


@contextmanager
def proxy_of(port: int) -> Iterator[Proxy]:
    """A proxy in front of a port."""
    proxy = Proxy(port)
    proxy.serve()
    try:
        yield proxy
    finally:
        proxy.close()


class Balancer:
    """Passes each request on to the next of several ports of this machine, as balancers of a cluster
    do; ``sticky`` ones pass on whole connections.
    """

    def __init__(self, ports: Sequence[int], *, sticky: bool) -> None:
        self._ports = cycle(ports)
        self._sticky = sticky
        self._guard = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=50)
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def port(self) -> int:
        """The port to use instead."""
        return int(self._listener.getsockname()[1])

    def close(self) -> None:
        """Take no more."""
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._connection, args=[client], daemon=True).start()

    def _connection(self, client: socket.socket) -> None:
        """A request is over when the server has answered and the client speaks again."""
        exchange, server = _Exchange(), None
        with client, suppress(OSError):
            while piece := client.recv(_PIECE):
                if server is None or (exchange.answered and not self._sticky):
                    _hang_up(*([server] if server else []))
                    exchange = _Exchange(answered=False)
                    server = self._next(client, exchange)
                exchange.answered = False
                server.sendall(piece)
        _hang_up(*([server] if server else []))

    def _next(self, client: socket.socket, exchange: _Exchange) -> socket.socket:
        with self._guard:
            port = next(self._ports)
        server = socket.create_connection(("127.0.0.1", port))
        threading.Thread(target=self._answers, args=[client, server, exchange], daemon=True).start()
        return server

    def _answers(self, client: socket.socket, server: socket.socket, exchange: _Exchange) -> None:
        with server, suppress(OSError):
            while piece := server.recv(_PIECE):
                exchange.answered = True
                client.sendall(piece)


@contextmanager
def balancer_of(ports: Sequence[int], *, sticky: bool = False) -> Iterator[Balancer]:
    """A balancer in front of ports."""
    balancer = Balancer(ports, sticky=sticky)
    try:
        yield balancer
    finally:
        balancer.close()


@contextmanager
def silent_port() -> Iterator[int]:
    """A port that takes connections and never says a word."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(20)
        yield int(listener.getsockname()[1])


class Relay:
    """Passes connections on to a Unix socket, each piece ``delay`` seconds late, until silenced.

    Silenced, it goes on taking connections and acknowledging, but passes nothing on, either way: a
    firewall that swallows packets, or a server that was stopped.
    """

    def __init__(self, behind: str, front: str) -> None:
        self.delay = 0.0
        self.connections = 0
        self._speaking = threading.Event()
        self._speaking.set()
        self._behind = behind
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(front)
        self._listener.listen(20)
        threading.Thread(target=self._accept, daemon=True).start()

    def silence(self) -> None:
        """From now on pass nothing on."""
        self._speaking.clear()

    def speak(self) -> None:
        """Pass on what was held back, and whatever comes."""
        self._speaking.set()

    def close(self) -> None:
        """Take no more connections."""
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self.connections += 1
                threading.Thread(target=self._connection, args=[client], daemon=True).start()

    def _connection(self, client: socket.socket) -> None:
        with client, socket.socket(socket.AF_UNIX) as server:
            server.connect(self._behind)
            back = threading.Thread(target=self._pass, args=[server, client], daemon=True)
            back.start()
            self._pass(client, server)
            back.join()

    def _pass(self, one: socket.socket, other: socket.socket) -> None:
        with suppress(OSError):
            while piece := one.recv(_PIECE):
                time.sleep(self.delay)
                self._speaking.wait()
                other.sendall(piece)
        _hang_up(one, other)


@contextmanager
def relay_of(postgres_url: str) -> Iterator[tuple[Relay, str]]:
    """A relay in front of a Postgres on a Unix socket, and the URL that leads through it."""
    parts = urlsplit(postgres_url)
    given = parse_qs(parts.query)
    name = f".s.PGSQL.{given.get('port', ['5432'])[0]}"
    with tempfile.TemporaryDirectory(prefix="metric-assets-") as folder:
        relay = Relay(str(Path(given["host"][0]) / name), str(Path(folder) / name))
        try:
            query = "&".join(
                [f"host={quote(folder)}", *(f"port={port}" for port in given.get("port", []))]
            )
            yield relay, urlunsplit(parts._replace(query=query))
        finally:
            relay.speak()
            relay.close()
