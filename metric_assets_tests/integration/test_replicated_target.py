"""Targets that are replicated: right to the event after whatever befalls them, and never a mutation.

Runs against the server of METRIC_ASSETS_TEST_CLICKHOUSE_URL (docs/how-to/testing-against-a-server.md), which
must have ReplicatedMergeTree or SharedMergeTree; without one it says that it was skipped. Nothing is
deleted from such a target: surplus is made up for by compensating events, so a target is right if
every event's copies, an event plus its negation counting nothing, are those of the source. What the
source implies, and every number of rows, is worked out here by hand or in SQL of the tests' own.

Belongs here: what replicated targets do differently. Does not belong here: plain ones (test_repair).
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

import pytest
from clickhouse_connect.driver.exceptions import DatabaseError

from metric_assets.errors import MetricAssetsError, TargetError
from metric_assets.load_result import LoadResult
from metric_assets_tests.integration.platforms import Event, Platform, load, stores_of
from metric_assets_tests.integration.servers import REPLICATED, Server, engine_of_database
from metric_assets_tests.integration.test_repair import (
    BYSTANDERS,
    COLUMNS,
    PAIRS,
    SCOPE,
    SOURCE,
    WANTED,
    wanted,
    written,
)
from metric_assets_tests.torture.nursery import Child

pytestmark = pytest.mark.integration

CUTOFF = datetime(2025, 10, 1, tzinfo=timezone.utc)
EVENTS = "replicatedEvents"
#: The load has 6,000 events in 250 days: by day, more partitions than one INSERT may write.
LAYOUTS = {
    "unpartitioned": "ORDER BY (entityType, entityId, createdAt)",
    "by entityType": "PARTITION BY entityType ORDER BY (entityType, metricType, entityId, createdAt)",
    "by month": "PARTITION BY toYYYYMM(createdAt) ORDER BY (entityType, entityId, createdAt)",
    "by day": "PARTITION BY toDate(createdAt) ORDER BY (entityType, entityId, createdAt)",
}
#: Codes of a server that has no ZooKeeper or Keeper, or lacks a macro that a path names.
_LACKING = {139, 62}
#: A table that was read-only for the moment, after its server came back, is asked again so long.
_PATIENCE = 90.0


@dataclass(frozen=True)
class Replicated:
    """A platform whose target is replicated and holds bystanders: live events, and neighbours of the
    scope on each side.
    """

    platform: Platform
    bystanders: tuple[int, int]

    def load(self, **options: Any) -> list[LoadResult]:
        """Load all pairs of the scope in the default mode; no mutation begins meanwhile."""
        before = self.mutations()
        load_results = load(
            self.platform, PAIRS, cutoff=CUTOFF, through=stores_of(self.platform, table=EVENTS), **options
        )  # fmt: skip
        assert self.mutations() == before
        assert {load_result.mode for load_result in load_results} == {"append"}
        return load_results

    def load_at_last(self) -> list[LoadResult]:
        """Load, trying again while the error is transient."""
        end = time.monotonic() + _PATIENCE
        while (load_results := self._load_unless_transient(end)) is None:
            time.sleep(0.5)
        return load_results

    def _load_unless_transient(self, end: float) -> list[LoadResult] | None:
        try:
            return self.load()
        except MetricAssetsError as error:
            if not error.transient or time.monotonic() > end:
                raise
            return None

    def mutations(self) -> list[tuple[Any, ...]]:
        """Every mutation of this database, done or not. Deletes by hand are mutations, too."""
        found = self.platform.query(
            "SELECT table, mutation_id, command FROM system.mutations"
            " WHERE database = currentDatabase() ORDER BY ALL"
        )
        assert not [one for one in found if f"{EVENTS}__" in f"{one[0]} {one[2]}"]
        return found

    def command(self, text: str) -> None:
        """Run a statement by hand; {t} is the target, {s} the scope."""
        self.platform.command(text.format(t=EVENTS, s=SCOPE))

    def rows(self) -> int:
        """Rows of the scope, compensations and what they compensate included."""
        return int(self.platform.query(f"SELECT count() FROM {EVENTS} WHERE {SCOPE}")[0][0])

    def net(self) -> Counter[Event]:
        """Copies of each event of the scope, less the copies of its negation."""
        found = self.platform.query(
            "SELECT entityId, userId, toString(metricType), abs(metricValue),"
            " toString(toDateTime64(createdAt, 3, 'UTC')), sum(if(metricValue < 0, -1, 1)) AS copies"
            f" FROM {EVENTS} WHERE {SCOPE} GROUP BY ALL HAVING copies != 0"
        )
        return Counter({key: copies for *key_, copies in found for key in [tuple(key_)]})

    def check(self) -> None:
        """The scope is worth what the source implies, bystanders are as they were, nothing is left."""
        assert self.net() == wanted(self.platform)
        assert self.platform.checksum(f"NOT {SCOPE}", table=EVENTS) == self.bystanders
        assert self.left() == []

    def left(self) -> list[tuple[Any, ...]]:
        """Private tables, and statements of ours that still run."""
        return self.platform.query(
            "SELECT name FROM system.tables WHERE database = currentDatabase()"
            f" AND startsWith(name, '{EVENTS}__')"
            " UNION ALL SELECT query FROM system.processes"
            " WHERE current_database = currentDatabase()"
            " AND startsWith(Settings['log_comment'], 'metric_assets ')"
        )


def make(platform: Platform, server: Server, path: str, layout: str) -> Replicated:
    """A replicated target with bystanders, and the sources of a load."""
    own_way = engine_of_database(platform.clickhouse) != "Atomic"
    if own_way and path != "default path":
        pytest.skip("the databases of this server choose the path of a replica themselves")
    engine = REPLICATED[path].replace(
        "DATABASE", str(platform.query("SELECT currentDatabase()")[0][0])
    )
    if path == "default path" and server.engine.startswith("Shared"):
        engine = server.engine
    platform.engine = engine
    try:
        platform.create(f"CREATE TABLE {EVENTS} ({COLUMNS}) ENGINE = MergeTree {LAYOUTS[layout]}")
    except DatabaseError as error:
        if error.code in _LACKING:
            pytest.skip(f"this server has no such replicated table: {error}")
        raise
    platform.run(SOURCE)
    platform.command(BYSTANDERS.format(table=EVENTS))
    made = Replicated(platform, platform.checksum(table=EVENTS))
    assert made.bystanders[0] == 6
    return made


#: By day each of 250 partitions is a transaction of the Keeper's: one path has to do.
TARGETS = [
    (path, layout)
    for path in REPLICATED
    for layout in LAYOUTS
    if layout != "by day" or path == "default path"
]


@pytest.fixture(params=TARGETS, ids="-".join)
def empty(request: pytest.FixtureRequest, served: Platform, server: Server) -> Replicated:
    """A target of every path and layout, nothing loaded yet."""
    return make(served, server, *request.param)


@pytest.fixture
def loaded(empty: Replicated) -> Replicated:
    """The same, loaded once."""
    assert written(empty.load()) == (WANTED, 0)
    empty.check()
    return empty


@pytest.fixture(params=LAYOUTS)
def laid_out(request: pytest.FixtureRequest, served: Platform, server: Server) -> Replicated:
    """A target of every layout; how its path is given makes no difference to what is killed."""
    return make(served, server, "default path", request.param)


def delete_by_hand(made: Replicated, first: int, last: int) -> None:
    """Somebody deletes the events of users ``first`` to ``last``, one each."""
    made.command(f"DELETE FROM {{t}} WHERE {{s}} AND userId BETWEEN {first} AND {last}")


def double_by_hand(made: Replicated, first: int, last: int) -> None:
    """Somebody inserts the events of these users once more."""
    made.command(
        "INSERT INTO {t} SELECT * FROM {t} WHERE {s}"
        f" AND userId BETWEEN {first} AND {last} SETTINGS max_partitions_per_insert_block = 0"
    )


@pytest.mark.promise(
    "Exact by key; the re-run writes nothing.",
    when="replicated, a first load and a re-run (by URL)",
    area="targets",
)
def test_a_first_load_and_an_unchanged_one(loaded: Replicated) -> None:
    """The first load is exact, row by row; the second writes nothing."""
    assert loaded.rows() == WANTED
    for _ in range(2):
        load_results = loaded.load()
        assert written(load_results) == (0, 0)
        assert [(r.present, r.wanted) for r in load_results] == [(1_200, 1_200)] * 5
    assert loaded.rows() == WANTED
    loaded.check()


def test_a_dry_run_writes_nothing(empty: Replicated) -> None:
    """It tells all rows before the first load, and the target keeps bystanders only."""
    assert written(empty.load(dry_run=True)) == (WANTED, 0)
    assert empty.rows() == 0
    assert empty.left() == []


@pytest.mark.promise(
    "They come back.", when="replicated, rows deleted by hand (by URL)", area="targets"
)
def test_rows_deleted_by_hand_come_back(loaded: Replicated) -> None:
    """A thousand events deleted from the target: a thousand are inserted."""
    delete_by_hand(loaded, 1, 1_000)
    assert loaded.rows() == WANTED - 1_000
    assert written(loaded.load()) == (1_000, 0)
    loaded.check()
    assert loaded.rows() == WANTED
    assert written(loaded.load()) == (0, 0)


@pytest.mark.promise(
    "Compensated, without a mutation.",
    when="replicated, rows doubled by hand (by URL)",
    area="targets",
)
def test_rows_doubled_by_hand_are_compensated(loaded: Replicated) -> None:
    """A thousand events inserted once more: a thousand negations are inserted, nothing is deleted."""
    double_by_hand(loaded, 5_001, 6_000)
    assert loaded.rows() == WANTED + 1_000
    assert written(loaded.load()) == (1_000, 0)
    loaded.check()
    assert loaded.rows() == WANTED + 2_000
    assert written(loaded.load()) == (0, 0)


@pytest.mark.promise("It comes back.", when="replicated, a metric gone (by URL)", area="targets")
def test_a_whole_metric_gone_comes_back(loaded: Replicated) -> None:
    """One of five metrics deleted: its 1,200 events are inserted, the others are left alone."""
    loaded.command("DELETE FROM {t} WHERE {s} AND metricType = 'ReactionCry'")
    assert loaded.rows() == WANTED - 1_200
    assert {r.pair.key: r.inserted for r in loaded.load() if r.inserted} == {
        "Image/ReactionCry": 1_200
    }
    loaded.check()
    assert loaded.rows() == WANTED
    assert written(loaded.load()) == (0, 0)


@pytest.mark.promise(
    "Loaded again, exactly.", when="replicated, truncated (by URL)", area="targets"
)
def test_a_truncated_target_is_loaded_again(loaded: Replicated) -> None:
    """TRUNCATE takes live events, too: they are no business of a load, all others come back."""
    loaded.command("TRUNCATE TABLE {t} SYNC")
    assert written(loaded.load()) == (WANTED, 0)
    assert loaded.platform.query(f"SELECT count() FROM {EVENTS}") == [(WANTED,)]
    assert loaded.net() == wanted(loaded.platform)
    assert loaded.left() == []
    loaded.platform.command(BYSTANDERS.format(table=EVENTS))
    assert written(loaded.load()) == (0, 0)
    loaded.check()


@pytest.mark.promise(
    "The deduplication log swallows none of them.",
    when="replicated, equal blocks after a delete (by URL)",
    area="targets",
)
def test_the_deduplication_log_swallows_nothing(loaded: Replicated) -> None:
    """The server has seen each block of these rows before; deleted since, the rows still come back,
    all of them or some, as often as they are deleted.
    """
    for first, last in ((1, 600), (1, 600), (1, WANTED), (1, WANTED)):
        delete_by_hand(loaded, first, last)
        assert loaded.rows() == WANTED - (last - first + 1)
        assert written(loaded.load()) == (last - first + 1, 0)
        loaded.check()
    assert loaded.rows() == WANTED


def test_the_server_really_has_a_deduplication_log(laid_out: Replicated) -> None:
    """Inserted by hand without our settings, an equal block is swallowed, even deleted in between:
    the trap that the test above goes past is there.
    """
    block = "INSERT INTO {t} VALUES ('Post', 1, 1, 'ReactionLike', 1, '2024-01-01 00:00:00.000')"
    trap = f"SELECT count() FROM {EVENTS} WHERE entityType = 'Post' AND userId = 1"
    laid_out.command(block)
    laid_out.command(block)
    assert laid_out.platform.query(trap) == [(1,)]
    laid_out.command("DELETE FROM {t} WHERE entityType = 'Post' AND userId = 1")
    laid_out.command(block)
    assert laid_out.platform.query(trap) == [(0,)]


def test_everything_at_once(loaded: Replicated) -> None:
    """Deleted, doubled, doubled again, made-up and withdrawn rows, one after the other and together:
    each is made up for once, and what was compensated can come back.
    """
    delete_by_hand(loaded, 1, 700)
    double_by_hand(loaded, 5_501, 6_000)
    loaded.platform.run('DELETE FROM "ImageReaction" WHERE id BETWEEN 3001 AND 3010')
    # 700 are missing; 500 are doubled and 10 are withdrawn.
    assert written(loaded.load()) == (700 + 510, 0)
    loaded.check()

    # Both copies and the compensation once more: net one copy too many of each of 100.
    double_by_hand(loaded, 5_901, 6_000)
    # A value, a user and a time that the source does not have.
    loaded.command(
        "INSERT INTO {t} VALUES ('Image', 5, 4, 'ReactionHeart', 2, '2024-01-01 04:00:00.151'),"
        " ('Image', 5, 9999, 'ReactionHeart', 1, '2024-01-01 04:00:00.151'),"
        " ('Image', 5, 4, 'ReactionHeart', 1, '2024-01-01 04:00:00.152')"
    )
    # One withdrawn reaction is back as it was: 1 + 3001 % 300 = 2, kind 3001 % 5 = 1: Dislike.
    loaded.platform.run(
        'INSERT INTO "ImageReaction" (id, "imageId", "userId", reaction, "createdAt", "updatedAt")'
        " SELECT 3001, 2, 3001, 'Dislike', TIMESTAMP '2024-01-01 00:00:00.123'"
        " + 3001 * INTERVAL '1 hour 7 ms', '2024-01-01'"
    )
    assert written(loaded.load()) == (100 + 3 + 1, 0)
    loaded.check()
    assert written(loaded.load()) == (0, 0)

    loaded.command("DELETE FROM {t} WHERE {s} AND metricType = 'ReactionLike'")
    delete_by_hand(loaded, 1, 10)
    # Likes are every fifth user from 5 on: 1,200, of which 3005 and 3010 are withdrawn. Of users 1
    # to 10, 5 and 10 are Likes, so 8 others are missing.
    assert written(loaded.load()) == (1_198 + 8, 0)
    loaded.check()
    assert written(loaded.load()) == (0, 0)


def test_replace_is_refused(laid_out: Replicated) -> None:
    """Asked to delete from a replicated target, a load refuses by the setting's name and writes
    nothing.
    """
    before = laid_out.platform.checksum(table=EVENTS)
    through = stores_of(laid_out.platform, table=EVENTS, mode="replace")
    with pytest.raises(TargetError, match="METRIC_ASSETS_MODE=replace"):
        load(laid_out.platform, PAIRS, cutoff=CUTOFF, through=through)
    assert laid_out.platform.checksum(table=EVENTS) == before
    assert laid_out.left() == []


@contextmanager
def striking(made: Replicated, step: str, delay: float, restart: str = "") -> Iterator[Child]:
    """A backfill in a process of its own that kills itself, or the server, so many seconds into a
    step.
    """
    child = Child()
    child.order(
        {
            "postgres": made.platform.postgres_url,
            "clickhouse": made.platform.clickhouse_url,
            "table": EVENTS,
            "scan": "image/reactions",
            "metrics": [key.split("/")[1] for key in PAIRS],
            "ranges": ["0-999"],
            "cutoff": CUTOFF.isoformat(),
            "point": {"step": step, "when": "during", "nth": 1, "delay": delay},
            "restart": restart,
        }
    )
    ended = child.end()
    assert ended, "it hangs"
    assert {"struck": True} in child.said
    yield child


def differ(made: Replicated) -> None:
    """What a difference is written for: 2,000 rows missing, 1,000 doubled."""
    delete_by_hand(made, 1, 2_000)
    double_by_hand(made, 5_001, 6_000)


@pytest.mark.promise(
    "One more load is exact.",
    when="replicated, a client killed during an insert (by URL)",
    area="targets",
)
@pytest.mark.parametrize("step", ["insert", "clickhouse/publish", "clickhouse/insert_missing"])
def test_a_client_killed_in_mid_insert(laid_out: Replicated, step: str) -> None:
    """SIGKILL while it sends to the staging table, while the server inserts from there into an empty
    scope, and while a difference is inserted, sooner or later: one more load is exact, whatever prefix
    was committed and whatever the server still did.
    """
    if step == "clickhouse/insert_missing":
        laid_out.load()
    for delay in (0.0, 0.02, 0.1):
        if step == "clickhouse/insert_missing":
            differ(laid_out)
        else:
            laid_out.command("DELETE FROM {t} WHERE {s}")
        with striking(laid_out, step, delay) as child:
            assert child.process.returncode == -9
        laid_out.load_at_last()
        laid_out.check()
        assert written(laid_out.load()) == (0, 0)


@pytest.mark.promise(
    "One more load is exact.",
    when="replicated, the server killed during an insert (by URL)",
    area="targets",
)
@pytest.mark.parametrize("step", ["insert", "clickhouse/publish", "clickhouse/insert_missing"])
def test_a_server_killed_in_mid_insert(
    laid_out: Replicated, restartable: Server, step: str
) -> None:
    """SIGKILL for the server's process in the same places: the load ends with a transient error,
    or is done, and once the server is back one more load is exact.
    """
    if step == "clickhouse/insert_missing":
        laid_out.load()
    for delay in (0.0, 0.05):
        if step == "clickhouse/insert_missing":
            differ(laid_out)
        else:
            laid_out.command("DELETE FROM {t} WHERE {s}")
        with striking(laid_out, step, delay, restartable.restart_command) as child:
            failed = [fact for fact in child.said if "failed" in fact]
            assert all(fact["transient"] for fact in failed), failed
        restartable.until_up()
        laid_out.load_at_last()
        laid_out.check()
        assert written(laid_out.load()) == (0, 0)
