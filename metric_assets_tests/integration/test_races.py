"""What happens beside a load: checks, overlapping ranges, live events; and what it may take of the
source meanwhile.
"""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from metric_assets.audit.legacy_check import check_groups
from metric_assets.catalog import CATALOG
from metric_assets.changes import Known
from metric_assets.errors import RemovalRefusedError, UnavailableError, VerificationError
from metric_assets.plan import Summary
from metric_assets.ranges import IdRange
from metric_assets.reconcile import Verdict
from metric_assets.sql import Statement
from metric_assets.stores.clickhouse import ClickHouse
from metric_assets.stores.postgres import Postgres
from metric_assets.stores.stage import ClickHouseStage
from metric_assets.stores.totals import EventTotals
from metric_assets_tests.integration.follows import Gate, exact, follows, leftovers, run
from metric_assets_tests.integration.platforms import (
    IDS,
    TARGET,
    Platform,
    load,
    stores_of,
)
from metric_assets_tests.integration.test_bad_input import LATER, three_follows

pytestmark = pytest.mark.integration

FOLLOWER = CATALOG.pairs["User/Follower"]


def ours(platform: Platform) -> list[str]:
    """Sessions of ours in this platform's source, by name. By a connection of its own."""
    with psycopg.connect(platform.postgres_url) as session:
        rows = session.execute(
            "SELECT application_name FROM pg_stat_activity WHERE datname = current_database()"
            " AND application_name LIKE 'metric_assets%' ORDER BY 1"
        ).fetchall()
    return [name for (name,) in rows]


@pytest.mark.promise(
    "It sees the target as it was and reports the difference; the load ends exact.",
    when="a reconcile during a load",
    area="races",
)
def test_a_reconcile_during_a_load(platform: Platform) -> None:
    """Neither waits for the other: the check sees the target of before the load and tells the
    difference, the load ends exact, and the check after it is clean.
    """
    follows(platform)
    for user in range(100):
        platform.add("User", id=user)
    platform.run(
        'INSERT INTO "UserMetric" ("userId", timeframe, "followerCount")'
        ' SELECT "targetUserId", \'AllTime\', count(*) FROM "UserEngagement"'
        " WHERE type = 'Follow' GROUP BY 1"
    )
    gate = Gate(platform.postgres_url)

    def check() -> tuple[bool, float]:
        through = stores_of(platform)
        totals = EventTotals(through.clickhouse, TARGET)
        ((_, _, verdict),) = check_groups(
            CATALOG.entity["User"], [([FOLLOWER], [IDS])], through.postgres, totals
        )
        assert isinstance(verdict, Verdict)
        return verdict.passed, verdict.missing

    with ThreadPoolExecutor() as pool:
        loading = pool.submit(run, platform, "User/Follower", gate)
        assert gate.reached.wait(30)
        during = check()
        gate.opened.set()
        loading.result(60)
    assert during == (False, 1_000)
    assert check() == (True, 0)
    assert exact(platform)


@pytest.mark.promise(
    "The load ends exact.",
    when="the scope is emptied, or filled, after the staging table was made",
    area="races",
)
@pytest.mark.parametrize("before", ["empty", "loaded"])
def test_a_scope_that_changes_after_the_stage_was_made(
    platform: Platform, monkeypatch: pytest.MonkeyPatch, before: str
) -> None:
    """The stage is laid out by what the scope holds at first: one to be attached where it is
    empty, one to be compared where it is not. Emptied, or filled, in between, it ends exact as well.
    """
    follows(platform)
    if before == "loaded":
        load(platform, "User/Follower")
        # Every bucket differs: what agrees by its fingerprint is not looked at again.
        platform.command(f"DELETE FROM {TARGET} WHERE userId % 5 = 0")
    staged = ClickHouseStage.staged

    def overtaken(stage: ClickHouseStage) -> dict[str, Summary]:
        monkeypatch.setattr(ClickHouseStage, "staged", staged)
        if before == "loaded":
            platform.command(f"TRUNCATE TABLE {TARGET} SYNC")
        else:
            platform.command(
                f"INSERT INTO {TARGET} SELECT 'User', number, 5, 'Follower', 1,"
                " toDateTime64('2024-02-02', 3, 'UTC') FROM numbers(10)"
            )
        return staged(stage)

    monkeypatch.setattr(ClickHouseStage, "staged", overtaken)
    (load_result,) = load(platform, "User/Follower")
    assert (load_result.inserted, load_result.removed) == (
        (1_000, 0) if before == "loaded" else platform.changes(1_000, 10)
    )
    assert exact(platform)
    assert leftovers(platform) == []


