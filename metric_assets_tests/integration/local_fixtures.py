"""What the tests of the embedded stack share: a stack of their own, on ports nobody else has."""

from __future__ import annotations

import os
import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import clickhouse_connect
from clickhouse_connect.driver.client import Client

from metric_assets.local.layout import Layout
from metric_assets.local.stack import Endpoints


def free_port() -> int:
    """A TCP port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def own_folder() -> Iterator[Path]:
    """A short folder of our own. Not tmp_path: as root, PostgreSQL runs as another user, and every
    pytest session that starts takes that user's way into pytest's folder away again.
    """
    with tempfile.TemporaryDirectory(prefix="metric-assets-") as folder:
        yield Path(folder).resolve()


def port_of(endpoints: Endpoints) -> int:
    """The port of the ClickHouse of a stack."""
    port = urlsplit(endpoints.clickhouse_url).port
    assert port is not None
    return port


def connect(port: int, **options: Any) -> Client:
    """An ordinary client, as production code makes it for an address of this machine."""
    ours: dict[str, Any] = {"compress": False, "autogenerate_session_id": False, **options}
    return clickhouse_connect.get_client(
        host="127.0.0.1", port=port, username="default", password="", **ours
    )


def server_pid(home: Path) -> int:
    """The process of the ClickHouse server of a home."""
    return int(Layout.of(home).clickhouse.lock.read_text())


def resident_mb(pid: int) -> float:
    """The resident memory of a process."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def eventually(condition: Callable[[], bool], seconds: float = 10.0) -> bool:
    """Whether a condition comes true in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.05)
    return False
