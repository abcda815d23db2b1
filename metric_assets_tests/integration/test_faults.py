"""Faults one by one: orphans, stalls, races, restarts, networks, cancelling (test_torture mixes)."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from urllib.parse import urlsplit

import polars as pl
import psycopg
import pytest

from metric_assets.catalog import CATALOG
from metric_assets.catalog import scan as scan_module
from metric_assets.errors import BusyError, MetricAssetsError, SourceError, UnavailableError
from metric_assets.load.loading import Stores
from metric_assets.load.pipeline import materialize
from metric_assets.ranges import IdRange
from metric_assets.sql import Statement
from metric_assets.stores import postgres_session as session_module
from metric_assets.stores import private_tables
from metric_assets.stores.clickhouse import ClickHouse
from metric_assets.stores.postgres import Postgres
from metric_assets.stores.target import ClickHouseTarget
from metric_assets_tests.integration.follows import (
    FOLLOWER,
    SLOW_READ,
    SLOW_ROWS,
    Gate,
    dead_attempt,
    exact,
    follows,
    leftovers,
    orphan,
    run,
    running,
    sessions,
    slowly,
)
from metric_assets_tests.integration.local_fixtures import eventually, free_port, own_folder
from metric_assets_tests.integration.platforms import (
    CUTOFF,
    IDS,
    TARGET,
    Platform,
    load,
    stores_of,
)
from metric_assets_tests.integration.proxies import proxy_of, silent_port
from metric_assets_tests.torture.rounds import FAULTS, Torture
from metric_assets_tests.torture.world import World

pytestmark = pytest.mark.integration


@pytest.mark.promise(
    "The next attempt ends it and corrects what it had committed.",
    when="an insert goes on without its client",
    area="kills",
)
@pytest.mark.parametrize("into", ["stage", "target"])
def test_an_orphaned_insert_is_ended_before_the_retry_plans(platform: Platform, into: str) -> None:
    """A server that goes on inserting after its client has died, into the stage or from there into
    the target, is found and stopped; what it had committed by then is put right.
    """
    follows(platform)
    load(platform, "User/Follower")
    with dead_attempt(platform) as (names, owner):
        orphan(
            platform,
            f"INSERT INTO {names[into]} SELECT 'User', number % 100, 5, 'Follower', 1,"
            " toDateTime64('2024-02-02', 3, 'UTC') FROM numbers(1000000)"
            " WHERE NOT sleepEachRow(0.0005)",
            owner,
        )
        assert eventually(lambda: platform.query(f"SELECT count() FROM {names[into]}") > [(300,)])
        (load_result,) = load(platform, "User/Follower", max_removed_share=1.0)
        statement = "insert" if into == "target" else "query"
        assert {name.split()[0] for name in load_result.cleaned_up} == {statement, "table"}
        assert not running(platform, owner)
        assert exact(platform)
        time.sleep(0.3)
        assert exact(platform)
        assert leftovers(platform) == []


@pytest.mark.promise(
    "Ended before the table that it reads is dropped: it would fail for ever, and every later delete with it.",
    when="a delete goes on without its client",
    area="kills",
)
@pytest.mark.usefixtures("deletes")
def test_an_orphaned_delete_is_ended_before_the_retry_plans(platform: Platform) -> None:
    """A delete whose client has died goes on as a mutation. It is ended before the table it reads
    is dropped: it would fail for ever, and every later delete of the target with it.
    """
    follows(platform)
    load(platform, "User/Follower")
    with dead_attempt(platform) as (names, owner):
        platform.command(
            f"CREATE TABLE {names['surplus']} ENGINE = MergeTree ORDER BY (part, position)"
            f" COMMENT '{owner}' AS SELECT _part AS part, _part_offset AS position FROM {TARGET}"
        )
        platform.command(f"SYSTEM STOP MERGES {TARGET}")
        platform.clickhouse.command(
            f"DELETE FROM {TARGET} WHERE (_part, _part_offset) IN"
            f" (SELECT part, position FROM {names['surplus']})",
            settings={"lightweight_deletes_sync": 0, "mutations_sync": 0},
        )
        (load_result,) = load(platform, "User/Follower")
        assert "mutation" in {name.split()[0] for name in load_result.cleaned_up}
        platform.command(f"SYSTEM START MERGES {TARGET}")
        platform.command(f"DELETE FROM {TARGET} WHERE userId = -1")
        assert exact(platform)
        assert leftovers(platform) == []


@pytest.mark.promise(
    "It holds up the deletes of the whole table; the next run of any pair ends it.",
    when="a mutation that can never finish",
    area="kills",
)
@pytest.mark.usefixtures("deletes")
def test_a_mutation_whose_table_is_gone_is_ended_by_whoever_comes(platform: Platform) -> None:
    """A delete of ours that can never finish holds up the deletes of the whole table: the next run
    of any pair ends it.
    """
    platform.add("TagEngagement", userId=7, tagId=1, type="Follow", createdAt="2024-01-01")
    follows(platform)
    load(platform, "User/Follower")
    platform.command(
        f"CREATE TABLE {TARGET}__surplus_0 (part String) ENGINE = MergeTree ORDER BY ()"
    )
    platform.command(f"SYSTEM STOP MERGES {TARGET}")
    platform.clickhouse.command(
        f"DELETE FROM {TARGET} WHERE _part IN (SELECT part FROM {TARGET}__surplus_0)",
        settings={"lightweight_deletes_sync": 0, "mutations_sync": 0},
    )
    platform.command(f"DROP TABLE {TARGET}__surplus_0 SYNC")
    platform.command(f"SYSTEM START MERGES {TARGET}")
    (load_result,) = load(platform, "Tag/Follower")
    assert [name.split()[0] for name in load_result.cleaned_up] == ["mutation"]
    platform.command(f"DELETE FROM {TARGET} WHERE userId = -1")
    assert leftovers(platform) == []


@pytest.mark.promise(
    "It is waited for: ended in the middle, it would leave a view short for good.",
    when="the same where views read the target",
    area="kills",
)
def test_an_insert_that_views_are_being_shown_is_waited_for(platform: Platform) -> None:
    """Ended in the middle, it would leave a view of the target short for good: where there is one,
    the retry lets an orphaned insert come to its end, and then makes up for it.
    """
    follows(platform)
    platform.command(
        "CREATE TABLE sums (metricType String, total Int64) ENGINE = SummingMergeTree"
        " ORDER BY metricType"
    )
    platform.command(
        "CREATE MATERIALIZED VIEW sums_mv TO sums AS SELECT metricType,"
        f" sum(toInt64(metricValue)) AS total FROM {TARGET} GROUP BY metricType"
    )
    load(platform, "User/Follower")
    with dead_attempt(platform) as (names, owner):
        orphan(
            platform,
            f"INSERT INTO {names['target']} SELECT 'User', number % 100, 5, 'Follower', 1,"
            " toDateTime64('2024-02-02', 3, 'UTC') FROM numbers(3000)"
            " WHERE NOT sleepEachRow(0.001)",
            owner,
        )
        (load_result,) = load(platform, "User/Follower", max_removed_share=1.0)
    assert {name.split()[0] for name in load_result.cleaned_up} == {"insert", "table"}
    orphaned = f"FROM {TARGET} WHERE createdAt = toDateTime64('2024-02-02', 3, 'UTC')"
    assert platform.query(f"SELECT countIf(metricValue > 0), sum(metricValue) {orphaned}") == [
        (3_000, 0)
    ]
    assert platform.query(f"SELECT sum(metricValue) FROM {TARGET}") == [(1_000,)]
    assert platform.query("SELECT sum(total) FROM sums") == [(1_000,)]
    assert leftovers(platform) == []


@pytest.mark.promise(
    "Left alone by the clean-up.", when="attempts at other pairs or other ids", area="kills"
)
def test_cleaning_up_ends_nothing_of_other_pairs_or_other_ids(platform: Platform) -> None:
    """Whoever holds one pair and range knows nothing of another's attempt: it may be alive, so its
    table stays, until somebody comes who holds what it is for.
    """
    follows(platform)
    with dead_attempt(platform) as (names, _):
        (hidden,) = load(platform, "User/Hidden")
        (beyond,) = load(platform, "User/Follower", IdRange(1_000, 2_000))
        assert hidden.cleaned_up == beyond.cleaned_up == ()
        assert (names["stage"],) in leftovers(platform)
        (load_result,) = load(platform, "User/Follower")
    assert load_result.cleaned_up == (f"table {names['stage']}",)
    assert exact(platform)
    assert leftovers(platform) == []


@pytest.mark.promise(
    "The second is refused at once and names the partition; the first ends exact.",
    when="two runs of one partition",
    area="races",
)
def test_two_runs_of_one_partition_one_waits_outside(platform: Platform) -> None:
    """The second is refused at once, names the partition and can be tried again; the first ends
    exact.
    """
    follows(platform)
    gate = Gate(platform.postgres_url)
    with ThreadPoolExecutor() as pool:
        first = pool.submit(run, platform, "User/Follower", gate)
        assert gate.reached.wait(30)
        with pytest.raises(BusyError, match="User/Follower/0-999") as refused:
            run(platform, "User/Follower", Postgres(platform.postgres_url))
        assert refused.value.transient
        gate.opened.set()
        first.result(60)
    assert exact(platform)
    assert leftovers(platform) == []


@pytest.mark.promise(
    "Neither blocks or cleans up the other; both end exact.",
    when="two pairs of one scan in two runs",
    area="races",
)
def test_two_pairs_of_one_scan_in_two_runs(platform: Platform) -> None:
    """Neither hinders the other, neither cleans up after the other: both end exact."""
    follows(platform)
    gates = [Gate(platform.postgres_url), Gate(platform.postgres_url)]
    with ThreadPoolExecutor() as pool:
        both = [
            pool.submit(run, platform, key, gate)
            for key, gate in zip(["User/Follower", "User/Hidden"], gates, strict=True)
        ]
        assert all(gate.reached.wait(30) for gate in gates)
        for gate in gates:
            gate.opened.set()
        load_results = [one.result(60)[0] for one in both]
    assert [load_result.cleaned_up for load_result in load_results] == [(), ()]
    assert exact(platform)
    assert exact(platform, "Hidden")
    assert leftovers(platform) == []


@pytest.mark.promise(
    "The run stops before it writes.", when="a lock is lost while reading", area="races"
)
def test_a_run_that_lost_its_lock_writes_nothing(platform: Platform) -> None:
    """Its session in Postgres is ended while it reads: it stops before it writes."""
    follows(platform)
    gate = Gate(platform.postgres_url)
    with ThreadPoolExecutor() as pool:
        first = pool.submit(run, platform, "User/Follower", gate)
        assert gate.reached.wait(30)
        platform.rows(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE"
            " datname = current_database() AND application_name = 'metric_assets:lock'"
        )
        gate.opened.set()
        with pytest.raises(BusyError, match="lost the lock"):
            first.result(60)
    assert platform.events() == []
    assert leftovers(platform) == []


@pytest.fixture(scope="module")
def torture() -> Iterator[Torture]:
    """A world of its own, whose servers and clients may be killed."""
    with own_folder() as home:
        world = World(home, free_port(), rows=3_000)
        try:
            with Torture(world, seed=11) as torture:
                yield torture
        finally:
            world.down()


@pytest.mark.promise(
    "Its write is refused; the target stays as the retry left it.",
    when="a client is stopped before its write, overtaken by a retry, and resumed",
    area="stalls",
)
@pytest.mark.parametrize(
    "name", [fault.name for fault in FAULTS if fault.kind == "stall"], ids=lambda name: name[:25]
)
def test_a_stalled_client_that_wakes_up_writes_nothing(torture: Torture, name: str) -> None:
    """Stopped with its write in hand, its lock lost, overtaken by a retry and woken: it is refused,
    and the target stays as the retry left it.
    """
    (verdict,) = torture.run(1, [fault for fault in FAULTS if fault.name == name])
    assert verdict.struck
    assert verdict.clean, verdict.as_dict()
    failed = [fact["failed"] for fact in verdict.said if "failed" in fact]
    assert failed in (["TargetError"], ["BusyError"])


@pytest.mark.promise(
    "A transient error; the next attempt ends exact.",
    when="a store dies during a read or a write",
    area="kills",
)
@pytest.mark.parametrize(
    "name",
    [
        "postgres: while reading",
        "clickhouse: during the first insert into the stage",
        "clickhouse: while attaching",
        "clickhouse: during the delete",
    ],
)
def test_a_store_that_dies_is_a_transient_error(torture: Torture, name: str) -> None:
    """Killed mid-read or mid-write: the run ends with an error that another attempt can outlive,
    and that attempt ends exact.
    """
    (verdict,) = torture.run(1, [fault for fault in FAULTS if fault.name == name])
    assert verdict.struck
    assert verdict.clean, verdict.as_dict()
    failed = [(fact["failed"], fact["transient"]) for fact in verdict.said if "failed" in fact]
    assert failed in ([("UnavailableError", True)], [("BusyError", True)])


@pytest.mark.promise(
    "The load ends exact or with a transient error, nothing is left, the next load is exact.",
    when="any one request to ClickHouse is cut, lost, truncated or reset",
    area="networks",
)
@pytest.mark.parametrize("how", ["unsent", "lost", "truncated", "reset"])
def test_any_one_spoiled_request_to_clickhouse(platform: Platform, how: str) -> None:
    """Whichever request of a load the network spoils, the load ends exact or with an error that
    passes, nothing is left behind for good, and the next load ends exact.
    """
    follows(platform, 400)
    url = urlsplit(platform.clickhouse_url)
    if url.hostname != "127.0.0.1" or url.port is None:
        pytest.skip("the proxy that spoils requests leads to 127.0.0.1 only")
    with (
        proxy_of(url.port) as proxy,
        ClickHouse(
            platform.clickhouse_url.replace(f"127.0.0.1:{url.port}", proxy.address), timeout=20
        ) as store,
    ):
        source = Postgres(platform.postgres_url)
        pair = CATALOG.pairs["User/Follower"]
        for nth in range(1, 40):
            _ = store.client
            proxy.spoil(how, nth)
            stores = Stores(source, ClickHouseTarget(store, TARGET), source)
            failed = None
            try:
                materialize(
                    CATALOG.scan[pair.key], [pair], IDS, CUTOFF, stores, max_removed_share=1.0
                )
            except MetricAssetsError as error:
                failed = error
            assert failed.transient if failed else exact(platform), (nth, failed)
            spoiled = proxy.spoiled
            proxy.spoil("", 0)
            load(platform, "User/Follower", max_removed_share=1.0)
            assert exact(platform), nth
            assert leftovers(platform) == [], nth
            # A surplus and a gap, so that the next load has a difference to write.
            platform.command(f"INSERT INTO {TARGET} SELECT * FROM {TARGET} WHERE userId % 9 = 0")
            platform.command(f"DELETE FROM {TARGET} WHERE userId % 9 = 1")
            if not spoiled:
                break
        source.close()
    assert not spoiled
    assert nth > 12


@pytest.mark.promise(
    "A transient error that names store and address, within two seconds.",
    when="nothing listens",
    area="networks",
)
def test_refused_connections_end_at_once(platform: Platform) -> None:
    """Nobody listens: a transient error, naming store and address, within two seconds."""
    port = free_port()
    began = time.monotonic()
    with pytest.raises(UnavailableError, match=f"ClickHouse at 127.0.0.1:{port}"):
        ClickHouseTarget(ClickHouse(f"http://127.0.0.1:{port}/x"), TARGET).clean_up([FOLLOWER])
    with pytest.raises(UnavailableError, match="Postgres cannot be reached"):
        run(platform, "User/Follower", Postgres(f"postgresql://a@127.0.0.1:{port}/x"))
    assert time.monotonic() - began < 2


@pytest.mark.promise(
    "The same when the timeout is over.",
    when="something listens and never answers",
    area="networks",
)
def test_silent_connections_end_within_the_timeout(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody listens but never answers: the same error once the timeout is over."""
    monkeypatch.setattr(session_module, "CONNECT_TIMEOUT", 2)
    with silent_port() as port:
        began = time.monotonic()
        store = ClickHouse(f"http://127.0.0.1:{port}/x", timeout=1)
        with pytest.raises(UnavailableError):
            ClickHouseTarget(store, TARGET).clean_up([FOLLOWER])
        with pytest.raises(UnavailableError):
            run(platform, "User/Follower", Postgres(f"postgresql://a@127.0.0.1:{port}/x"))
        assert time.monotonic() - began < 12


