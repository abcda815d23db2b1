"""Runs ended from outside, in the UI or by a signal: five seconds later neither store knows of them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial

import psycopg
import pytest

from metric_assets_tests.end_to_end.conftest import BIN, Day
from metric_assets_tests.integration.local_fixtures import free_port
from metric_assets_tests.torture.graphql import Ui

pytestmark = [pytest.mark.end_to_end, pytest.mark.integration]

TABLE = "terminatedEvents"
BELOW = "createdAt < toDateTime64('2025-10-01', 3, 'UTC')"
#: How long after its termination a run may still be heard of in a store.
SECONDS = 5.0
#: Half a minute in all for a block of 100 rows; each may nap three seconds.
NAPS = "+".join(f"sleepEachRow({0.027 + n / 1e5:.5f})" for n in range(12))

#: Sessions of ours at work, between two statements of a transaction, or with a lock.
SESSIONS = """SELECT 'session ' || application_name || ' ' || state || ' ' || query
FROM pg_stat_activity WHERE application_name LIKE 'metric_assets:%' AND (state <> 'idle'
  OR pid IN (SELECT pid FROM pg_locks WHERE locktype = 'advisory'))"""
#: Statements and unfinished mutations of ours, and tables beside the target.
STATEMENTS = f"""SELECT 'query ' || query FROM system.processes
WHERE startsWith(Settings['log_comment'], 'metric_assets')
UNION ALL SELECT 'mutation ' || command FROM system.mutations
WHERE table = '{TABLE}' AND NOT is_done
UNION ALL SELECT 'table ' || name FROM system.tables
WHERE database = currentDatabase() AND startsWith(name, '{TABLE}__')"""

_EVENT = """SELECT "{0}", coalesce("{1}", 0), (extract(epoch FROM t) * 1000)::bigint
FROM (SELECT *, {2} AS t FROM "{3}") s WHERE {4}"""
#: The cutoff in milliseconds; adjustments lie one before it.
CUTOFF_MS = 1_759_276_800_000
#: By hand: what pairs count, as entityId, userId, milliseconds.
WANTED = {
    "Tag/Follower": _EVENT.format(
        "tagId", "userId", '"createdAt"', "TagEngagement", "type = 'Follow'"
    ),
    "Tag/Hidden": _EVENT.format("tagId", "userId", '"createdAt"', "TagEngagement", "type = 'Hide'"),
    "User/Follower": _EVENT.format(
        "targetUserId", "userId", '"createdAt"', "UserEngagement", "type = 'Follow'"
    ),
    "Bounty/Favorite": _EVENT.format(
        "bountyId", "userId", '"createdAt"', "BountyEngagement", "type = 'Favorite'"
    ),
    "Collection/Item": _EVENT.format(
        "collectionId", "addedById", """coalesce("createdAt", "updatedAt", 'epoch')""",
        "CollectionItem", "true",
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Hung:
    """A pair whose run hangs: where it can be seen to, in which store."""

    pair: str
    seen: Callable[[Day], bool]


class Production(Day):
    """A day whose stores are named by its variables, as a shell of production has them."""

    def url(self, name: str) -> str:
        """A URL of the stack."""
        return self.env[name]


@pytest.fixture(scope="module")
def stopped(day: Day) -> Day:
    """The stack of the day with a target and a Dagster of its own."""
    folder = day.folder / "terminated"
    (folder / "dagster").mkdir(parents=True)
    for name in ("workspace.yaml", ".metric_assets"):
        (folder / name).symlink_to(day.folder / name)
    # All runs at once, whatever store they read.
    text = (day.folder / "dagster.yaml").read_text()
    assert "max_concurrent_runs: 4" in text
    assert "default_limit: 2" in text
    text = text.replace("runs: 4", "runs: 9").replace("limit: 2", "limit: 9")
    (folder / "dagster" / "dagster.yaml").write_text(text)
    name = "METRIC_ASSETS_DAGSTER_POSTGRES_URL"
    variables = day.variables()
    more = {
        name: variables[name].replace("/dagster?", "/terminated?"),
        "DAGSTER_HOME": str(folder / "dagster"),
        "METRIC_ASSETS_TARGET_TABLE": TABLE,
        "METRIC_ASSETS_MAX_REMOVED_SHARE": "1",
        "METRIC_ASSETS_CUTOFF": "2025-10-01T00:00:00Z",
    }
    today = Production(folder, {**day.env, **variables, **more})
    assert today.env[name] != variables[name]
    today.postgres("CREATE DATABASE terminated")
    today.clickhouse(f"CREATE TABLE {TABLE} AS entityMetricEvents")
    add_live_events(today)
    return today


@pytest.fixture(scope="module")
def ui(stopped: Day) -> Iterator[Ui]:
    """`dagster dev`, all of it."""
    port = free_port()
    with (stopped.folder / "dev.log").open("w") as log:
        server = subprocess.Popen(
            [BIN / "dagster", "dev", "-w", "workspace.yaml", "-h", "127.0.0.1", "-p", str(port)],
            cwd=stopped.folder, env=stopped.env, stdout=log, stderr=subprocess.STDOUT,
            start_new_session=True,
        )  # fmt: skip
        try:
            page = Ui(f"http://127.0.0.1:{port}")
            until(lambda: page.loaded, 120, "the code location")
            yield page
        finally:
            os.killpg(server.pid, signal.SIGTERM)
            try:
                server.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(server.pid, signal.SIGKILL)
                server.wait(10)


def add_live_events(day: Day) -> None:
    """The platform's events of after the cutoff."""
    day.clickhouse(
        f"INSERT INTO {TABLE} (entityType, entityId, userId, metricType, metricValue, createdAt)"
        " SELECT entityType, entityId, userId, metricType, metricValue, createdAt"
        f" FROM entityMetricEvents WHERE NOT {BELOW}"
    )


