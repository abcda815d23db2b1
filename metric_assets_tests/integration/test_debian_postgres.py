"""Debian's PostgreSQL 15 over TCP with password and TLS, a streaming standby of it, and PgBouncer."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest

from metric_assets import settings as names
from metric_assets.catalog import CATALOG
from metric_assets.doctor import Finding, examine
from metric_assets.errors import BusyError, RemovalRefusedError, SourceError, UnreachableError
from metric_assets.local.demo_stores import DemoPostgres, clickhouse, make_target
from metric_assets.local.demo_tables import make_clickhouse_tables, make_keys, make_tables
from metric_assets.local.stack import Endpoints
from metric_assets.plan import RemovalGuard
from metric_assets.ranges import Grid
from metric_assets.settings import Settings
from metric_assets.source_state import Loaded, Position
from metric_assets.sql import Statement
from metric_assets.stores.postgres import Postgres
from metric_assets_tests.integration.debian import ADMIN, READER, Debian, missing
from metric_assets_tests.integration.follows import Gate, exact, follows, leftovers, run
from metric_assets_tests.integration.local_fixtures import own_folder
from metric_assets_tests.integration.platforms import CUTOFF, TARGET, Platform

pytestmark = pytest.mark.integration

DATABASE = "platform"
#: Shorter than a load takes: what a role's defaults must not be able to end.
IMPATIENT = f"""
ALTER ROLE {READER[0]} SET idle_session_timeout = '1s';
ALTER ROLE {READER[0]} SET idle_in_transaction_session_timeout = '1s';
ALTER ROLE {READER[0]} SET statement_timeout = '1h'
"""


@pytest.fixture(scope="module")
def debian() -> Iterator[Debian]:
    """The servers, with the demo's tables, and a role that may read them."""
    if why := missing():
        pytest.skip(why)
    with own_folder() as folder:
        servers = Debian(folder)
        try:
            servers.start()
            servers.ask(servers.primary, f"CREATE DATABASE {DATABASE}")
            servers.ask(servers.primary, f"CREATE ROLE {READER[0]} LOGIN PASSWORD '{READER[1]}'")
            url = servers.url(DATABASE, servers.primary, ADMIN)
            with psycopg.connect(url, autocommit=True) as connection:
                session = DemoPostgres(connection, {})
                make_tables(session)
                make_keys(session)
                connection.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {READER[0]}")
                connection.execute(IMPATIENT)
            servers.follow()
            for mode in ("session", "transaction"):
                servers.pool(mode)
            yield servers
        finally:
            servers.stop()


@pytest.fixture(scope="module")
def both(debian: Debian, stack: Endpoints) -> Iterator[Platform]:
    """Debian's primary, and a database of the embedded ClickHouse."""
    name = f"debian_{debian.port}"
    url = urlunsplit(urlsplit(stack.clickhouse_url)._replace(path=f"/{name}"))
    postgres_url = debian.url(DATABASE, debian.primary)
    admin = debian.url(DATABASE, debian.primary, ADMIN)
    with clickhouse(stack.clickhouse_url) as server:
        server.command(f"CREATE DATABASE {name}")
        with psycopg.connect(admin, autocommit=True) as connection, clickhouse(url) as client:
            make_clickhouse_tables(client)
            make_target(client, TARGET)
            with closing(Platform(postgres_url, url, connection, client)) as made:
                yield made
        server.command(f"DROP DATABASE {name} SYNC")


@pytest.fixture
def loaded(both: Platform, debian: Debian) -> Iterator[Platform]:
    """The stores with 2,000 follows in the source, which the standby has, too; emptied at the end."""
    follows(both)
    assert debian.caught_up()
    yield both
    both.run('DELETE FROM "UserEngagement"')
    both.command(f"TRUNCATE TABLE {TARGET}")


def way(debian: Debian, how: str) -> str:
    """The address of a way to the primary: the server itself or a pooler."""
    return debian.primary if how == "direct" else debian.poolers[how]


def load(platform: Platform, url: str, **options: Any) -> Any:
    """Materialize followers through stores of its own, by some way to the source."""
    (load_result,) = run(platform, "User/Follower", Postgres(url), **options)
    return load_result


HOW = pytest.mark.parametrize("how", ["direct", "session", "transaction"])


@HOW
def test_a_load_through_it(debian: Debian, loaded: Platform, how: str) -> None:
    """With TLS and a password, each way ends exact; a second load finds nothing to do."""
    url = debian.url(DATABASE, way(debian, how))
    load_result = load(loaded, url)
    assert (load_result.inserted, load_result.source) == (1_000, "primary")
    assert exact(loaded)
    assert load(loaded, url).unchanged == 1_000
    assert leftovers(loaded) == []