@pytest.mark.promise(
    "Shared ids are loaded once.", when="overlapping ranges, one after the other", area="races"
)
def test_overlapping_ranges_in_turn(platform: Platform) -> None:
    """Ids that two ranges share are loaded once: the second finds them present."""
    follows(platform)
    (first,) = load(platform, "User/Follower", IdRange(0, 60))
    (second,) = load(platform, "User/Follower", IdRange(40, 1_000))
    assert first.inserted + second.inserted == 1_000
    assert second.present == second.wanted - second.inserted > 0
    assert exact(platform)


@pytest.mark.promise(
    "Each is there once at the end.", when="live events in the same ids during a load", area="races"
)
def test_live_events_arrive_in_the_ids_of_a_load(platform: Platform) -> None:
    """Of the very metric from the instant of the cutoff on, of another on both sides, all the while
    from before the read to after the verification: every one is there once at the end, and the rest exact.
    """
    follows(platform)
    ending, written = threading.Event(), 0
    row = "('User', {0} % 100, 900000 + {0}, '{1}', 1, '{2}')"

    def live() -> int:
        count = 0
        with ClickHouse(platform.clickhouse_url) as store:
            while not ending.is_set() or count < 5:
                rows = ", ".join(
                    row.format(count, *event)
                    for event in (
                        ("Follower", "2025-10-01 00:00:00.000"),
                        ("Live", "2025-09-30 23:59:59.999"),
                        ("Live", "2025-10-01 00:00:00.000"),
                    )
                )
                store.client.command(f"INSERT INTO {TARGET} VALUES {rows}")
                count += 1
        return count

    with ThreadPoolExecutor() as pool:
        arriving = pool.submit(live)
        for damage in (
            "",
            f"DELETE FROM {TARGET} WHERE userId % 9 = 1 AND createdAt < '2025-01-01'",
        ):
            if damage:
                platform.command(damage)
            run(platform, "User/Follower", Postgres(platform.postgres_url))
        ending.set()
        written = arriving.result(60)
    found = platform.query(
        f"SELECT metricType, count(), uniqExact(userId) FROM {TARGET} WHERE userId >= 900000"
        " GROUP BY 1 ORDER BY 1"
    )
    assert found == [("Follower", written, written), ("Live", 2 * written, written)]
    platform.command(f"DELETE FROM {TARGET} WHERE userId >= 900000")
    assert exact(platform)
    assert leftovers(platform) == []


@pytest.mark.promise(
    "They would be surplus: explained and refused, not removed.",
    when="a cutoff moved later over live events",
    area="settings",
)
def test_a_cutoff_moved_over_live_events_is_guarded(platform: Platform) -> None:
    """Moved later, past events that the live stream wrote in its own way: they would be surplus.
    That is explained and refused, and they stay.
    """
    three_follows(platform)
    load(platform, "User/Follower")
    platform.command(
        f"INSERT INTO {TARGET} SELECT 'User', 1, 500 + number, 'Follower', 1,"
        " '2025-11-15 10:00:00.123' FROM numbers(2000)"
    )
    before = platform.checksum()
    with pytest.raises(RemovalRefusedError, match=r"removes 2000 of 2002.*whether.*the cutoff"):
        load(platform, "User/Follower", cutoff=LATER)
    assert platform.checksum() == before
    assert leftovers(platform) == []


