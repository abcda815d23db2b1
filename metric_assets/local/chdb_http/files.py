"""Where one server keeps its files, and how processes find each other through them.

Paths, file locks and small state files belong here. Starting and stopping does not.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from metric_assets.local.chdb_http.errors import ServerError


@dataclass(frozen=True)
class Files:
    """The files of the server of one folder, which other servers may share."""

    home: Path

    @property
    def data(self) -> Path:
        """The engine's data folder."""
        return self.home / "clickhouse"

    @property
    def config(self) -> Path:
        """The engine's configuration, written at every start; clickhouse.d/ adds to it."""
        return self.home / "clickhouse.xml"

    @property
    def log(self) -> Path:
        """What the process says on its standard streams."""
        return self.home / "logs" / "clickhouse.log"

    @property
    def engine_log(self) -> Path:
        """The engine's own log."""
        return self.home / "logs" / "clickhouse-engine.log"

    @property
    def state(self) -> Path:
        """Port and process, kept after the server stops so that the port is used again."""
        return self.home / "clickhouse.json"

    @property
    def lock(self) -> Path:
        """Locked by the process for as long as it lives, its number inside: the kernel frees it."""
        return self.home / "clickhouse.lock"


def read_state(path: Path) -> dict[str, Any]:
    """The content of a state file; empty when it is missing or was cut short by a crash."""
    try:
        state = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return state if isinstance(state, dict) else {}


def write_state(path: Path, state: dict[str, Any]) -> None:
    """Replace a state file in one step, so that no reader sees half of it."""
    scratch = path.with_name(f"{path.name}.{os.getpid()}")
    scratch.write_text(json.dumps(state))
    scratch.replace(path)


def is_locked(path: Path) -> bool:
    """Whether a living process holds the lock; shared, so that two askers do not see each other."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


@contextmanager
def locked(path: Path, *, seconds: float, concern: str, remedy: str) -> Iterator[int]:
    """Hold an exclusive file lock; its descriptor. Raises ServerError after ``seconds``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    deadline = time.monotonic() + seconds
    try:
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    raise ServerError(
                        f"{concern}: another process holds {path} (waited {seconds:g} s); {remedy}"
                    ) from None
                time.sleep(0.05)
        yield descriptor
    finally:
        os.close(descriptor)


def tail(path: Path, lines: int = 20) -> str:
    """The last lines of a log, for error messages."""
    try:
        text = path.read_text(errors="replace")
    except OSError as error:
        return f"(no log: {error})"
    return "\n".join(text.splitlines()[-lines:]) or "(the log is empty)"
