"""The embedded ClickHouse: the server of chdb_http as this project uses it.

Which port it takes and what to do about a refusal belong here. How it is started and what it serves
belong to chdb_http.
"""

from __future__ import annotations

import os
from collections.abc import Callable

from metric_assets.local import ports
from metric_assets.local.chdb_http import server
from metric_assets.local.errors import LocalStackError, translated
from metric_assets.local.layout import Layout

PORT_VARIABLE = "METRIC_ASSETS_LOCAL_CLICKHOUSE_PORT"
_DEFAULT_PORT = 8123

Report = Callable[[str], None]


def running_port(layout: Layout) -> int | None:
    """The port of the living server of this home; None when there is none."""
    return server.running_port(layout.clickhouse)


def running_pid(layout: Layout) -> int | None:
    """The process that serves this home; None when there is none."""
    return server.running_pid(layout.clickhouse)


def expected_port(layout: Layout) -> int:
    """The port the server had last, or the one it would try first."""
    return server.last_port(layout.clickhouse) or _DEFAULT_PORT


def url(port: int) -> str:
    """The URL of the database everything lives in; any user and password would do."""
    return server.url(port)


def start(layout: Layout, port: int | None, report: Report) -> int:
    """Make sure the server of this home runs and answers; the port it has."""
    running = running_pid(layout)
    with translated():
        if running is None:
            chosen = _choose_port(layout, port, report)
            _check_installed()
            report(f"ClickHouse: starting on {server.HOST}:{chosen}")
            running = server.spawn(layout.clickhouse, chosen)
        actual = server.wait_until_healthy(layout.clickhouse, running)
    if port is not None and actual != port:
        raise LocalStackError(
            f"port {port}: ClickHouse of {layout.home} already runs on {actual};"
            " stop it first (metric-assets local down) to move it"
        )
    return actual


def stop(layout: Layout, report: Report) -> None:
    """Stop the server of this home if it runs: politely, then not."""
    pid = running_pid(layout)
    if pid is not None:
        report(f"ClickHouse: stopping (pid {pid})")
        with translated():
            server.stop(layout.clickhouse, pid)


def _check_installed() -> None:
    missing = server.missing_packages()
    if missing:
        raise LocalStackError(
            f"ClickHouse: {', '.join(missing)} not installed;"
            " run pip install 'metric-assets[local]'"
        )


def _choose_port(layout: Layout, asked: int | None, report: Report) -> int:
    remembered = server.last_port(layout.clickhouse)
    named = os.environ.get(PORT_VARIABLE, "")
    if named and not (named.isdigit() and 0 < int(named) < 65_536):
        raise LocalStackError(f"{PORT_VARIABLE}: {named!r} is not a port number; set 1 to 65535")
    if asked is not None:
        explicit, port = True, asked
    elif remembered is not None:
        explicit, port = False, remembered
    else:
        explicit, port = bool(named), int(named or _DEFAULT_PORT)
    reason = ports.why_not(port)
    if not reason:
        return port
    if explicit:
        raise LocalStackError(
            f"port {port}: {reason}; free it, or choose another with --port (of"
            f" `metric-assets local up` and `demo`) or {PORT_VARIABLE}"
        )
    report(f"ClickHouse: port {port} is taken by another program, choosing a free one")
    return ports.free()