@pytest.fixture
def slow_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """The scan of follows streams its rows for minutes."""
    monkeypatch.setattr(scan_module, "load", slowly("user/engaged", SLOW_ROWS))
    monkeypatch.setattr(Statement, "check", lambda *_: None)


@pytest.mark.promise(
    "Nothing is written; a transient error.",
    when="a read breaks off after rows have come",
    area="networks",
)
@pytest.mark.usefixtures("slow_rows")
def test_a_session_ended_in_mid_stream_is_a_transient_error(platform: Platform) -> None:
    """A read that breaks off after rows have come: nothing is written, another attempt may help."""

    def terminate() -> None:
        with psycopg.connect(platform.postgres_url, autocommit=True) as session:
            for _ in range(240):
                ended = session.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE"
                    " datname = current_database() AND state = 'active' AND query LIKE 'COPY%'"
                    " AND query_start < clock_timestamp() - interval '2 seconds'"
                )
                if ended.fetchall():
                    return
                time.sleep(0.25)

    thread = threading.Thread(target=terminate)
    thread.start()
    with pytest.raises(UnavailableError, match="broke off"):
        load(platform, "User/Follower")
    thread.join()
    assert leftovers(platform) == []


@pytest.mark.promise(
    "The source ends it; the error names the setting and is not retried.",
    when="a statement that takes too long",
    area="protection",
)
@pytest.mark.usefixtures("slow_rows")
def test_a_statement_that_takes_too_long_names_the_setting(platform: Platform) -> None:
    """The source ends it in mid-stream; trying again would not help, so it is not tried."""
    with pytest.raises(SourceError, match="METRIC_ASSETS_STATEMENT_TIMEOUT_SECONDS") as refused:
        run(platform, "User/Follower", Postgres(platform.postgres_url, statement_timeout=1))
    assert not refused.value.transient
    assert leftovers(platform) == []


