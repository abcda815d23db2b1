"""Bad input: wrong rows, a source that has changed, times and cutoffs at the edges, hostile names.

A target user who may only read cannot be had here: the embedded engine knows neither users nor
grants. `metric-assets doctor` looks at grants, and its own tests hold that.
"""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path

import pytest

from metric_assets.catalog import scan as scan_module
from metric_assets.errors import (
    RejectedRowsError,
    SchemaDriftError,
    SettingsError,
    SourceError,
    UnknownKeyError,
)
from metric_assets.load import filling
from metric_assets.ranges import IdRange
from metric_assets.settings import Settings
from metric_assets.sql import Statement
from metric_assets.sql import load as load_sql
from metric_assets_tests.integration.platforms import CUTOFF, TARGET, Platform, load, stores_of

pytestmark = pytest.mark.integration

ROWS = 60_000
IDS = IdRange(0, 1_000)


def feed(monkeypatch: pytest.MonkeyPatch, rows: str) -> None:
    """Let the scan of follows return ``rows``: n, entity, user, created."""
    text = (
        'SELECT entity AS "entityId", "user" AS "userId", created AS "createdAt",'
        f" 'Follow'::text AS \"type\" FROM ({rows}) s ORDER BY n"
    )
    real = load_sql("user/engaged")
    statement = Statement(real.name, text, real.description, frozenset())

    def loaded(name: str, folder: Path | None = None) -> Statement:
        return statement if name == real.name else load_sql(name, folder)

    monkeypatch.setattr(scan_module, "load", loaded)
    monkeypatch.setattr(Statement, "check", lambda *_: None)
    # Several chunks are in the stage before the last row is read.
    monkeypatch.setattr(filling, "CHUNK_ROWS", 10_000)


def many(entity: str, user: str, created: str) -> str:
    """A large partition whose columns may say something else in one row: ``n`` is its number."""
    return (
        f'SELECT n, {entity} AS entity, {user} AS "user", {created} AS created'
        f" FROM generate_series(1, {ROWS}) n"
    )


GOOD = ("(n % 1000)::bigint", "n::bigint", "timestamp '2024-01-01' + n * interval '1 second'")

#: Column, what stands in the wrong row, and how the refusal calls it.
WRONG = {
    "no entity": (0, "NULL", "entityId: null"),
    "an id below the range": (0, "-1", "entityId: outside the partition 0-999"),
    "an id beyond the range": (0, "1000", "entityId: outside the partition 0-999"),
    "an id beyond 32 bits": (0, "3000000000", "entityId: outside the partition 0-999"),
    "no user": (1, "NULL", "userId: null"),
    "a user beyond 32 bits": (1, "2147483648", "userId: beyond the target's userId"),
    "a user below 32 bits": (1, "-2147483649", "userId: beyond the target's userId"),
    "no time": (2, "NULL", "createdAt: null"),
    "the very cutoff": (2, "timestamp '2025-10-01'", "createdAt: at or after the cutoff"),
    "a time after the cutoff": (2, "timestamp '9999-12-31'", "createdAt: at or after the cutoff"),
    "a time before 1900": (2, "timestamp '1899-12-31 23:59:59'", "createdAt: before the target's"),
    "the first time there is": (2, "timestamp '4713-01-01 BC'", "createdAt: before the target's"),
    "the last time there is": (2, "timestamp '294276-12-31'", "createdAt: "),
    "infinity": (2, "timestamp 'infinity'", "createdAt: "),
    "minus infinity": (2, "timestamp '-infinity'", "createdAt: "),
}


