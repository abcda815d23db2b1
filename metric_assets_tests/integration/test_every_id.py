"""Every id made before the cutoff is loaded or named: by `backfill`, `ranges`, `reconcile`, `doctor`.

Each command is a fresh process with Dagster's storage and a home of the test's own.
"""

from __future__ import annotations

import json

import pytest

from metric_assets.audit.entity_ids import windows
from metric_assets.catalog import CATALOG
from metric_assets.errors import RejectedRowsError
from metric_assets.ranges import Grid, IdRange
from metric_assets.stores.postgres import Postgres
from metric_assets_tests.integration.consoles import GRIDS, Console
from metric_assets_tests.integration.platforms import CUTOFF, TARGET, Platform, load, stores_of

pytestmark = pytest.mark.integration

INT4_LAST = 2**31 - 1


def follow(platform: Platform, follower: int, followed: int) -> None:
    """A follow before the cutoff by a user that was made before it, as both counters have it."""
    platform.add("User", id=follower, createdAt="2024-01-01")
    platform.add(
        "UserEngagement", userId=follower, targetUserId=followed, type="Follow",
        createdAt="2024-02-02",
    )  # fmt: skip
    platform.add("UserMetric", userId=follower, timeframe="AllTime", followingCount=1)


@pytest.mark.promise(
    "Named by `backfill`, `reconcile`, `ranges` and `doctor`, exit 1; loaded after `ranges --sync`.",
    when="an id below 0, at 2147483647 or far above the others",
    area="sources",
)
def test_every_command_names_ids_outside_until_they_are_loaded(
    console: Console, platform: Platform
) -> None:
    """A system user -1 and one at the end of 32 bits: named by all four commands, exit 1; loaded
    once their cells are made, and then all four are clean."""
    for user in (5, 25, -1, INT4_LAST):
        follow(platform, user, 7)
    platform.add("User", id=9_999, createdAt="2025-10-02")
    said = "2 ids made before the cutoff lie in no partition: -1, 2147483647"

    code, document = console.json("backfill", "User/Following")
    assert code == 1
    assert document["ok"] is False
    assert document["outside"][0]["entity"] == "User"
    assert document["outside"][0]["samples"] == [-1, INT4_LAST]
    assert said in document["beyond_the_grid"][0]
    assert [(id, user) for id, user, *_ in platform.events()] == [(5, 5), (25, 25)]
    code, document = console.json("backfill", "User/Following", "--dry-run")
    assert (code, document["outside"][0]["ids"]) == (1, 2)
    assert said in console.run("metric-assets", "backfill", "User/Following").stderr
    code, document = console.json("reconcile", "User/Following")
    assert (code, document["ok"]) == (1, False)
    assert said in document["beyond_the_grid"][0]
    code, document = console.json("ranges", "User")
    (row,) = document["entities"]
    assert (code, row["outside"], row["outside_lowest"], row["highest"]) == (
        1, 2, -1, INT4_LAST,
    )  # fmt: skip
    assert said in row["sentence"]
    assert said in console.run("metric-assets", "ranges", "User").stderr
    code, document = console.json("doctor")
    findings = document["findings"]
    assert code == 1
    failed = [finding for finding in findings if finding["status"] == "failed"]
    assert [finding["subject"] for finding in failed] == ["User: ids"]
    assert said in failed[0]["found"]
    assert "ranges User --sync" in failed[0]["advice"]

    code, document = console.json("ranges", "User", "--sync")
    (row,) = document["entities"]
    assert (code, row["status"], row["extra"]) == (
        0, "ok", ["-10--1", "2147483640-2147483649"],
    )  # fmt: skip
    assert console.grids == {
        **GRIDS, "User": {"size": 10, "stop": 30, "extra": [-10, 2_147_483_640]},
    }  # fmt: skip
    code, document = console.json("backfill", "User/Following")
    assert (code, document["ok"], document["outside"]) == (0, True, [])
    assert [(id, user) for id, user, *_ in platform.events()] == [
        (-1, -1), (5, 5), (25, 25), (INT4_LAST, INT4_LAST),
    ]  # fmt: skip
    code, document = console.json("reconcile", "User/Following")
    assert (code, document["outside"]) == (0, [])
    (row,) = document["pairs"]
    assert (row["checked"], row["status"], row["failed_ranges"]) == (5, "ok", [])
    assert console.json("ranges", "User")[0] == 0
    code, document = console.json("doctor")
    findings = document["findings"]
    assert code == 0, [finding for finding in findings if finding["status"] == "failed"]