def interrupt(platform: Platform, when: Callable[[], bool]) -> None:
    """Send this process what Ctrl-C and Dagster's termination send, once something is under way."""

    def strike() -> None:
        assert eventually(when, 20)
        time.sleep(0.2)
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    thread = threading.Thread(target=strike)
    thread.start()
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        load(platform, "User/Follower")
    assert time.monotonic() - began < 25
    ended = time.monotonic()
    thread.join()
    assert eventually(lambda: sessions(platform) == 0 and leftovers(platform) == [], 5)
    assert time.monotonic() - ended < 5


@pytest.mark.promise(
    "Within five seconds neither store has a session, statement or table of ours.",
    when="an interrupted read",
    area="protection",
)
def test_a_cancelled_read_ends_in_postgres(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Interrupted while the source works: within five seconds neither store runs anything of ours,
    and no table is left.
    """
    monkeypatch.setattr(scan_module, "load", slowly("user/engaged", SLOW_READ))
    monkeypatch.setattr(Statement, "check", lambda *_: None)
    # Opened here: the thread that watches must not share a session with the test's.
    seen = platform.postgres_url

    def reading() -> bool:
        with psycopg.connect(seen) as session:
            row = session.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                " AND state = 'active' AND query LIKE '%pg_sleep(60)%'"
                " AND pid <> pg_backend_pid()"
            ).fetchone()
        return row != (0,)

    interrupt(platform, reading)


@pytest.mark.promise(
    "The same, reading or writing.",
    when="an interrupted statement of ClickHouse",
    area="protection",
)
@pytest.mark.parametrize("step", ["clickhouse/attach", "clickhouse/stage_summary"])
def test_a_cancelled_statement_ends_in_clickhouse(
    platform: Platform, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """The same while ClickHouse works, reading or writing."""
    follows(platform)
    slow = "SELECT sleepEachRow(0.05) FROM numbers(1200) SETTINGS max_block_size = 10"
    if step == "clickhouse/attach":
        step = step if platform.deletes else "clickhouse/publish"
        slow = (
            f"INSERT INTO {TARGET} SELECT 'User', number, 5, 'Other', 1, now64(3) FROM numbers(1200)"
            " WHERE NOT sleepEachRow(0.05) SETTINGS max_block_size = 10"
        )
    monkeypatch.setattr(private_tables, "load", slowly(step, slow))
    probe = ClickHouse(platform.clickhouse_url)

    def working() -> bool:
        return probe.client.query(
            "SELECT count() FROM system.processes WHERE current_database = currentDatabase()"
            " AND query LIKE '%sleepEachRow(0.05)%' AND query NOT LIKE '%system.processes%'"
        ).result_rows != [(0,)]

    interrupt(platform, working)
    probe.close()


@pytest.mark.promise(
    "It is there at the end.",
    when="an event is deleted and inserted again and again",
    area="targets",
)
def test_a_row_that_comes_back_is_not_taken_for_a_repetition(platform: Platform) -> None:
    """A target with a dedup log would drop an insert that equals one of before, and say it did it:
    deleted and inserted again and again, the same event is there at the end.
    """
    follows(platform, 200)
    platform.command(
        f"ALTER TABLE {TARGET} MODIFY SETTING non_replicated_deduplication_window = 1000"
    )
    load(platform, "User/Follower")
    for _ in range(3):
        platform.command(f"DELETE FROM {TARGET} WHERE userId = 8")
        platform.command(f"DELETE FROM {TARGET} WHERE userId = 10")
        (load_result,) = load(platform, "User/Follower")
        assert load_result.inserted == 2
        assert exact(platform)


@pytest.mark.promise(
    "A chunk that equals the one before it counts.",
    when="the staging table inherits a deduplication log",
    area="targets",
)
def test_equal_chunks_are_staged_as_often_as_they_are_sent(platform: Platform) -> None:
    """A staging table may have a dedup log, by the server's defaults or as a shared table; a chunk
    that equals the one before it counts.
    """
    chunk = pl.DataFrame(
        {
            "metricType": "Follower",
            "entityId": 1,
            "userId": 2,
            "metricValue": 1,
            "createdAt": CUTOFF - timedelta(days=1),
        }
    )
    with stores_of(platform).target.private(FOLLOWER, "twice") as stage:
        stage.create()
        platform.command(
            f"ALTER TABLE {next(iter(stage.tables.made))}"
            " MODIFY SETTING non_replicated_deduplication_window = 1000"
        )
        for _ in range(2):
            stage.insert(chunk)
        assert stage.staged()["Follower"].events == 2


@pytest.mark.promise("Refused by the session.", when="a statement that writes", area="protection")
@pytest.mark.promise(
    "It is one snapshot: not even a second statement sees them.",
    when="others commit during a read",
    area="protection",
)
def test_a_reading_is_one_snapshot_and_cannot_write(platform: Platform) -> None:
    """What another session commits while a reading is open is not seen by it, not even by a second
    statement; and a statement that writes is refused by the session.
    """
    follows(platform, 10)
    counted = Statement("count", 'SELECT count(*) AS n FROM "UserEngagement"', "", frozenset())
    with Postgres(platform.postgres_url) as source:
        with source.read(counted, {}, "test") as reading:
            platform.run('DELETE FROM "UserEngagement"')
            found = [frame["n"].to_list() for frame in reading.frames() if frame.height]
        assert found == [[10]]
        writing = Statement("write", "SELECT lo_create(0)::int AS n", "", frozenset())
        with (
            pytest.raises(SourceError, match="read-only"),
            source.read(writing, {}, "test") as reading,
        ):
            list(reading.frames())
        (state,) = source.frame(
            Statement(
                "state", "SELECT current_setting('transaction_read_only') AS s", "", frozenset()
            ),
            {},
        )["s"].to_list()
    assert state == "on"
