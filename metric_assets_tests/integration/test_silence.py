"""Servers that are stopped, slow, or behind a network that swallows everything.

Whatever is done to them is undone at the end: they are the servers of all tests.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest

from metric_assets.catalog import scan as scan_module
from metric_assets.errors import BusyError, UnavailableError
from metric_assets.sql import Statement
from metric_assets.stores import postgres_lock, postgres_session
from metric_assets.stores.postgres import Postgres
from metric_assets.stores.postgres_session import conninfo
from metric_assets_tests.integration.follows import (
    SLOW_READ,
    SLOW_ROWS,
    Gate,
    exact,
    follows,
    leftovers,
    run,
    sessions,
    slowly,
)
from metric_assets_tests.integration.local_fixtures import eventually
from metric_assets_tests.integration.platforms import Platform, load
from metric_assets_tests.integration.proxies import Proxy, proxy_of, relay_of

pytestmark = pytest.mark.integration

#: Processes of ours in the server, by what they run.
READING, LOCK = (
    "query LIKE '%pg_sleep%' AND pid <> pg_backend_pid()",
    "application_name LIKE '%:lock'",
)


@pytest.fixture
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bounds of a second each, so that they can be waited for."""
    monkeypatch.setattr(postgres_session, "PATIENCE", 1.0)
    monkeypatch.setattr(postgres_lock, "PATIENCE", 1.0)
    monkeypatch.setattr(postgres_session, "GRACE", 1.0)


def processes(platform: Platform, where: str) -> list[int]:
    """Sessions of ours in this platform's source. By a connection of its own: watchers are threads."""
    with psycopg.connect(platform.postgres_url) as session:
        rows = session.execute(
            f"SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND {where}".encode()
        ).fetchall()
    return [pid for (pid,) in rows]


def seen(platform: Platform, where: str) -> list[int]:
    """Sessions of ours, once there are any."""
    assert eventually(lambda: bool(processes(platform, where)), 20)
    return processes(platform, where)


@contextmanager
def stopped(*pids: int) -> Iterator[None]:
    """Processes stopped, as a debugger or an exhausted machine does it."""
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


def all_ends(platform: Platform) -> None:
    """Neither store runs anything of ours any more, and the next load is exact."""
    assert eventually(lambda: sessions(platform) == 0, 10)
    assert leftovers(platform) == []


def rows_of(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """Let the scan of follows be another statement."""
    monkeypatch.setattr(scan_module, "load", slowly("user/engaged", text))
    monkeypatch.setattr(Statement, "check", lambda *_: None)


@pytest.mark.promise(
    "Its machine still acknowledges packets, so no network timeout helps: a transient error shortly after the statement timeout.",
    when="the Postgres process that serves a read is stopped",
    area="stalls",
)
@pytest.mark.usefixtures("brief")
def test_a_backend_that_is_stopped_is_given_up(platform: Platform) -> None:
    """The process that serves the reading hangs, and its machine acknowledges for it: shortly after
    the statement_timeout, which it does not serve, the load ends with a transient error. When it
    wakes up its statement ends, and the next load is exact.
    """
    follows(platform)
    with pytest.MonkeyPatch.context() as patch:
        rows_of(patch, SLOW_ROWS)
        with ThreadPoolExecutor() as pool:
            source = Postgres(platform.postgres_url, statement_timeout=2)
            loading = pool.submit(run, platform, "User/Follower", source)
            (pid,) = seen(platform, READING)
            time.sleep(0.3)
            with stopped(pid):
                began = time.monotonic()
                with pytest.raises(UnavailableError, match="no answer within"):
                    loading.result(30)
                assert time.monotonic() - began < 8
                assert processes(platform, LOCK) == []
    all_ends(platform)
    load(platform, "User/Follower")
    assert exact(platform)


def interrupted(platform: Platform, when: Callable[[], object], url: str) -> float:
    """Seconds that a load needs to end after what Ctrl-C and Dagster's termination send."""
    struck: list[float] = []

    def strike() -> None:
        when()
        struck.append(time.monotonic())
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    thread = threading.Thread(target=strike)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        run(platform, "User/Follower", Postgres(url))
    ended = time.monotonic()
    thread.join()
    return ended - struck[0]


@pytest.mark.promise(
    "An interruption still ends the process; the server ends the statement when it is heard of again.",
    when="Postgres, or the network before it, is silent for good, cancel requests included",
    area="stalls",
)
@pytest.mark.usefixtures("brief")
@pytest.mark.parametrize("rows", [SLOW_READ, SLOW_ROWS], ids=["before the rows", "in mid-stream"])
def test_an_interruption_is_heard_while_the_network_is_silent(
    platform: Platform, rows: str
) -> None:
    """Nothing comes any more, and connections that ask for cancelling are swallowed, too: an
    interrupted load still ends within its bounds. Heard of again, the server ends the statement.
    """
    with relay_of(platform.postgres_url) as (relay, url):
        with pytest.MonkeyPatch.context() as patch:
            rows_of(patch, rows)

            def silence() -> None:
                seen(platform, READING)
                time.sleep(0.3)
                relay.silence()

            before = relay.connections
            assert interrupted(platform, silence, url) < 5
        assert relay.connections >= before + 3, "the lock, the reading, and the request to cancel"
        relay.speak()
        all_ends(platform)


@pytest.mark.promise(
    "An interrupted process exits within its timeouts.",
    when="all of Postgres is stopped",
    area="stalls",
)
def test_a_process_can_exit_while_postgres_is_stopped(platform: Platform) -> None:
    """Postgres as a whole is stopped in the middle of a reading: a process that is interrupted
    then says so and is gone.
    """
    child = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys\n"
            "from metric_assets.sql import Statement\n"
            "from metric_assets.stores import postgres_session\n"
            "from metric_assets.stores.postgres import Postgres\n"
            "postgres_session.PATIENCE = 1\n"
            "text = 'SELECT pg_sleep(60)::text AS t'\n"
            "Postgres(sys.argv[1]).frame(Statement('slow', text, '', frozenset()), {})\n",
            platform.postgres_url,
        ],
        stderr=subprocess.PIPE,
    )
    try:
        (reading,) = seen(platform, READING)
        (lines,) = platform.rows("SELECT pg_read_file('postmaster.pid')")[0]
        with stopped(reading, int(lines.split()[0])):
            child.send_signal(signal.SIGINT)
            _, said = child.communicate(timeout=15)
    finally:
        child.kill()
    assert b"KeyboardInterrupt" in said
    assert child.returncode != 0
    assert eventually(lambda: processes(platform, READING) == [], 10)


