"""The embedded stack as a whole: both servers of one home, up, down, and where they are.

What callers use belongs here. How each server is run belongs to postgres.py and
clickhouse.py. Importing this is cheap: engines are loaded by their own processes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from metric_assets.local import clickhouse, ports, postgres
from metric_assets.local.chdb_http.files import locked
from metric_assets.local.errors import LocalStackError, translated
from metric_assets.local.layout import Layout

__all__ = ["Endpoints", "LocalStackError", "ServerStatus", "down", "endpoints", "status", "up"]

_UP_SECONDS = 150.0

Report = Callable[[str], None]


@dataclass(frozen=True)
class Endpoints:
    """Where the servers of a home are."""

    postgres_url: str
    dagster_postgres_url: str
    clickhouse_url: str


@dataclass(frozen=True)
class ServerStatus:
    """One server of a home. ``address`` is where it is, or was and will be."""

    name: str
    running: bool
    pid: int | None
    address: str
    detail: str


def _silent(_: str) -> None:
    """Report nothing."""


def up(
    home: Path,
    *,
    clickhouse_port: int | None = None,
    postgres_tcp_port: int | None = None,
    report: Report = _silent,
) -> Endpoints:
    """Start what is not running and wait until it answers; safe to call again, and at once."""
    layout = Layout.of(home)
    with _exclusively(layout):
        if postgres_tcp_port and not postgres.listens(layout, postgres_tcp_port):
            reason = ports.why_not(postgres_tcp_port)
            if reason:
                raise LocalStackError(
                    f"port {postgres_tcp_port}: {reason}; free it, or choose another with"
                    " --postgres-tcp-port"
                )
        postgres.start(layout, postgres_tcp_port, report)
        clickhouse.start(layout, clickhouse_port, report)
    found = endpoints(home)
    if found is None:
        raise LocalStackError(
            f"local stack {layout.home}: went down right after it came up;"
            f" another process stopped it, or see {layout.logs}"
        )
    return found


def down(home: Path, *, report: Report = _silent) -> None:
    """Stop both servers cleanly, if they run."""
    layout = Layout.of(home)
    if not layout.home.exists():
        return
    with _exclusively(layout):
        clickhouse.stop(layout, report)
        postgres.stop(layout, report)


def status(home: Path) -> list[ServerStatus]:
    """What runs, where, and where its data and log are."""
    layout = Layout.of(home)
    accepting, port = postgres.is_accepting(layout), clickhouse.running_port(layout)
    return [
        ServerStatus(
            "PostgreSQL",
            accepting,
            postgres.running_pid(layout) if accepting else None,
            postgres.url(layout, postgres.SOURCE),
            f"data {layout.postgres}, log {layout.postgres_log}",
        ),
        ServerStatus(
            "ClickHouse",
            port is not None,
            clickhouse.running_pid(layout),
            clickhouse.url(port or clickhouse.expected_port(layout)),
            f"data {layout.clickhouse.data}, log {layout.clickhouse.log}",
        ),
    ]


def endpoints(home: Path) -> Endpoints | None:
    """Where both servers are; None unless both run. A millisecond."""
    layout = Layout.of(home)
    port = clickhouse.running_port(layout)
    if port is None or not postgres.is_accepting(layout):
        return None
    return Endpoints(
        postgres.url(layout, postgres.SOURCE),
        postgres.url(layout, postgres.DAGSTER),
        clickhouse.url(port),
    )


@contextmanager
def _exclusively(layout: Layout) -> Iterator[None]:
    with translated():
        lock = locked(
            layout.up_lock,
            seconds=_UP_SECONDS,
            concern=f"local stack {layout.home}",
            remedy="another 'local up' or 'local down' hangs; end it and try again",
        )
        with lock:
            yield