def test_a_cell_below_zero_is_a_partition_like_any_other(
    console: Console, platform: Platform
) -> None:
    """Its key begins with a minus: options, Dagster's own command and a range of keys take it."""
    (console.folder / "home" / "ranges.json").write_text(
        json.dumps({"User": {"size": 10, "stop": 20, "extra": [-10, 50]}})
    )
    for user in (-1, 5, 55):
        follow(platform, user, 7)
    for spelled in (["--range=-10--1"], ["--range", "-1-0"]):
        code, document = console.json("backfill", "User/Following", *spelled)
        assert (code, document["ok"]) == (0, True), document
    assert [load_result["ids"] for load_result in document["load_results"]] == ["-10--1", "0-9"]
    assert [(id, user) for id, user, *_ in platform.events()] == [(-1, -1), (5, 5)]
    done = console.run("metric-assets", "backfill", "User/Following", "--range", "15-55")
    assert done.returncode == 2
    assert "id 20 lies in no partition" in done.stderr
    platform.command(f"TRUNCATE TABLE {TARGET}")
    materialize = ("dagster", "asset", "materialize", "-m", "metric_assets.definitions",
                   "--select", "User/Following")  # fmt: skip
    done = console.run(*materialize, "--partition", "-10--1")
    assert done.returncode == 0, done.stderr
    assert [(id, user) for id, user, *_ in platform.events()] == [(-1, -1)]
    done = console.run(*materialize, "--partition-range", "-10--1...50-59")
    assert done.returncode == 0, done.stderr
    assert [(id, user) for id, user, *_ in platform.events()] == [(-1, -1), (5, 5), (55, 55)]


def test_a_user_below_zero_acts_like_any_other(platform: Platform) -> None:
    """userId is a value: what the system user does counts where it did it."""
    platform.add("TagEngagement", userId=-1, tagId=1, type="Follow", createdAt="2024-01-01")
    load(platform, "Tag/Follower")
    assert platform.events() == [(1, -1, "Follower", 1, "2024-01-01 00:00:00.000")]


def wide_tags(platform: Platform) -> int:
    """Tags with ids of 64 bits, one of them beyond 32, followed before the cutoff."""
    wide = 3_000_000_000
    platform.run('ALTER TABLE "Tag" ALTER COLUMN id TYPE bigint')
    platform.run('ALTER TABLE "TagEngagement" ALTER COLUMN "tagId" TYPE bigint')
    platform.run('ALTER TABLE "TagMetric" ALTER COLUMN "tagId" TYPE bigint')
    for tag in (5, wide):
        platform.add("Tag", id=tag, createdAt="2024-01-01")
        platform.add("TagEngagement", userId=7, tagId=tag, type="Follow", createdAt="2024-02-02")
        platform.add("TagMetric", tagId=tag, timeframe="AllTime", followerCount=1)
    return wide


@pytest.mark.promise(
    "A refused row; `doctor` says so beforehand.",
    when="an id that the target's entityId cannot hold",
    area="sources",
)
@pytest.mark.parametrize("first", [2_999_999_990, INT4_LAST - 5])
def test_an_id_that_the_target_cannot_hold_is_a_refused_row(platform: Platform, first: int) -> None:
    """Named with its kind; nothing of its range is written, and no other id takes its place."""
    wide = wide_tags(platform)
    platform.add("TagEngagement", userId=8, tagId=INT4_LAST, type="Follow", createdAt="2024-02-02")
    with pytest.raises(RejectedRowsError) as refused:
        load(platform, "Tag/Follower", IdRange(first, wide + 10))
    assert "  entityId: beyond the target's entityId: 1" in str(refused.value)
    assert f"entityId={wide}" in str(refused.value)
    assert platform.events() == []
    load(platform, "Tag/Follower", IdRange(INT4_LAST, INT4_LAST + 10))
    assert [event[0] for event in platform.events()] == [INT4_LAST]


def test_an_id_beyond_32_bits_loads_where_the_target_holds_it(platform: Platform) -> None:
    """A target with wide ids takes the row, repeats it as unchanged, and repairs it."""
    wide = wide_tags(platform)
    target = "target_wide"
    platform.command(
        f"CREATE TABLE {target} (entityType LowCardinality(String), entityId Int64, userId Int32,"
        " metricType LowCardinality(String), metricValue Int32, createdAt DateTime64(3, 'UTC'))"
        " ENGINE = MergeTree ORDER BY (entityType, entityId, metricType)"
    )
    cell = IdRange(wide, wide + 1000)
    for inserted in (1, 0):
        (load_result,) = load(
            platform, "Tag/Follower", cell, through=stores_of(platform, table=target)
        )
        assert (load_result.inserted, load_result.wanted) == (inserted, 1)
    rows = [(wide, 7, "Follower", 1, "2024-02-02 00:00:00.000")]
    assert platform.events(table=target) == rows
    platform.command(f"INSERT INTO {target} SELECT * FROM {target}")
    (load_result,) = load(
        platform, "Tag/Follower", cell, through=stores_of(platform, table=target),
        max_removed_share=1.0,
    )  # fmt: skip
    assert load_result.removed == 1
    assert platform.events(table=target) == rows


