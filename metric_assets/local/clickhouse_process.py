"""The process around the embedded ClickHouse: arguments, lock, socket, clean end.

Nothing of the protocol belongs here, nor how the process is started from outside.
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

from metric_assets.local.clickhouse_engine import Engine
from metric_assets.local.clickhouse_http import build_app
from metric_assets.local.clickhouse_sessions import Sessions
from metric_assets.local.errors import LocalStackError
from metric_assets.local.layout import Layout, locked, write_state

HOST = "127.0.0.1"
"""The only address the server ever listens on."""

_IDLE_CONNECTION_SECONDS = 3600
_LAST_ANSWERS_SECONDS = 3


def main() -> None:
    """Serve one home until told to stop."""
    parser = argparse.ArgumentParser(description="ClickHouse's HTTP interface over chdb (local).")
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    arguments = parser.parse_args()
    try:
        _serve(Layout.of(arguments.home), arguments.port)
    except LocalStackError as error:
        sys.exit(str(error))


def _serve(layout: Layout, port: int) -> None:
    os.environ["TZ"] = "UTC"
    time.tzset()
    _allow_many_descriptors()
    for folder in (layout.home, layout.logs):
        folder.mkdir(parents=True, exist_ok=True)
    # One engine a data folder; the kernel frees the lock however this process ends.
    lock = locked(
        layout.clickhouse_lock,
        seconds=3,
        concern=f"ClickHouse data {layout.clickhouse}",
        remedy="stop that server first (metric-assets local down) or use another home",
    )
    with lock as descriptor, _listening(port) as listener:
        os.truncate(descriptor, 0)
        os.write(descriptor, str(os.getpid()).encode())
        _run(layout, port, listener)
        # Threads of a statement that does not end must not keep the process.
        sys.stdout.flush()
        os._exit(0)


def _run(layout: Layout, port: int, listener: socket.socket) -> None:
    engine = Engine(
        layout.clickhouse, layout.home / "clickhouse.xml", layout.logs / "clickhouse-engine.log"
    )
    sessions = Sessions(engine.connect)
    config = uvicorn.Config(
        build_app(engine, sessions),
        log_level="warning",
        access_log=False,
        timeout_keep_alive=_IDLE_CONNECTION_SECONDS,
        timeout_graceful_shutdown=_LAST_ANSWERS_SECONDS,
        h11_max_incomplete_event_size=16 << 20,
    )
    write_state(layout.clickhouse_state, {"port": port, "pid": os.getpid()})
    with contextlib.suppress(KeyboardInterrupt):
        uvicorn.Server(config).run(sockets=[listener])
    sessions.close()
    engine.close()


@contextlib.contextmanager
def _listening(port: int) -> Iterator[socket.socket]:
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, port))
        except OSError as error:
            raise LocalStackError(f"port {port}: {error}") from error
        yield listener


def _allow_many_descriptors() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 65536)), hard))