@pytest.mark.promise(
    "The partition is refused, row and kind are named, the target is as it was.",
    when="one wrong row of any kind, first or last of 60,000: null, outside the range, too large for the column, before 1900, at or after the cutoff, infinity",
    area="rows",
)
@pytest.mark.parametrize("place", [1, ROWS], ids=["first", "last"])
@pytest.mark.parametrize("name", list(WRONG))
def test_one_wrong_row_refuses_the_partition(
    platform: Platform, monkeypatch: pytest.MonkeyPatch, name: str, place: int
) -> None:
    """One row of 60,000 cannot be an event: it is named with its kind, and the target, which held
    something else, is as it was.
    """
    platform.command(f"INSERT INTO {TARGET} VALUES ('User', 5, 5, 'Follower', 1, '2024-01-01')")
    before = platform.checksum()
    column, wrong, kind = WRONG[name]
    columns = list(GOOD)
    columns[column] = f"CASE WHEN n = {place} THEN {wrong} ELSE {columns[column]} END"
    feed(monkeypatch, many(*columns))
    with pytest.raises(RejectedRowsError, match="nothing was written") as refused:
        load(platform, "User/Follower", IDS)
    assert f"  {kind}" in str(refused.value)
    assert not refused.value.transient
    assert platform.checksum() == before
    assert platform.query(f"SELECT count() FROM system.tables WHERE name LIKE '{TARGET}__%'"
                          " AND database = currentDatabase()") == [(0,)]  # fmt: skip