def test_doctor_says_beforehand_what_the_target_cannot_hold(
    console: Console, platform: Platform
) -> None:
    """`doctor` names the ids and the column; `backfill` loads the rest and exits 1."""
    wide_tags(platform)
    (console.folder / "home" / "ranges.json").write_text(
        json.dumps({"Tag": {"size": 10, "stop": 10, "extra": [3_000_000_000]}})
    )
    code, document = console.json("doctor")
    findings = document["findings"]
    failed = [finding for finding in findings if finding["status"] == "failed"]
    assert (code, [f["subject"] for f in failed]) == (1, ["Tag: ids the target cannot hold"])
    assert "3,000,000,000: entityId of entityMetricEvents is Int32" in failed[0]["found"]
    code, document = console.json("backfill", "Tag/Follower")
    assert code == 1
    assert "beyond the target's entityId" in document["failures"]["Tag"]
    assert [event[0] for event in platform.events()] == [5]


@pytest.mark.promise(
    "They keep their ids in the mirror.", when="ids of versions beyond 32 bits", area="sources"
)
def test_versions_beyond_32_bits_keep_their_ids_in_the_mirror(platform: Platform) -> None:
    """Scans that read ClickHouse find a version under its own id, whatever mirror was there."""
    through = stores_of(platform)
    platform.command(
        f"CREATE TABLE {TARGET}__versions (id Int32, modelId Int32) ENGINE = MergeTree ORDER BY id"
    )
    for column in ("id", '"modelId"'):
        platform.run(f'ALTER TABLE "ModelVersion" ALTER COLUMN {column} TYPE bigint')
    platform.add("ModelVersion", id=3_000_000_000, modelId=-4_000_000_000)
    platform.add("ModelVersion", id=-1, modelId=5)
    for _ in range(2):
        assert through.mirror.refresh(through.postgres) == 2
        assert platform.query(f"SELECT id, modelId FROM {TARGET}__versions ORDER BY id") == [
            (-1, 5),
            (3_000_000_000, -4_000_000_000),
        ]


@pytest.mark.parametrize("kind", ["integer", "bigint"])
def test_windows_are_read_by_the_primary_key(platform: Platform, kind: str) -> None:
    """Whatever is asked, at either end of 64 bits too: rows come from the index, in both widths,
    and rows without a time count as made before the cutoff."""
    platform.run(f'ALTER TABLE "Tag" ALTER COLUMN id TYPE {kind}')
    platform.run('ALTER TABLE "Tag" ALTER COLUMN "createdAt" DROP NOT NULL')
    platform.run(
        'INSERT INTO "Tag" SELECT (jsonb_populate_record(t, to_jsonb(n))).* FROM'
        ' (SELECT NULL::"Tag" AS t) s, (SELECT 1 AS n) x WHERE false'
    )
    edges = [INT4_LAST] if kind == "integer" else [INT4_LAST, 2**31, 2**63 - 1, -(2**63)]
    for id in (-1, 1001, *edges):
        platform.add("Tag", id=id, createdAt=None if id == 1001 else "2024-01-01")
    platform.add("Tag", id=2000, createdAt="2025-10-01")
    with Postgres(platform.postgres_url) as source:
        found = list(windows(CATALOG.entity["Tag"], Grid(1000, 1000), CUTOFF, source))
    seen = [cell for window in found for cell in window.cells]
    assert sum(count for _, count, _, _ in seen) == 2 + len(edges)
    ends = {end for _, _, low, high in seen for end in (low, high)}
    assert ends == {-1, 1001, *edges}
    assert all(number * 1000 <= low <= high < (number + 1) * 1000 for number, _, low, high in seen)


def test_rows_before_the_cutoff_of_an_entity_made_after_it(
    console: Console, platform: Platform
) -> None:
    """A row that was moved to a newer entity keeps its date: with --newest the grid holds every
    entity there is, and the next backfill loads the row.
    """
    follow(platform, 5, 7)
    platform.add("User", id=57, createdAt="2025-10-02")
    platform.add("UserEngagement", userId=5, targetUserId=57, type="Follow", createdAt="2024-02-03")
    assert console.json("ranges", "User")[0] == 0
    assert console.json("ranges", "User", "--newest")[0] == 1
    assert console.json("ranges", "User", "--sync", "--newest")[0] == 0
    assert console.grids["User"] == {"size": 10, "stop": 60}
    code, document = console.json("backfill", "User/Follower")
    assert (57, 5, "Follower", 1, "2024-02-03 00:00:00.000") in platform.events()
    assert document["load_results"][0]["pair"] == "User/Follower"
    del code  # The legacy counter of the newer entity says what it likes.
