"""A source that shows less than there is, a lock that must hold, and dry runs beside real runs."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest

from metric_assets import settings as names
from metric_assets.catalog import CATALOG
from metric_assets.doctor import Finding, examine
from metric_assets.errors import BusyError, RemovalRefusedError, SourceError
from metric_assets.load.pipeline import materialize
from metric_assets.local.stack import Endpoints
from metric_assets.ranges import Grid
from metric_assets.settings import Settings
from metric_assets.sql import Statement
from metric_assets.stores import postgres as postgres_module
from metric_assets.stores import postgres_text
from metric_assets.stores.postgres import Postgres
from metric_assets_tests.integration.follows import FOLLOWER, Gate, exact, follows, leftovers, run
from metric_assets_tests.integration.platforms import (
    CUTOFF,
    IDS,
    TARGET,
    Platform,
    load,
    stores_of,
)

pytestmark = pytest.mark.integration


@pytest.fixture
def role(platform: Platform) -> Iterator[str]:
    """A role that may read every table and is nobody else's; its name."""
    name = f"reader_{uuid.uuid4().hex[:12]}"
    platform.run(f"CREATE ROLE {name} LOGIN")
    platform.run(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {name}")
    yield name
    platform.run(f"DROP OWNED BY {name}")
    platform.run(f"DROP ROLE {name}")


def as_role(platform: Platform, role: str) -> str:
    """The platform's URL for a role."""
    url = urlsplit(platform.postgres_url)
    host = url.netloc.rpartition("@")[2]
    return urlunsplit(url._replace(netloc=f"{role}@{host}"))


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


@pytest.mark.promise(
    "Refused, naming the table.", when="row-level security hides rows", area="sources"
)
def test_a_policy_that_hides_rows_is_an_error(
    platform: Platform, stack: Endpoints, role: str, tmp_path: Path
) -> None:
    """Row security would show this role every second follow: refused by the table's name, with the
    way out, before a row is written; `doctor` says the same before. BYPASSRLS cures it.
    """
    follows(platform)
    load(platform, "User/Follower")
    platform.run('ALTER TABLE "UserEngagement" ENABLE ROW LEVEL SECURITY')
    platform.run('CREATE POLICY half ON "UserEngagement" USING ("userId" % 4 = 0)')
    url = as_role(platform, role)
    before = platform.checksum()
    with pytest.raises(
        SourceError, match=r'row security of "UserEngagement".*BYPASSRLS'
    ) as refused:
        run(platform, "User/Follower", Postgres(url))
    assert not refused.value.transient
    assert platform.checksum() == before
    finding = doctor(platform, stack, url, tmp_path)['Postgres: "UserEngagement"']
    assert (finding.status, "BYPASSRLS" in finding.advice) == ("failed", True)
    platform.run(f"ALTER ROLE {role} BYPASSRLS")
    (load_result,) = run(platform, "User/Follower", Postgres(url))
    assert load_result.unchanged == 1_000


@pytest.mark.promise("Loaded; nothing is removed.", when="a source table is a view", area="sources")
def test_a_table_that_is_a_view_removes_nothing(
    platform: Platform, stack: Endpoints, tmp_path: Path
) -> None:
    """A view in the place of a source table may leave rows out: what it shows is loaded, but nothing
    is removed because of it, unless it was said that all may go.
    """
    follows(platform)
    load(platform, "User/Follower")
    platform.run('ALTER TABLE "UserEngagement" RENAME TO follows')
    platform.run('CREATE VIEW "UserEngagement" AS SELECT * FROM follows WHERE "userId" > 10')
    before = platform.checksum()
    with pytest.raises(RemovalRefusedError, match=r'removes 5 events.*"UserEngagement" is a view'):
        load(platform, "User/Follower")
    assert platform.checksum() == before
    found = doctor(platform, stack, platform.postgres_url, tmp_path)["Postgres: source"]
    assert (found.status, '"UserEngagement" is a view' in found.found) == ("remark", True)
    platform.command(f"TRUNCATE TABLE {TARGET}")
    (first,) = load(platform, "User/Follower")
    assert (first.inserted, len(first.incomplete)) == (995, 1)
    platform.run('CREATE OR REPLACE VIEW "UserEngagement" AS SELECT * FROM follows WHERE false')
    (load_result,) = load(platform, "User/Follower", max_removed_share=1.0)
    assert load_result.removed == 995


@pytest.mark.promise(
    "Loaded; nothing is removed.", when="replication is filling a source table", area="sources"
)
def test_a_table_that_replication_is_filling_removes_nothing(platform: Platform) -> None:
    """The initial copy of a logical replication has not ended: rows are still to come."""
    follows(platform)
    load(platform, "User/Follower")
    name = f"filling_{uuid.uuid4().hex[:12]}"
    platform.run(
        f"CREATE SUBSCRIPTION {name} CONNECTION 'dbname=nowhere' PUBLICATION p WITH (connect = false)"
    )
    platform.run(
        "INSERT INTO pg_subscription_rel (srsubid, srrelid, srsubstate) SELECT oid,"
        f" '\"UserEngagement\"'::regclass, 'd' FROM pg_subscription WHERE subname = '{name}'"
    )
    platform.run('DELETE FROM "UserEngagement" WHERE "userId" = 10')
    try:
        with pytest.raises(RemovalRefusedError, match="logical replication and not in sync"):
            load(platform, "User/Follower")
        platform.run("UPDATE pg_subscription_rel SET srsubstate = 'r'")
        with pytest.raises(RemovalRefusedError, match="logical replication that does not run"):
            load(platform, "User/Follower")
    finally:
        platform.run(f"ALTER SUBSCRIPTION {name} SET (slot_name = NONE)")
        platform.run(f"DROP SUBSCRIPTION {name}")
    (load_result,) = load(platform, "User/Follower")
    assert (load_result.removed, load_result.source, load_result.incomplete) == (1, "primary", ())


def test_a_scan_of_clickhouse_says_what_it_read(platform: Platform) -> None:
    """Its source tables are asked for, and the source of the mirror counts, too."""
    platform.add("Model", id=1, userId=1)
    platform.add("ModelVersion", id=5, modelId=1)
    (load_result,) = load(platform, "Model/Download")
    assert (load_result.source, load_result.incomplete) == ("ClickHouse", ())
    platform.run('ALTER TABLE "ModelVersion" RENAME TO versions')
    platform.run('CREATE VIEW "ModelVersion" AS SELECT * FROM versions')
    (load_result,) = load(platform, "Model/Download")
    assert load_result.incomplete == ('"ModelVersion" is a view, which may leave rows out',)


def test_a_mirror_that_another_run_has_filled_removes_nothing(platform: Platform) -> None:
    """Another run, or dry run, whose source has fewer versions fills the mirror while this one is at
    work: what their events were loaded as is not taken away.
    """
    platform.add("Model", id=1, userId=1)
    platform.add("ModelVersion", id=5, modelId=1)
    platform.add(
        "modelVersionEvents",
        type="Download", modelVersionId=5, modelId=1, userId=7, time="2024-05-01 00:00:00",
    )  # fmt: skip
    (first,) = load(platform, "Model/Download")
    assert first.inserted == 1
    ours, other = stores_of(platform), stores_of(platform)
    stores = ours.stores(CATALOG.scan["Model/Download"])
    platform.run('DELETE FROM "ModelVersion"')
    other.mirror.refresh(other.postgres)
    scan = CATALOG.scan["Model/Download"]
    with pytest.raises(RemovalRefusedError, match="filled anew by another run"):
        materialize(scan, [CATALOG.pairs["Model/Download"]], IDS, CUTOFF, stores)
    assert len(platform.events()) == 1


@pytest.mark.promise(
    "The load is exact.",
    when="a role that ends idle sessions and transactions while the lock waits",
    area="sources",
)
def test_the_roles_timeouts_do_not_end_the_lock(platform: Platform, role: str) -> None:
    """The role's sessions are ended when they are idle, in a transaction or not, and its
    transactions when they last; the lock waits for a read that takes longer, and the load ends exact.
    """
    follows(platform)
    for timeout in ("idle_session_timeout", "idle_in_transaction_session_timeout"):
        platform.run(f"ALTER ROLE {role} SET {timeout} = '1s'")
    if platform.postgres.info.server_version >= 170_000:
        platform.run(f"ALTER ROLE {role} SET transaction_timeout = '1s'")
    gate = Gate(as_role(platform, role))
    with ThreadPoolExecutor() as pool:
        loading = pool.submit(run, platform, "User/Follower", gate)
        assert gate.reached.wait(30)
        time.sleep(1.7)
        gate.opened.set()
        loading.result(60)
    assert exact(platform)


def test_a_session_that_was_ended_while_it_was_kept(platform: Platform) -> None:
    """Between two readings the server ends the session that is kept for the next one: that one takes
    another, and so does the one that tries the lock.
    """
    text = Statement("one", "SELECT 1 AS n", "", frozenset())
    with Postgres(platform.postgres_url) as source:
        for _ in range(2):
            assert source.frame(text, {})["n"].to_list() == [1]
            platform.rows(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE"
                " datname = current_database() AND application_name = 'metric_assets:query'"
            )
        with source.acquire(FOLLOWER) as lock:
            lock.verify()


def test_the_lock_holds_up_no_vacuum(platform: Platform) -> None:
    """Its transaction has no snapshot and no number while it waits."""
    with Postgres(platform.postgres_url) as source, source.acquire(FOLLOWER) as lock:
        lock.verify()
        found = platform.rows(
            "SELECT state, backend_xmin, backend_xid FROM pg_stat_activity"
            " WHERE datname = current_database() AND application_name = 'metric_assets:lock'"
        )
    assert found == [("idle in transaction", None, None)]


def test_a_lock_that_is_granted_twice_is_refused(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second session that is granted what the first one holds: refused by the setting's name, as
    what no other attempt can outlive, before anything is read.
    """
    told = postgres_text.text_of

    def elsewhere(name: str, **binds: Any) -> str:
        if name == "lock_granted":
            binds["keys"] = [key - 1 for key in binds["keys"]]
        return told(name, **binds)

    monkeypatch.setattr(postgres_module, "text_of", elsewhere)
    follows(platform, 10)
    words = r"METRIC_ASSETS_POSTGRES_URL: User/Follower/0-999: the partition lock excludes nobody"
    with pytest.raises(SourceError, match=words) as refused:
        run(platform, "User/Follower", Postgres(platform.postgres_url))
    assert not refused.value.transient
    assert platform.events() == []


@pytest.mark.parametrize("ending", ["ROLLBACK", "lost"])
def test_a_lock_that_is_gone_is_noticed(platform: Platform, ending: str) -> None:
    """Ended behind its back, or its session gone: confirming says so."""
    with Postgres(platform.postgres_url) as source, source.acquire(FOLLOWER) as lock:
        if ending == "ROLLBACK":
            lock._ask("ROLLBACK")
        else:
            platform.rows(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE"
                " datname = current_database() AND application_name = 'metric_assets:lock'"
            )
        with pytest.raises(BusyError, match="lost the lock"):
            lock.verify()


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ("SET TRANSACTION ISOLATION LEVEL READ COMMITTED READ ONLY", "isolation read committed"),
        ("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ", "readOnly off"),
    ],
)
def test_a_reading_that_is_not_as_asked_is_refused(
    platform: Platform, monkeypatch: pytest.MonkeyPatch, changed: str, words: str
) -> None:
    """Whatever stands in between changed what was sent: found out before a row is read."""
    told = postgres_text.text_of
    monkeypatch.setattr(
        postgres_module,
        "text_of",
        lambda name, **binds: changed if name == "begin" else told(name, **binds),
    )
    follows(platform, 10)
    with pytest.raises(SourceError, match=rf"METRIC_ASSETS_POSTGRES_URL.*{words}"):
        load(platform, "User/Follower")
    assert platform.events() == []


def test_a_server_that_does_not_say_what_it_is(platform: Platform, role: str) -> None:
    """Where its state may not be asked for, rows are loaded but none is removed."""
    follows(platform)
    load(platform, "User/Follower")
    platform.run('DELETE FROM "UserEngagement" WHERE "userId" = 10')
    platform.run("REVOKE EXECUTE ON FUNCTION pg_control_system() FROM public")
    try:
        with pytest.raises(RemovalRefusedError, match=r"does not say.*pg_control_system"):
            run(platform, "User/Follower", Postgres(as_role(platform, role)))
        platform.command(f"TRUNCATE TABLE {TARGET}")
        (load_result,) = run(platform, "User/Follower", Postgres(as_role(platform, role)))
    finally:
        platform.run("GRANT EXECUTE ON FUNCTION pg_control_system() TO public")
    assert (load_result.inserted, load_result.source) == (999, "server, lag unknown")


@pytest.mark.promise(
    "Neither holds the other up; the dry run is busy.",
    when="a dry run beside a run",
    area="sources",
)
def test_a_dry_run_beside_a_real_run(platform: Platform) -> None:
    """A dry run that is under way holds no run up, and the run leaves its staging table alone. Under
    a run that is at work, a dry run is refused at its start and at its end.
    """
    follows(platform)
    early, gate = Gate(platform.postgres_url), Gate(platform.postgres_url)
    with ThreadPoolExecutor() as pool:
        planning = pool.submit(run, platform, "User/Follower", early, dry_run=True)
        assert early.reached.wait(30)
        (load_result,) = run(platform, "User/Follower", Postgres(platform.postgres_url))
        assert (load_result.inserted, load_result.cleaned_up) == (1_000, ())
        loading = pool.submit(run, platform, "User/Follower", gate)
        assert gate.reached.wait(30)
        with pytest.raises(BusyError, match="User/Follower/0-999: a run is materializing"):
            run(platform, "User/Follower", Postgres(platform.postgres_url), dry_run=True)
        early.opened.set()
        with pytest.raises(BusyError, match="User/Follower/0-999: a run is materializing"):
            planning.result(60)
        gate.opened.set()
        loading.result(60)
    (told,) = run(platform, "User/Follower", Postgres(platform.postgres_url), dry_run=True)
    assert (told.inserted, told.removed, told.unchanged) == (0, 0, 1_000)
    assert exact(platform)
    assert leftovers(platform) == []


@pytest.mark.parametrize("dry_run", [False, True])
def test_what_a_dead_dry_run_left(platform: Platform, dry_run: bool) -> None:
    """The staging table of a dry run stays while that lives, whoever comes; once it is dead, the
    next run, or dry run, of its pairs drops it. A dry run drops nothing of a run.
    """
    follows(platform)
    target = stores_of(platform).target
    with ExitStack() as dead, Postgres(platform.postgres_url) as source:
        left = target.private(FOLLOWER, "dry", dry_run=True).__enter__()
        left.create()
        if dry_run:
            target.private(FOLLOWER, "real").__enter__().create()
        lock = dead.enter_context(source.watch("dry", FOLLOWER))
        (table,) = (name for name in left.tables.made)
        (load_result,) = load(platform, "User/Follower", dry_run=dry_run)
        assert load_result.cleaned_up == ()
        lock.release()
        (load_result,) = load(platform, "User/Follower", dry_run=dry_run)
        assert load_result.cleaned_up == (f"table {table}",)
    assert len(leftovers(platform)) == int(dry_run)
    (last,) = load(platform, "User/Follower")
    assert len(last.cleaned_up) == int(dry_run)
    assert leftovers(platform) == []


def test_a_dry_run_says_that_it_is_one(platform: Platform) -> None:
    """In the comment of its staging table, by which others know it."""
    with stores_of(platform).target.private(FOLLOWER, "dry", dry_run=True) as stage:
        stage.create()
        ((comment,),) = platform.query(
            f"SELECT comment FROM system.tables WHERE name = '{next(iter(stage.tables.made))}'"
        )
    owner = json.loads(comment.removeprefix("metric_assets "))
    assert (owner["dry_run"], owner["attempt"], owner["range"]) == (True, "dry", IDS.key)


def test_bounds_are_gone_with_the_reading(platform: Platform) -> None:
    """Nothing that a reading sets outlives its transaction in a session that is kept."""
    with Postgres(platform.postgres_url, statement_timeout=77) as source:
        text = "SELECT current_setting('statement_timeout') AS t"
        bounded = source.frame(Statement("state", text, "", frozenset()), {})["t"].to_list()
        (session,) = source._idle
        left = session.ask(text)
    assert (bounded, left) == (["77s"], {"t": "0"})
    with psycopg.connect(platform.postgres_url) as other:
        assert other.execute("SHOW row_security").fetchone() == ("on",)
