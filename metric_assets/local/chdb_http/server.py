"""Starting, finding and stopping the server's process, from outside.

Imports nothing but the standard library: the engine is loaded by the process itself (process.py).
"""

from __future__ import annotations

import http.client
import importlib.util
import os
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path

from metric_assets.local.chdb_http.errors import ServerError
from metric_assets.local.chdb_http.files import Files, is_locked, read_state, tail

HOST = "127.0.0.1"
"""The only address the server ever listens on."""

_PACKAGE = __name__.rpartition(".")[0]
_NEEDS = ("chdb", "uvicorn", "starlette")
_HEALTHY_SECONDS = 60.0
_STOP_SECONDS = 20.0


def missing_packages() -> list[str]:
    """What the process imports and is not installed."""
    return [name for name in _NEEDS if importlib.util.find_spec(name) is None]


def url(port: int) -> str:
    """The URL of the database everything lives in; any user and password would do."""
    return f"http://default:@{HOST}:{port}/default"


def running_port(files: Files) -> int | None:
    """The port of the living server of this folder; None when there is none."""
    pid, state = running_pid(files), read_state(files.state)
    # The state file outlives its server; only one written by the living process counts.
    return int(state["port"]) if pid is not None and state.get("pid") == pid else None


def running_pid(files: Files) -> int | None:
    """The process that serves this folder; the lock says that the number is not stale."""
    if not is_locked(files.lock):
        return None
    with suppress(OSError, ValueError):
        return int(files.lock.read_text())
    return None


def last_port(files: Files) -> int | None:
    """The port that the server of this folder has or had last."""
    port = read_state(files.state).get("port")
    return port if isinstance(port, int) else None


def spawn(files: Files, port: int) -> int:
    """Start the process; its number. It outlives this process."""
    files.log.parent.mkdir(parents=True, exist_ok=True)
    sources = str(Path(__file__).resolve().parents[len(_PACKAGE.split("."))])
    inherited = os.environ.get("PYTHONPATH")
    path = f"{sources}{os.pathsep}{inherited}" if inherited else sources
    command = [sys.executable, "-m", _PACKAGE, "--home", str(files.home), "--port", str(port)]
    log = (str(files.log), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    # Not subprocess, which warns about a child that is still running when this process ends.
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


def wait_until_healthy(files: Files, pid: int) -> int:
    """The port of the server of this folder, once it answers.

    Raises ServerError, with the end of the log, if process ``pid`` ends or takes too long.
    """
    deadline = time.monotonic() + _HEALTHY_SECONDS
    while time.monotonic() < deadline:
        port = running_port(files)
        if port is not None and running_pid(files) == pid and answers(port):
            return port
        code = _reap(pid)
        if code is not None:
            raise ServerError(
                f"ClickHouse: the server ended with code {code} while starting;"
                f" end of {files.log}:\n{tail(files.log)}"
            )
        time.sleep(0.05)
    raise ServerError(
        f"ClickHouse: not healthy within {_HEALTHY_SECONDS:g} s;"
        f" end of {files.log}:\n{tail(files.log)}"
    )


def stop(files: Files, pid: int) -> None:
    """Stop the process that serves this folder: SIGTERM, then SIGKILL."""
    for kind, seconds in ((signal.SIGTERM, _STOP_SECONDS), (signal.SIGKILL, 5.0)):
        with suppress(ProcessLookupError):
            os.kill(pid, kind)
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if not is_locked(files.lock):
                # The lock goes a moment before the process: as a child it would stay a zombie.
                time.sleep(0.02)
                _reap(pid)
                return
            time.sleep(0.02)
    raise ServerError(f"ClickHouse: process {pid} of {files.home} does not end; kill it")


def answers(port: int) -> bool:
    """Whether a ClickHouse answers a ping there."""
    connection = http.client.HTTPConnection(HOST, port, timeout=2)
    try:
        connection.request("GET", "/ping")
        return connection.getresponse().read() == b"Ok.\n"
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _reap(pid: int) -> int | None:
    """How a process of ours ended, if it is a child of this process and has ended."""
    with suppress(ChildProcessError):
        ended, state = os.waitpid(pid, os.WNOHANG)
        if ended == pid:
            return os.waitstatus_to_exitcode(state)
    return None