@pytest.mark.promise(
    "One refusal counts and samples them all.", when="all kinds together", area="rows"
)
def test_all_kinds_are_counted_in_one_go(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wrong rows of every kind, first, last and between: one refusal counts and samples them all."""
    feed(
        monkeypatch,
        many(
            f"CASE WHEN n IN (1, {ROWS}) THEN 5000 WHEN n = 7 THEN NULL ELSE {GOOD[0]} END",
            f"CASE n WHEN 30000 THEN NULL WHEN 2 THEN 2147483648 ELSE {GOOD[1]} END",
            f"CASE WHEN n % 20000 = 3 THEN timestamp '1850-01-01' WHEN n = {ROWS}"
            f" THEN timestamp '2025-10-01' WHEN n = 9 THEN NULL ELSE {GOOD[2]} END",
        ),
    )
    with pytest.raises(RejectedRowsError) as refused:
        load(platform, "User/Follower", IDS)
    lines = [line.strip() for line in str(refused.value).splitlines()[1:] if line[2:3].isalpha()]
    assert sorted(lines) == [
        f"createdAt: at or after the cutoff {CUTOFF.isoformat()}: 1",
        "createdAt: before the target's first instant: 3",
        "createdAt: null: 1",
        "entityId: null: 1",
        "entityId: outside the partition 0-999: 2",
        "userId: beyond the target's userId: 1",
        "userId: null: 1",
    ]
    assert "10 values" in str(refused.value)
    assert platform.events() == []


@pytest.mark.promise(
    "An error that names the scan, no retry, nothing written.",
    when="a column or table is gone, renamed or of another type",
    area="drift",
)
@pytest.mark.parametrize(
    "change",
    [
        'ALTER TABLE "UserEngagement" DROP COLUMN "createdAt"',
        'ALTER TABLE "UserEngagement" RENAME COLUMN "targetUserId" TO "target"',
        'ALTER TABLE "UserEngagement" RENAME TO "Engagement"',
        'ALTER TABLE "UserEngagement" ALTER "targetUserId" TYPE text',
        'ALTER TABLE "UserEngagement" ALTER "userId" TYPE text USING \'user \' || "userId"',
        'ALTER TABLE "UserEngagement" ALTER "createdAt" TYPE text',
        'ALTER TABLE "UserEngagement" ALTER "createdAt" DROP DEFAULT,'
        ' ALTER "createdAt" TYPE bigint USING 0',
    ],
    ids=["gone", "renamed", "table renamed", "id text", "user text", "time text", "time number"],
)
def test_a_changed_source_is_refused(platform: Platform, change: str) -> None:
    """A column gone or of another type: an error that names the scan, no retry, nothing written."""
    platform.add("UserEngagement", userId=7, targetUserId=1, type="Follow", createdAt="2024-01-01")
    platform.run(change)
    with pytest.raises(SchemaDriftError, match=r"user/engaged|User/Follower") as refused:
        load(platform, "User/Follower")
    assert not refused.value.transient
    assert platform.events() == []


@pytest.mark.promise("Loaded as before.", when="ids became bigint", area="drift")
def test_a_wider_column_is_no_drift(platform: Platform) -> None:
    """Ids that became bigint load as before; only a value that does not fit would be refused."""
    platform.add("UserEngagement", userId=7, targetUserId=1, type="Follow", createdAt="2024-01-01")
    platform.run('ALTER TABLE "UserEngagement" ALTER "userId" TYPE bigint')
    load(platform, "User/Follower")
    assert platform.events() == [(1, 7, "Follower", 1, "2024-01-01 00:00:00.000")]


@pytest.mark.promise("Nothing is written.", when="the source fails at the last row", area="rows")
def test_an_error_within_the_statement_writes_nothing(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The source fails at the last row, when chunks are staged already: nothing is written."""
    feed(monkeypatch, many(f"n / ({ROWS} - n)", *GOOD[1:]))
    with pytest.raises(SourceError):
        load(platform, "User/Follower", IDS)
    assert platform.events() == []


LATER = datetime(2025, 12, 1, tzinfo=timezone.utc)
EARLIER = datetime(2025, 8, 1, tzinfo=timezone.utc)


def three_follows(platform: Platform) -> None:
    """One before every cutoff used here, one between each two of them."""
    for user, day in enumerate(("2025-07-01", "2025-09-01", "2025-11-01"), start=1):
        platform.add("UserEngagement", userId=user, targetUserId=1, type="Follow", createdAt=day)


@pytest.mark.promise(
    "What lies between is added, what was there stays.",
    when="a cutoff moved later",
    area="settings",
)
def test_a_later_cutoff_loads_the_new_slice(platform: Platform) -> None:
    """What lies between the two cutoffs is added, what was there stays."""
    three_follows(platform)
    load(platform, "User/Follower")
    (load_result,) = load(platform, "User/Follower", cutoff=LATER)
    assert (load_result.present, load_result.inserted, load_result.removed) == (2, 1, 0)
    assert [event[1] for event in platform.events()] == [1, 2, 3]


@pytest.mark.promise("Nothing is removed.", when="a cutoff moved earlier", area="settings")
def test_an_earlier_cutoff_removes_nothing(platform: Platform) -> None:
    """Events at or after the new cutoff are not ours any more: they stay, whoever wrote them."""
    three_follows(platform)
    load(platform, "User/Follower")
    before = platform.events()
    (load_result,) = load(platform, "User/Follower", cutoff=EARLIER)
    assert (load_result.present, load_result.inserted, load_result.removed) == (1, 0, 0)
    assert platform.events() == before


HOSTILE = "x'; DROP TABLE entityMetricEvents; --"


@pytest.mark.promise(
    "Two numbers, or refused before use.", when="hostile partition keys", area="settings"
)
@pytest.mark.parametrize(
    "key",
    [
        HOSTILE,
        "0-9,10-19",
        "1-0",
        "--1-5",
        "0--9",
        "-0-9",
        "0-9 ",
        "00-9",
        "0-99999999999999999999",
    ],
)
def test_hostile_partition_keys(key: str) -> None:
    """A partition key is two numbers; anything else is refused before it is used."""
    with pytest.raises(UnknownKeyError):
        IdRange.parse(key)


@pytest.mark.promise(
    "Letters, digits and underscores, or refused.", when="hostile table names", area="settings"
)
@pytest.mark.parametrize(
    "table", [HOSTILE, "a.b", "a`b", "events--", "1events", "é", "a b", "x" * 200]
)
def test_hostile_table_names(table: str) -> None:
    """A table name is letters, digits and underscores."""
    with pytest.raises(SettingsError, match="METRIC_ASSETS_TARGET_TABLE"):
        Settings.load({"METRIC_ASSETS_TARGET_TABLE": table})


@pytest.mark.promise(
    "It travels bound; names are quoted.", when="hostile text in the stores", area="settings"
)
def test_hostile_text_in_the_source_stays_text(platform: Platform) -> None:
    """What scans bind and what stores are asked travels bound: names are quoted, values escaped."""
    platform.create(
        f"CREATE TABLE `odd'--\\`name` AS {TARGET} ENGINE = MergeTree ORDER BY (entityType, entityId)"
    )
    platform.add("UserEngagement", userId=7, targetUserId=1, type="Follow", createdAt="2024-01-01")
    load(platform, "User/Follower", through=stores_of(platform, table="odd'--`name"))
    assert platform.query("SELECT count() FROM `odd'--\\`name`") == [(1,)]
    assert platform.events() == []