@pytest.mark.promise(
    "Two a run, none afterwards.",
    when="connections",
    area="protection",
)
def test_connections_that_a_run_takes(platform: Platform) -> None:
    """Two, the lock's and the reading's, for each run at work, whatever it does and however many
    ranges it has; none is left when it is over.
    """
    follows(platform)
    gates = [Gate(platform.postgres_url), Gate(platform.postgres_url)]
    with ThreadPoolExecutor() as pool:
        both = [
            pool.submit(run, platform, key, gate)
            for key, gate in zip(["User/Follower", "User/Hidden"], gates, strict=True)
        ]
        assert all(gate.reached.wait(30) for gate in gates)
        names = ours(platform)
        for gate in gates:
            gate.opened.set()
        for one in both:
            one.result(60)
    assert len(names) == 4
    assert names.count("metric_assets:lock") == 2
    assert ours(platform) == []
    with Postgres(platform.postgres_url) as source:
        through = stores_of(platform)
        through.postgres = source
        for start in range(0, 100, 20):
            load(platform, "User/Follower", IdRange(start, start + 20), through=through)
            assert len(ours(platform)) <= 1
    assert ours(platform) == []


@pytest.mark.promise(
    "Read-only, one snapshot, with timeouts, and it notices that its client has gone.",
    when="every session",
    area="protection",
)
def test_the_session_bounds_itself(platform: Platform) -> None:
    """Every reading of ours asks the server to refuse writes, to end long statements and idle
    transactions, to notice that its client has gone, and never to hide rows; in its transaction, so
    that it holds behind a pooler.
    """
    names = [
        "transaction_read_only",
        "transaction_isolation",
        "statement_timeout",
        "idle_in_transaction_session_timeout",
        "client_connection_check_interval",
        "row_security",
        "TimeZone",
    ]
    text = "SELECT " + ", ".join(f"current_setting('{name}') AS {name}" for name in names)
    with Postgres(platform.postgres_url, statement_timeout=77) as source:
        (row,) = source.frame(Statement("state", text, "", frozenset()), {}).rows()
    assert row == ("on", "repeatable read", "77s", "77s", "5s", "off", "UTC")


@pytest.mark.promise(
    "The server ends it after the same timeout; a transient error.",
    when="a transaction left idle",
    area="protection",
)
def test_a_transaction_left_idle_is_ended_by_the_server(platform: Platform) -> None:
    """Whoever stalls between opening a reading and its rows holds up vacuum no longer than a
    statement may; waking up, it ends with a transient error.
    """
    with Postgres(platform.postgres_url, statement_timeout=1) as source:
        with pytest.raises(UnavailableError):
            idle(source, 1.5)
        assert ours(platform) == []


def idle(source: Postgres, seconds: float) -> None:
    """Open a reading, wait, and only then ask for its rows."""
    with source.read(Statement("idle", "SELECT 1 AS n", "", frozenset()), {}, "test") as reading:
        time.sleep(seconds)
        list(reading.frames())


def test_a_small_range_that_somebody_else_fills_is_not_called_loaded(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two rows may be compared in memory; after the load eight, no more: nine more are too many."""
    platform.memory_rows = 2
    platform.add(
        "UserEngagement", userId=1, targetUserId=2, type="Follow", createdAt="2024-01-01 00:00:00"
    )
    publish = ClickHouseStage.publish

    def beside_another(
        stage: ClickHouseStage, metrics: list[str], known: Known, *, alone: bool
    ) -> None:
        publish(stage, metrics, known, alone=alone)
        platform.command(
            f"INSERT INTO {TARGET} SELECT 'User', 2, number + 10, 'Follower', 1,"
            " '2024-02-01 00:00:00' FROM numbers(9)"
        )

    monkeypatch.setattr(ClickHouseStage, "publish", beside_another)
    with pytest.raises(
        VerificationError, match=r"holds more than 8 rows by now, .* else is writing"
    ):
        load(platform, "User/Follower")
    assert leftovers(platform) == []
    monkeypatch.undo()
    (again,) = load(platform, "User/Follower", max_removed_share=1.0)
    assert (again.removed, again.events) == (9, 1)
