"""Starting, finding and stopping the process of the embedded ClickHouse, from outside.

Ports, processes and health belong here; what the process does is clickhouse_process.py.
"""

from __future__ import annotations

import http.client
import importlib.util
import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from metric_assets.local.errors import LocalStackError
from metric_assets.local.layout import Layout, is_locked, read_state, tail

PORT_VARIABLE = "METRIC_ASSETS_LOCAL_CLICKHOUSE_PORT"
_DEFAULT_PORT = 8123
_HOST = "127.0.0.1"
_HEALTHY_SECONDS = 60.0
_STOP_SECONDS = 20.0

Report = Callable[[str], None]


def running_port(layout: Layout) -> int | None:
    """The port of the living server of this home; None when there is none."""
    pid, state = running_pid(layout), read_state(layout.clickhouse_state)
    # The state file outlives its server; only one written by the living process counts.
    return int(state["port"]) if pid is not None and state.get("pid") == pid else None


def running_pid(layout: Layout) -> int | None:
    """The process that serves this home; the lock proves that the number is not stale."""
    if not is_locked(layout.clickhouse_lock):
        return None
    with suppress(OSError, ValueError):
        return int(layout.clickhouse_lock.read_text())
    return None


def url(port: int) -> str:
    """The URL of the database everything lives in; any user and password would do."""
    return f"http://default:@{_HOST}:{port}/default"


def expected_port(layout: Layout) -> int:
    """The port the server had last, or the one it would try first."""
    return int(read_state(layout.clickhouse_state).get("port", _DEFAULT_PORT))


def start(layout: Layout, port: int | None, report: Report) -> int:
    """Make sure the server of this home runs and answers; the port it has."""
    running = running_pid(layout)
    if running is None:
        chosen = _choose_port(layout, port, report)
        report(f"ClickHouse: starting on {_HOST}:{chosen}")
        running = _spawn(layout, chosen)
    _wait_until_healthy(layout, running)
    actual = running_port(layout)
    if actual is None or (port is not None and actual != port):
        raise LocalStackError(
            f"port {port}: ClickHouse of {layout.home} already runs on {actual};"
            " stop it first (metric-assets local down) to move it"
        )
    return actual


def stop(layout: Layout, report: Report) -> None:
    """Stop the server of this home if it runs: politely, then not."""
    pid = running_pid(layout)
    if pid is None:
        return
    report(f"ClickHouse: stopping (pid {pid})")
    for kind, seconds in ((signal.SIGTERM, _STOP_SECONDS), (signal.SIGKILL, 5.0)):
        with suppress(ProcessLookupError):
            os.kill(pid, kind)
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if not is_locked(layout.clickhouse_lock):
                # The lock goes a moment before the process: as a child it would stay a zombie.
                time.sleep(0.02)
                _reap(pid)
                return
            time.sleep(0.02)
    raise LocalStackError(f"ClickHouse: process {pid} of {layout.home} does not end; kill it")


def _reap(pid: int) -> int | None:
    """How a process of ours ended, if it is a child of this process and has ended."""
    with suppress(ChildProcessError):
        ended, state = os.waitpid(pid, os.WNOHANG)
        if ended == pid:
            return os.waitstatus_to_exitcode(state)
    return None


def _choose_port(layout: Layout, asked: int | None, report: Report) -> int:
    remembered = read_state(layout.clickhouse_state).get("port")
    named = os.environ.get(PORT_VARIABLE, "")
    if named and not (named.isdigit() and 0 < int(named) < 65_536):
        raise LocalStackError(f"{PORT_VARIABLE}: {named!r} is not a port number; set 1 to 65535")
    if asked is not None:
        explicit, port = True, asked
    elif isinstance(remembered, int):
        explicit, port = False, remembered
    else:
        explicit, port = bool(named), int(named or _DEFAULT_PORT)
    if not why_not(port):
        return port
    if explicit:
        raise LocalStackError(
            f"port {port}: {why_not(port)}; free it, or choose another with --port (of"
            f" `metric-assets local up` and `demo`) or {PORT_VARIABLE}"
        )
    report(f"ClickHouse: port {port} is taken by another program, choosing a free one")
    with socket.socket() as probe:
        probe.bind((_HOST, 0))
        return int(probe.getsockname()[1])


def why_not(port: int) -> str:
    """Why a server of ours cannot listen on a port; empty if it can."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((_HOST, port))
        except PermissionError:
            return "this user may not listen on it"
        except OSError:
            return "taken by another program"
    return ""


def _spawn(layout: Layout, port: int) -> int:
    missing = [
        m for m in ("chdb", "uvicorn", "starlette", "lz4") if importlib.util.find_spec(m) is None
    ]
    if missing:
        raise LocalStackError(
            f"ClickHouse: {', '.join(missing)} not installed;"
            " run pip install 'metric-assets[local]'"
        )
    sources = str(Path(__file__).resolve().parents[2])
    inherited = os.environ.get("PYTHONPATH")
    path = f"{sources}{os.pathsep}{inherited}" if inherited else sources
    command = [
        sys.executable, "-m", "metric_assets.local.clickhouse_http",
        "--home", str(layout.home), "--port", str(port),
    ]  # fmt: skip
    log = (str(layout.clickhouse_log), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    # Not subprocess: the server outlives this process, which need not be told at its end.
    return os.posix_spawn(
        sys.executable,
        command,
        {**os.environ, "PYTHONPATH": path},
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, *log),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ],
        setsid=True,
    )


def _wait_until_healthy(layout: Layout, pid: int) -> None:
    deadline = time.monotonic() + _HEALTHY_SECONDS
    while time.monotonic() < deadline:
        port = running_port(layout)
        if port is not None and running_pid(layout) == pid and answers(port):
            return
        code = _reap(pid)
        if code is not None:
            raise LocalStackError(
                f"ClickHouse: the server ended with code {code} while starting;"
                f" end of {layout.clickhouse_log}:\n{tail(layout.clickhouse_log)}"
            )
        time.sleep(0.05)
    raise LocalStackError(
        f"ClickHouse: not healthy within {_HEALTHY_SECONDS:g} s;"
        f" end of {layout.clickhouse_log}:\n{tail(layout.clickhouse_log)}"
    )


def answers(port: int) -> bool:
    """Whether a ClickHouse answers a ping there."""
    connection = http.client.HTTPConnection(_HOST, port, timeout=2)
    try:
        connection.request("GET", "/ping")
        return connection.getresponse().read() == b"Ok.\n"
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