@pytest.mark.promise(
    "The second is busy, the first exact.",
    when="two runs at once behind PgBouncer, session and transaction mode",
    area="sources",
)
@HOW
def test_the_lock_excludes(debian: Debian, loaded: Platform, how: str) -> None:
    """Of two runs of a partition at once the second is busy, while the first waits for its read
    longer than the role's timeouts for idle sessions and transactions; then it ends exact.
    """
    url = debian.url(DATABASE, way(debian, how))
    gate = Gate(url)
    with ThreadPoolExecutor() as pool:
        first = pool.submit(run, loaded, "User/Follower", gate)
        assert gate.reached.wait(30)
        time.sleep(1.7)
        with pytest.raises(BusyError, match="User/Follower/0-999: another run"):
            load(loaded, url)
        with pytest.raises(BusyError, match="a run is materializing"):
            load(loaded, url, dry_run=True)
        gate.opened.set()
        first.result(60)
    assert exact(loaded)


@pytest.mark.parametrize("how", ["session", "transaction"])
def test_a_reading_is_bounded_behind_a_pooler(debian: Debian, how: str) -> None:
    """Its bounds hold though the pooler takes no start-up options, and are gone with it: the next
    client of the same server session does not find them.
    """
    url = debian.url(DATABASE, debian.poolers[how])
    text = "SELECT current_setting('statement_timeout') AS t, current_setting('TimeZone') AS z"
    with Postgres(url, statement_timeout=77) as source:
        (row,) = source.frame(Statement("bounds", text, "", frozenset()), {}).rows()
    assert row == ("77s", "UTC")
    with psycopg.connect(url) as other:
        assert other.execute("SHOW statement_timeout").fetchone() == ("1h",)


def test_start_up_options_of_the_url(debian: Debian, loaded: Platform) -> None:
    """A stock pooler refuses them: a message of ours says so, names the setting and the way out,
    and no password. One that drops them works.
    """
    options = "&options=-c%20work_mem%3D8MB"
    with pytest.raises(UnreachableError, match="options") as refused:
        load(loaded, debian.url(DATABASE, debian.poolers["transaction"], more=options))
    assert not refused.value.transient
    assert "METRIC_ASSETS_POSTGRES_URL" in str(refused.value)
    assert "ALTER ROLE" in str(refused.value)
    assert READER[1] not in str(refused.value)
    ignoring = debian.pool("session", "ignore_startup_parameters = options")
    assert load(loaded, debian.url(DATABASE, ignoring, more=options)).inserted == 1_000
    with pytest.raises(UnreachableError, match="Check user and password"):
        load(loaded, debian.url(DATABASE, debian.primary, (READER[0], "wrong")))


def test_a_pooler_in_statement_mode_is_refused(debian: Debian, loaded: Platform) -> None:
    """It can hold neither a lock nor a snapshot: refused by name, nothing is written."""
    url = debian.url(DATABASE, debian.pool("statement"))
    for dry_run in (False, True):
        with pytest.raises(UnreachableError, match=r"statement mode.*METRIC_ASSETS_POSTGRES_URL"):
            load(loaded, url, dry_run=dry_run)
    assert loaded.events() == []


@pytest.mark.promise(
    "Refused; nothing is read.",
    when="a balancer over two servers, a pool in statement mode",
    area="sources",
)
def test_a_lock_that_excludes_nobody_is_refused(debian: Debian, loaded: Platform) -> None:
    """A balancer in front of two servers: the lock is held on one, a second session reaches the
    other and is granted it, too. Found out before anything is read.
    """
    url = debian.url(DATABASE, debian.pool("transaction", balanced=True))
    with pytest.raises(SourceError, match="the partition lock excludes nobody") as refused:
        load(loaded, url)
    assert not refused.value.transient
    assert "METRIC_ASSETS_POSTGRES_URL" in str(refused.value)
    assert loaded.events() == []


def blocked(debian: Debian) -> psycopg.Connection[Any]:
    """A session of the standby in whose way replay stands until it ends."""
    url = debian.url(DATABASE, debian.standby, ADMIN)
    reader = psycopg.connect(url)
    reader.execute('SELECT count(*) FROM "Tag"')
    debian.ask(debian.primary, 'ALTER TABLE "Tag" ADD COLUMN IF NOT EXISTS x int', DATABASE)
    debian.ask(debian.primary, 'ALTER TABLE "Tag" DROP COLUMN x', DATABASE)
    return reader