def until(check: Callable[[], object], seconds: float, what: str) -> None:
    """Wait for something; what it is if it does not come."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if check():
            return
        time.sleep(0.2)
    pytest.fail(f"waited {seconds:.0f} s for {what}")


def left(day: Day) -> list[str]:
    """What either store still knows of runs of ours."""
    return [row[0] for row in day.postgres(SESSIONS) + day.clickhouse(STATEMENTS)]


@contextmanager
def locked(day: Day, table: str) -> Iterator[None]:
    """Somebody else has a table for himself: our statement is active and waits."""
    with psycopg.connect(day.url("METRIC_ASSETS_POSTGRES_URL")) as session:
        session.execute(f'LOCK TABLE "{table}" IN ACCESS EXCLUSIVE MODE'.encode())
        yield
        session.rollback()


@contextmanager
def streaming(day: Day, table: str) -> Iterator[None]:
    """A table whose rows keep coming, a millisecond each."""
    day.postgres(f'ALTER TABLE "{table}" RENAME TO "{table}Rows"')
    day.postgres(
        f'CREATE VIEW "{table}" AS SELECT * FROM (SELECT e.*, pg_sleep(0.001)::text AS nap'
        f' FROM "{table}Rows" e, generate_series(1, 1000) OFFSET 0) s WHERE nap IS NOT NULL'
    )
    try:
        yield
    finally:
        # A run that goes on, which a test has just found out, would hold this up without end.
        day.postgres(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name LIKE 'metric_assets:%' AND state = 'active'"
        )
        day.postgres(f'DROP VIEW "{table}"')
        day.postgres(f'ALTER TABLE "{table}Rows" RENAME TO "{table}"')


@contextmanager
def read_slowly(day: Day, pair: str) -> Iterator[None]:
    """Some surplus events of a pair in the target, each of which takes long to read."""
    entity, metric = pair.split("/")
    day.clickhouse(
        f"INSERT INTO {TABLE} (entityType, entityId, metricType, metricValue, createdAt)"
        f" SELECT '{entity}', number % 10, '{metric}', 1, toDateTime64('2024-01-01', 3, 'UTC')"
        " FROM numbers(100)"
    )
    day.clickhouse(f"ALTER TABLE {TABLE} DROP COLUMN userId")
    day.clickhouse(f"ALTER TABLE {TABLE} ADD COLUMN userId Int32 DEFAULT toInt32({NAPS})")
    try:
        yield
    finally:
        day.clickhouse(f"ALTER TABLE {TABLE} MODIFY COLUMN userId REMOVE DEFAULT")
        # Live events have lost their users with the column.
        day.clickhouse(f"DELETE FROM {TABLE} WHERE NOT {BELOW}")
        add_live_events(day)


@contextmanager
def written_slowly(day: Day) -> Iterator[None]:
    """Whoever inserts events, into the target or into a table shaped like it, takes long over it."""
    naps = "+".join(f"sleep({2.5 + n / 100})" for n in range(12))
    day.clickhouse(f"ALTER TABLE {TABLE} ADD COLUMN nap UInt8 MATERIALIZED toUInt8({naps})")
    try:
        yield
    finally:
        day.clickhouse(f"ALTER TABLE {TABLE} DROP COLUMN nap")


def in_postgres(pair: str, waiting_for: str) -> Callable[[Day], bool]:
    """Whether a read for a pair has been active for a second, and waits for what is said."""
    query = (
        f"SELECT true FROM pg_stat_activity WHERE application_name LIKE 'metric_assets:{pair}/%'"
        " AND state = 'active' AND now() - query_start > interval '1 second'"
        f" AND '{waiting_for}' IN (wait_event_type, wait_event)"
    )
    return lambda day: bool(day.postgres(query))


def in_clickhouse(pair: str, verb: str) -> Callable[[Day], bool]:
    """Whether a statement for a pair has run for a second."""
    entity, metric = pair.split("/")
    query = (
        "SELECT 1 FROM system.processes WHERE elapsed > 1"
        f" AND position(query, '{verb}') > 0 AND position(query, '{TABLE}') > 0"
        f" AND position(Settings['log_comment'], '\"entity\": \"{entity}\"') > 0"
        f" AND position(Settings['log_comment'], '\"{metric}\"') > 0"
    )
    return lambda day: bool(day.clickhouse(query))


WAITING = Hung("Tag/Follower", in_postgres("Tag/Follower", "Lock"))
FORCED = Hung("Tag/Hidden", in_postgres("Tag/Hidden", "Lock"))
STREAMING = Hung("User/Follower", in_postgres("User/Follower", "PgSleep"))
READING = Hung("Collection/Item", in_clickhouse("Collection/Item", "SELECT"))
WRITING = Hung("Bounty/Favorite", in_clickhouse("Bounty/Favorite", "INSERT"))
ALL = (WAITING, FORCED, STREAMING, READING, WRITING)


@contextmanager
def postgres_hangs(day: Day) -> Iterator[None]:
    """Reads of Tag wait for somebody, reads of User go on and on."""
    with locked(day, "TagEngagement"), streaming(day, "UserEngagement"):
        yield


@pytest.mark.promise(
    "Five seconds later neither store has a statement, lock, mutation or table of ours; the run is CANCELED and is not retried.",
    when="a run is terminated in the UI while it waits for or streams from Postgres, reads or writes in ClickHouse; by force as well",
    area="protection",
)
def test_terminating_in_the_ui_ends_everything(ui: Ui, stopped: Day) -> None:
    """Runs that hang in a read of Postgres (waiting, streaming), in a read and in a write of
    ClickHouse are terminated: after five seconds neither store runs anything of ours, holds a lock
    or has a table of ours, and the runs are CANCELED. By force it is the same, only that the UI says
    so at once.
    """
    with ExitStack() as stack:
        stack.enter_context(postgres_hangs(stopped))
        stack.enter_context(read_slowly(stopped, READING.pair))
        runs = {one: ui.materialize([one.pair], first_of(stopped, one.pair)) for one in ALL[:-1]}
        for one in runs:
            until(partial(one.seen, stopped), 120, f"{one.pair} to hang")
        # Not before: whoever reads slowly has to have written its stage.
        stack.enter_context(written_slowly(stopped))
        runs[WRITING] = ui.materialize([WRITING.pair], first_of(stopped, WRITING.pair))
        until(partial(WRITING.seen, stopped), 120, f"{WRITING.pair} to hang")
        forced = runs.pop(FORCED)
        ui.terminate([forced], force=True)
        assert ui.runs()[forced] == "CANCELED"
        assert set(ui.terminate(runs.values())) == {"TerminateRunSuccess"}
        time.sleep(SECONDS)
        assert left(stopped) == []
        assert set(ui.runs().values()) == {"CANCELED"}


@pytest.mark.promise(
    "The same, and an exit code that is not 0.",
    when="Ctrl-C and SIGTERM to `metric-assets backfill`",
    area="protection",
)
def test_signals_to_the_command_line_end_everything(stopped: Day) -> None:
    """Ctrl-C, and what a scheduler sends, to two `metric-assets backfill` that hang: they end, say
    that they were not done, and five seconds later neither store knows of them.
    """
    kinds = {WAITING: signal.SIGINT, STREAMING: signal.SIGTERM}
    with postgres_hangs(stopped):
        commands = {one: command(stopped, one.pair) for one in kinds}
        for one, kind in kinds.items():
            until(partial(one.seen, stopped), 120, f"{one.pair} to hang")
            commands[one].send_signal(kind)
        time.sleep(SECONDS)
        assert left(stopped) == []
        for one in kinds:
            said, _ = commands[one].communicate(timeout=10)
            assert commands[one].returncode not in (0, None), said


@pytest.mark.parametrize(
    "signals",
    [(signal.SIGINT,), (signal.SIGTERM,), (signal.SIGINT, signal.SIGINT, signal.SIGTERM)],
    ids=["ctrl-c", "terminated", "impatient"],
)
def test_a_stopped_backfill_begins_nothing_more(
    stopped: Day, signals: tuple[signal.Signals, ...]
) -> None:
    """A signal during a backfill of two entities: it ends within seconds with 130 and one sentence,
    the second entity is not begun, the run is not STARTED, and nothing of ours is left. So it is
    when somebody cannot wait and sends more of them.
    """
    before = runs(stopped)
    with locked(stopped, "TagEngagement"):
        working = start(stopped, "backfill", "Tag/Hidden", "Bounty/Favorite", "--json")
        until(lambda: FORCED.seen(stopped), 120, "Tag/Hidden to hang")
        for number in signals:
            working.send_signal(number)
            time.sleep(0.1)
        out, err = working.communicate(timeout=2 * SECONDS)
        assert working.returncode == 130, err
        assert left(stopped) == []
    made = {run: status for run, status in runs(stopped).items() if run not in before}
    assert list(made.values()) == ["FAILURE"]
    sentence = err.strip().splitlines()[-1]
    ranges = 2 * len(stopped.ranges("Tag"))
    assert sentence.startswith(f"metric-assets: stopped: 0 of {ranges} ranges are done and kept;")
    assert "the same command goes on" in sentence
    document = json.loads(out)
    assert (document["ok"], document["exit_code"]) == (False, 130)
    assert list(document["runs"]) == ["Tag"]


@pytest.mark.parametrize(
    ("command", "table"),
    [
        (("reconcile", "Tag"), "TagMetric"),
        (("backfill", "Tag/Follower", "--dry-run"), "TagEngagement"),
        (("ranges", "Tag", "--sync"), "Tag"),
        (("doctor",), "TagEngagement"),
    ],
    ids=["reconcile", "dry run", "ranges", "doctor"],
)
def test_every_command_stops(stopped: Day, command: tuple[str, ...], table: str) -> None:
    """Whatever a command waits for: SIGTERM ends it within seconds, with 130 and no trace left."""
    assert stopped.run("metric-assets", "backfill", "Tag/Follower").returncode in {0, 1}
    waiting = (
        "SELECT true FROM pg_stat_activity WHERE application_name LIKE 'metric_assets:%'"
        " AND wait_event_type = 'Lock' AND query NOT LIKE '%advisory%'"
    )
    with locked(stopped, table):
        working = start(stopped, *command)
        until(lambda: stopped.postgres(waiting), 120, f"{command} to hang")
        working.send_signal(signal.SIGTERM)
        _, err = working.communicate(timeout=2 * SECONDS)
        assert working.returncode == 130, err
        assert left(stopped) == []
    assert err.strip().splitlines()[-1].startswith("metric-assets: stopped")
    assert "Traceback" not in err


def test_the_run_of_a_killed_command_is_ended_by_the_next_one(stopped: Day) -> None:
    """kill -9 leaves a run STARTED; the next command ends it and says so."""
    before = runs(stopped)
    with locked(stopped, "TagEngagement"):
        working = start(stopped, "backfill", "Tag/Hidden")
        until(lambda: FORCED.seen(stopped), 120, "Tag/Hidden to hang")
        working.kill()
        working.communicate(timeout=SECONDS)
    made = {run: status for run, status in runs(stopped).items() if run not in before}
    assert list(made.values()) == ["STARTED"]
    (killed,) = made
    done = stopped.run("metric-assets", "backfill", "Bounty/Favorite")
    assert f"run {killed}: its process {working.pid} on " in done.stderr
    assert "was killed, so the run was ended" in done.stderr
    assert runs(stopped)[killed] == "FAILURE"
    assert killed not in stopped.run("metric-assets", "backfill", "Bounty/Favorite").stderr


@pytest.mark.promise(
    "One more backfill is exact, by SQL written by hand.",
    when="after all these terminations",
    area="protection",
)
def test_one_more_backfill_is_exact(stopped: Day) -> None:
    """After all that counters say what SQL by hand says; below the cutoff each row is held once, and
    besides there are adjustments only, for what the platform withdrew after it.
    """
    pairs = [one.pair for one in ALL]
    code, document = stopped.json("metric-assets", "backfill", *pairs)
    assert code == 0, (document["sentence"], [row["remarks"] for row in document["pairs"]])
    for pair in pairs:
        entity, metric = pair.split("/")
        events = stopped.clickhouse(
            "SELECT entityId, userId, toUnixTimestamp64Milli(createdAt) AS ms, metricValue"
            f" FROM {TABLE} WHERE entityType = '{entity}' AND metricType = '{metric}'"
        )
        rows = stopped.postgres(WANTED[pair])
        counters: Counter[int] = Counter()
        for entity_id, _, _, value in events:
            counters[entity_id] += value
        assert +counters == Counter(row[0] for row in rows), pair
        held = Counter(event for event in events if event[2] < CUTOFF_MS)
        below = Counter((*row, 1) for row in rows if row[2] < CUTOFF_MS)
        assert len(below) > 0
        beside = (held - below) + (below - held)
        assert {event[2] for event in beside} <= {CUTOFF_MS - 1}, pair
    assert left(stopped) == []


def start(day: Day, *arguments: str) -> subprocess.Popen[str]:
    """A command of ours, its outputs apart."""
    return subprocess.Popen(
        [BIN / "metric-assets", *arguments],
        cwd=day.folder, env=day.env, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def runs(day: Day) -> dict[str, str]:
    """Every run that Dagster knows, and its state."""
    url = day.env["METRIC_ASSETS_DAGSTER_POSTGRES_URL"].replace("+psycopg2", "")
    with psycopg.connect(url) as connection:
        known = connection.execute("SELECT to_regclass('runs') IS NOT NULL").fetchone()
        if known != (True,):
            return {}
        return dict(connection.execute("SELECT run_id, status FROM runs").fetchall())


def command(day: Day, pair: str) -> subprocess.Popen[bytes]:
    """`metric-assets backfill` of a pair's first range."""
    return subprocess.Popen(
        [BIN / "metric-assets", "backfill", pair, "--range", first_of(day, pair)],
        cwd=day.folder, env=day.env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip


def first_of(day: Day, pair: str) -> str:
    """The first range of a pair."""
    return day.ranges(pair.partition("/")[0])[0]
