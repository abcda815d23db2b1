"""The server's process: arguments, lock, socket, clean end.

Nothing of the protocol belongs here, nor how the process is started from outside (server.py).
"""

from __future__ import annotations

import argparse
import contextlib
import os
import resource
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import uvicorn

from metric_assets.local.chdb_http.app import build_app
from metric_assets.local.chdb_http.engine import Engine
from metric_assets.local.chdb_http.errors import ServerError
from metric_assets.local.chdb_http.files import Files, locked, write_state
from metric_assets.local.chdb_http.server import HOST

_IDLE_CONNECTION_SECONDS = 3600
_LAST_ANSWERS_SECONDS = 3


def main() -> None:
    """Serve one folder until told to stop."""
    parser = argparse.ArgumentParser(description="ClickHouse's HTTP interface over chDB.")
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    arguments = parser.parse_args()
    try:
        _serve(Files(arguments.home.resolve()), arguments.port)
    except ServerError as error:
        sys.exit(str(error))


def _serve(files: Files, port: int) -> None:
    os.environ["TZ"] = "UTC"
    time.tzset()
    _allow_many_descriptors()
    files.engine_log.parent.mkdir(parents=True, exist_ok=True)
    # One engine a data folder; the kernel frees the lock however this process ends.
    lock = locked(
        files.lock,
        seconds=3,
        concern=f"ClickHouse data {files.data}",
        remedy="stop that server first, or use another folder",
    )
    with lock as descriptor, _listening(port) as listener:
        os.truncate(descriptor, 0)
        os.write(descriptor, str(os.getpid()).encode())
        _run(files, port, listener)
        # Threads of a statement that does not end must not keep the process.
        sys.stdout.flush()
        os._exit(0)


def _run(files: Files, port: int, listener: socket.socket) -> None:
    engine = Engine(files.data, files.config, files.engine_log)
    config = uvicorn.Config(
        build_app(engine),
        log_level="warning",
        access_log=False,
        timeout_keep_alive=_IDLE_CONNECTION_SECONDS,
        timeout_graceful_shutdown=_LAST_ANSWERS_SECONDS,
        h11_max_incomplete_event_size=16 << 20,
    )
    write_state(files.state, {"port": port, "pid": os.getpid()})
    with contextlib.suppress(KeyboardInterrupt):
        uvicorn.Server(config).run(sockets=[listener])
    engine.close()


@contextlib.contextmanager
def _listening(port: int) -> Iterator[socket.socket]:
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, port))
        except OSError as error:
            raise ServerError(f"port {port}: {error}") from error
        yield listener


def _allow_many_descriptors() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 65536)), hard))