@pytest.mark.promise(
    "A removal is refused and the target untouched; it is made once the standby has caught up.",
    when="a standby that is paused, delayed or behind",
    area="sources",
)
@pytest.mark.parametrize("why", ["paused", "delayed", "behind"])
def test_a_standby_that_shows_less_removes_nothing(
    debian: Debian, loaded: Platform, why: str
) -> None:
    """What was loaded from the primary is not taken away again by a standby that does not have it
    yet; nor by one that is slow, late by design, or paused. Once it has caught up, removals are
    made. The refusal says why, and the load result what was read.
    """
    standby = debian.url(DATABASE, debian.standby)
    holding = None
    if why == "paused":
        debian.ask(debian.standby, "SELECT pg_wal_replay_pause()")
    elif why == "delayed":
        debian.configure("standby", recovery_min_apply_delay="1h")
    else:
        holding = blocked(debian)
    loaded.run(
        'INSERT INTO "UserEngagement" ("userId", "targetUserId", type, "createdAt")'
        " SELECT 5000 + n, n % 100, 'Follow', timestamp '2024-02-01' FROM generate_series(1, 300) n"
    )
    first = load(loaded, loaded.postgres_url)
    assert first.inserted == 1_300
    before = loaded.checksum()
    time.sleep(0.3)
    recorded = Position(first.snapshot, first.system)
    with pytest.raises(RemovalRefusedError) as refused:
        load(
            loaded,
            standby,
            guard=RemovalGuard(0.5, 0.1),
            loaded=lambda: {"Follower": Loaded(recorded, CUTOFF)},
        )
    words = {"paused": "replay is paused", "delayed": "3600 s late", "behind": "s behind, at most"}
    assert "removes 300 events" in str(refused.value)
    assert words[why] in str(refused.value)
    assert "from a later state" in str(refused.value)
    assert "METRIC_ASSETS_MAX_REMOVED_SHARE=1" in str(refused.value)
    assert loaded.checksum() == before
    told = load(loaded, standby, guard=RemovalGuard(1.0, 0.1), dry_run=True)
    assert told.source.startswith("replica")
    assert told.incomplete
    if holding is not None:
        holding.close()
    elif why == "paused":
        debian.ask(debian.standby, "SELECT pg_wal_replay_resume()")
    else:
        debian.configure("standby", recovery_min_apply_delay="0")
    loaded.run('DELETE FROM "UserEngagement" WHERE "userId" > 5290')
    assert debian.caught_up()
    load_result = load(loaded, standby, loaded=lambda: {"Follower": Loaded(recorded, CUTOFF)})
    assert (load_result.removed, load_result.source, load_result.incomplete) == (
        10,
        "replica, caught up",
        (),
    )
    assert exact(loaded)


def doctor(platform: Platform, stack: Endpoints, url: str, home: Path) -> dict[str, Finding]:
    """Findings by subject."""
    grids = {name: Grid(1_000_000, 1_000_000) for name in CATALOG.entity}
    settings = Settings(home=home, cutoff=CUTOFF, grids=grids)
    environ = {
        names.POSTGRES_URL: url,
        names.CLICKHOUSE_URL: platform.clickhouse_url,
        names.DAGSTER_POSTGRES_URL: stack.dagster_postgres_url.replace("://", "+psycopg2://", 1),
    }
    return {finding.subject: finding for finding in examine(settings, environ=environ)}


def test_what_doctor_says(
    debian: Debian, loaded: Platform, stack: Endpoints, tmp_path: Path
) -> None:
    """Of a pooler: that it is there, that the lock excludes, that the role's timeout does no harm.
    Of a standby: whom its lock excludes, and that it shows less while replay is paused.
    """
    pooled = doctor(loaded, stack, debian.url(DATABASE, debian.poolers["transaction"]), tmp_path)
    assert pooled["Postgres: pooler"].found.startswith("a pooler answers")
    assert pooled["Postgres: lock"].status == "ok"
    assert "idle_session_timeout of 1s does not end it" in pooled["Postgres: lock"].found
    assert pooled["Postgres: source"].found == "primary; it shows all there is"
    assert {one.subject for one in pooled.values() if one.status == "failed"} == set()
    debian.ask(debian.standby, "SELECT pg_wal_replay_pause()")
    try:
        replica = doctor(loaded, stack, debian.url(DATABASE, debian.standby), tmp_path)
    finally:
        debian.ask(debian.standby, "SELECT pg_wal_replay_resume()")
    assert replica["Postgres: pooler"].found.startswith("none seen")
    assert replica["Postgres: lock"].status == "remark"
    assert "only runs that use the same server" in replica["Postgres: lock"].found
    assert replica["Postgres: source"].status == "remark"
    assert "replay is paused" in replica["Postgres: source"].found
    with pytest.raises(UnreachableError, match="Check the database"):
        load(loaded, debian.url("nowhere", debian.primary))