@pytest.mark.promise(
    "It counts as no lock: nothing is written, a transient error.",
    when="the lock's session does not answer before a write",
    area="stalls",
)
@pytest.mark.usefixtures("brief")
def test_a_lock_that_does_not_answer_is_no_lock(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The session that holds the partition is silent when it is asked before the write: nothing is
    written, and another attempt may help.
    """
    monkeypatch.setattr(postgres_lock, "ANSWER", 1.0)
    follows(platform)
    gate = Gate(platform.postgres_url)
    with ThreadPoolExecutor() as pool:
        loading = pool.submit(run, platform, "User/Follower", gate)
        assert gate.reached.wait(30)
        with stopped(*seen(platform, LOCK)):
            gate.opened.set()
            with pytest.raises(BusyError, match="lost the lock"):
                loading.result(30)
    assert platform.events() == []
    assert eventually(lambda: processes(platform, LOCK) == [], 10)


@pytest.mark.promise(
    "No error, however long the whole takes.",
    when="both stores are slow, within the timeouts",
    area="stalls",
)
def test_slowness_below_the_bounds_is_no_error(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everything that goes to and from both stores is late, and the whole takes longer than any
    bound for one answer: the load ends exact.
    """
    monkeypatch.setattr(postgres_session, "ANSWER", 0.9)
    monkeypatch.setattr(postgres_session, "GRACE", 0.2)
    follows(platform)
    port = urlsplit(platform.clickhouse_url).port
    assert port is not None
    with relay_of(platform.postgres_url) as (relay, url), proxy_of(port) as proxy:
        relay.delay, proxy.delay = 0.04, 0.05
        slow = through(platform, proxy, port)
        began = time.monotonic()
        run(slow, "User/Follower", Postgres(url, statement_timeout=5))
        assert time.monotonic() - began > 1.0
    assert exact(platform)
    assert leftovers(platform) == []


@pytest.mark.promise(
    "A transient error; the next load is exact.",
    when="ClickHouse is slower than the timeout",
    area="stalls",
)
def test_an_answer_later_than_the_timeout_is_a_transient_error(platform: Platform) -> None:
    """ClickHouse becomes slower than the timeout while the source is read: the load ends with an
    transient error, and once it is quick again the next load ends exact.
    """
    follows(platform)
    port = urlsplit(platform.clickhouse_url).port
    assert port is not None
    gate = Gate(platform.postgres_url)
    with proxy_of(port) as proxy, ThreadPoolExecutor() as pool:
        slow = through(platform, proxy, port)
        loading = pool.submit(run, slow, "User/Follower", gate, timeout=1)
        assert gate.reached.wait(30)
        proxy.delay = 1.5
        gate.opened.set()
        with pytest.raises(UnavailableError, match="ClickHouse"):
            loading.result(60)
    load(platform, "User/Follower")
    assert exact(platform)
    assert leftovers(platform) == []


@pytest.mark.promise(
    "They may for as long as the statement may take.", when="rows that trickle", area="stalls"
)
def test_rows_may_come_slowly_for_as_long_as_the_statement_may(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The watch that the client keeps is over the whole statement and longer than the server's."""
    monkeypatch.setattr(postgres_session, "GRACE", 0.1)
    text = "SELECT n, pg_sleep(0.02)::text AS t FROM generate_series(1, 100) n"
    with Postgres(platform.postgres_url, statement_timeout=20) as source:
        assert source.frame(Statement("slow", text, "", frozenset()), {}).height == 100


@pytest.mark.promise(
    "The kernel gives the connection up after a minute.",
    when="packets to Postgres are dropped",
    area="networks",
)
def test_the_network_is_watched(platform: Platform) -> None:
    """Connections over TCP are given up a minute after the last sign of life, both while waiting
    (keepalives) and after sending (tcp_user_timeout).
    """
    options: dict[str, Any] = psycopg.conninfo.conninfo_to_dict(
        conninfo(platform.postgres_url, "x")
    )
    idle, interval, count = (
        int(options[f"keepalives_{name}"]) for name in ("idle", "interval", "count")
    )
    assert idle + interval * count <= 60
    assert int(options["tcp_user_timeout"]) == 60_000


def through(platform: Platform, proxy: Proxy, port: int) -> Platform:
    """The platform with its ClickHouse behind a proxy."""
    url = platform.clickhouse_url.replace(f"127.0.0.1:{port}", proxy.address)
    return Platform(platform.postgres_url, url, platform.postgres, platform.clickhouse)
