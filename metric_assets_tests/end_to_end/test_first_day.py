"""What a newcomer does on the first day, each command in a fresh process."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from metric_assets.catalog import CATALOG
from metric_assets_tests.end_to_end.conftest import SECRETS, Day

pytestmark = [pytest.mark.end_to_end, pytest.mark.integration]

PAIRS = len(CATALOG.pairs)
BELOW = "createdAt < if(entityType = 'Image', toDateTime64('2024-08-07 15:44:39.044', 3, 'UTC'), toDateTime64('2025-10-01 00:00:00', 3, 'UTC'))"


@pytest.fixture(scope="module")
def loaded(day: Day) -> Day:
    """Every pair backfilled once over all its ranges."""
    code, document = day.json("metric-assets", "backfill")
    assert code == 0, document["sentence"]
    assert document["ok"] is True
    assert document["sentence"] == f"All {PAIRS} counters equal their source."
    return day


def test_list_prints_every_pair(day: Day) -> None:
    """`list --json` prints the pairs of the catalog."""
    code, document = day.json("metric-assets", "list")
    assert code == 0
    assert [pair["pair"] for pair in document["pairs"]] == list(CATALOG.pairs)


def test_backfill_loads_and_checks_every_pair(loaded: Day) -> None:
    """After `backfill` every exact pair has coverage 1 and no phantom; the rest say what they are."""
    code, document = loaded.json("metric-assets", "reconcile")
    assert code == 0
    assert len(document["pairs"]) == PAIRS
    for row in document["pairs"]:
        assert row["checked"] == len(loaded.ranges(row["pair"].split("/")[0])) == 3
        if row["rule"] == "exact_modulo_staleness":
            assert row["legacy_check"] == "agrees"
            assert (row["coverage"], row["missing"], row["phantom"]) == (1, 0, 0), row
        elif row["rule"] == "informational":
            assert row["legacy_check"] == "not_judged"
        assert (row["status"], row["source_check"]) == ("ok", "equal"), row
    assert document["sentence"].startswith(
        f"All {PAIRS} counters equal their source as last compared"
    )


def test_second_backfill_writes_nothing(loaded: Day) -> None:
    """A second full backfill writes 0 rows and says so."""
    before = loaded.clickhouse("SELECT count(), sum(cityHash64(*)) FROM entityMetricEvents")
    code, document = loaded.json("metric-assets", "backfill")
    assert code == 0
    assert {(row["inserted"], row["removed"]) for row in document["pairs"]} == {(0, 0)}
    counts = {row["pair"]: (row["wanted"], row["unchanged"]) for row in document["pairs"]}
    assert {pair: both for pair, both in counts.items() if both[0] != both[1]} == {}
    assert loaded.clickhouse("SELECT count(), sum(cityHash64(*)) FROM entityMetricEvents") == before


def test_no_orphans_are_left(loaded: Day) -> None:
    """Nothing but the target, the mirror and the sources is left in ClickHouse."""
    tables = {row[0] for row in loaded.clickhouse("SHOW TABLES")}
    assert {name for name in tables if "__" in name} == {"entityMetricEvents__versions"}


def test_dry_run_tells_the_difference_and_writes_nothing(loaded: Day) -> None:
    """`backfill --dry-run` names what is missing, leaves it missing and exits 1."""
    hit = f"entityType = 'Tag' AND metricType = 'Follower' AND {BELOW}"
    doomed = loaded.clickhouse(f"SELECT count() FROM entityMetricEvents WHERE {hit}")[0][0]
    loaded.clickhouse(f"DELETE FROM entityMetricEvents WHERE {hit}")
    code, document = loaded.json("metric-assets", "backfill", "Tag/Follower", "--dry-run")
    assert (code, document["ok"]) == (1, False)
    assert document["pairs"][0]["inserted"] == doomed
    assert document["pairs"][0]["source_check"] == "differs"
    assert "Tag/Follower (differs)" in document["sentence"]
    assert loaded.clickhouse(f"SELECT count() FROM entityMetricEvents WHERE {hit}") == [(0,)]
    code, document = loaded.json("metric-assets", "backfill", "Tag/Follower")
    assert document["pairs"][0]["inserted"] == doomed


def test_a_changed_legacy_row_turns_exactly_its_partition_red(loaded: Day) -> None:
    """The failing range, the entity, both values and the difference are named; the cause is told."""
    last = int(loaded.ranges("User")[-1].split("-")[1])
    entity, value = loaded.postgres(
        'SELECT "userId", "followerCount" FROM "UserMetric" WHERE timeframe = \'AllTime\''
        f' AND "followerCount" > 0 AND "userId" <= {last} ORDER BY 1 DESC LIMIT 1'
    )[0]
    change = 'UPDATE "UserMetric" SET "followerCount" = {} WHERE "userId" = {} AND timeframe = \'AllTime\''
    loaded.postgres(change.format(value + 3, entity))
    try:
        code, document = loaded.json("metric-assets", "reconcile", "User")
        assert code == 1
        red = {
            row["pair"]: row["failed_ranges"] for row in document["pairs"] if row["failed_ranges"]
        }
        home = next(
            key
            for key in loaded.ranges("User")
            if int(key.split("-")[0]) <= entity <= int(key.split("-")[1])
        )
        assert red == {"User/Follower": [home]}
        remark = next(row for row in document["pairs"] if row["failed_ranges"])["remarks"][0]
        for part in (f"entity {entity}", f"events {value}", f"legacy {value + 3}", "difference -3"):
            assert part in remark
        assert "legacy drift" in document["causes"][0]
    finally:
        loaded.postgres(change.format(value, entity))
    assert loaded.run("metric-assets", "reconcile", "User").returncode == 0


def test_repair_corrects_load_drift(loaded: Day) -> None:
    """`reconcile --repair` materializes exactly the ranges whose target has drifted."""
    hit = f"entityType = 'Bounty' AND metricType = 'Track' AND entityId < 30 AND {BELOW}"
    loaded.clickhouse(f"DELETE FROM entityMetricEvents WHERE {hit}")
    code, document = loaded.json("metric-assets", "reconcile", "Bounty")
    assert code == 1
    assert any("load drift" in cause for cause in document["causes"])
    code, document = loaded.json("metric-assets", "reconcile", "Bounty", "--repair", "--yes")
    assert code == 0
    assert document["repaired"]


def test_dagster_asset_materialize_takes_a_partition_and_a_range(loaded: Day) -> None:
    """Dagster's own command works on one partition and on a range, and records their checks."""
    first, second, third = loaded.ranges("User")[:3]
    command = ("dagster", "asset", "materialize", "-m", "metric_assets.definitions")
    one = loaded.run(*command, "--select", "User/Follower", "--partition", first)
    assert one.returncode == 0, one.stderr
    assert f"User/Follower/{first}: nothing to do" in one.stderr
    assert "ASSET_CHECK_EVALUATION" in one.stderr
    several = loaded.run(
        *command, "--select", "User/Follower", "--partition-range", f"{second}...{third}"
    )
    assert several.returncode == 0, several.stderr
    assert f"User/Follower/{third}: nothing to do" in several.stderr


@pytest.mark.promise("An error, never an empty success.", when="a reversed range", area="settings")
def test_a_reversed_range_is_an_error(loaded: Day) -> None:
    """A partition range in the wrong order fails with a sentence, it does not succeed doing nothing."""
    first, second = loaded.ranges("User")[:2]
    done = loaded.run(
        "dagster", "asset", "materialize", "-m", "metric_assets.definitions",
        "--select", "User/Follower", "--partition-range", f"{second}...{first}",
    )  # fmt: skip
    assert done.returncode == 1
    assert "no partition selected" in done.stderr


def test_the_walk_through_adds_a_pair_by_one_row(loaded: Day) -> None:
    """The row of docs/how-to/add-a-pair.md, and nothing else, makes a pair that plans, loads and
    reports.
    """
    project = Path(__file__).parents[2]
    page = (project / "docs" / "how-to" / "add-a-pair.md").read_text()
    row = page.partition("```python\n")[2].partition("```")[0]
    copy = loaded.folder / "walk-through"
    for name in ("metric_assets", "sql"):
        shutil.copytree(project / name, copy / name)
    posts = copy / "metric_assets/catalog/posts.py"
    head, mark, tail = posts.read_text().partition('"post/reactions",')
    before, pairs, after = tail.partition("    pairs=(\n")
    posts.write_text(f"{head}{mark}{before}{pairs}{row}{after}")
    changed = Day(loaded.folder, {**loaded.env, "PYTHONPATH": str(copy)})
    entry = "from metric_assets.cli import main; main()"

    def command(*arguments: str) -> Any:
        done = changed.run("python", "-c", entry, *arguments, "--json")
        # A pair that was never loaded differs.
        assert done.returncode in {0, 1}, done.stderr
        return json.loads(done.stdout)

    assert len(command("list")["pairs"]) == PAIRS + 1
    total = command("backfill", "Post/ReactionTotal", "--dry-run")["pairs"][0]
    # No live event has the new name: nothing is withdrawn from it or overlaps.
    # Posts of after the cutoff lie beyond the last partition.
    last = int(loaded.ranges("Post")[-1].split("-")[1])
    ((rows,),) = loaded.postgres(
        'SELECT count(*) FROM "ImageReaction" r JOIN "Image" i ON i.id = r."imageId"'
        ' JOIN "Post" p ON p.id = i."postId" WHERE r."createdAt" < \'2025-10-01\''
        f" AND p.id <= {last}"
    )
    assert total["inserted"] == total["wanted"] == rows
    assert rows > 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("backfill", "User/Folower"), "User/Folower: not an entity or an entity/metric pair"),
        (("backfill", "User", "--range", "5-1"), "range '5-1': its last id lies before its first"),
        (("backfill", "User", "--range", "0-999999999"), "ids end at"),
        (("ranges", "Usr"), "Usr: not an entity"),
    ],
)
def test_wrong_use_exits_2_and_says_what_to_do(
    day: Day, arguments: tuple[str, ...], said: str
) -> None:
    """Wrong use exits 2 with one clear line and no traceback."""
    done = day.run("metric-assets", *arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_unreachable_stores_exit_2(day: Day) -> None:
    """A store that cannot be reached exits 2 at once and names the store."""
    for name, url, said in [
        ("METRIC_ASSETS_POSTGRES_URL", "postgresql://u:x@127.0.0.1:1/p", "Postgres"),
        ("METRIC_ASSETS_CLICKHOUSE_URL", "http://u:x@127.0.0.1:1/d", "ClickHouse"),
    ]:
        done = day.elsewhere(**{name: url}).run("metric-assets", "backfill", "Tag")
        assert done.returncode == 2
        assert said in done.stderr
        assert "Traceback" not in done.stderr


def test_no_secret_appears_anywhere(loaded: Day) -> None:
    """Neither output nor anything Dagster stores holds a password of the URLs, in success or failure."""
    postgres = loaded.url("METRIC_ASSETS_POSTGRES_URL").replace("@/", f":{SECRETS['postgres']}@/")
    clickhouse = loaded.url("METRIC_ASSETS_CLICKHOUSE_URL").replace(
        "default:@", f"default:{SECRETS['clickhouse']}@"
    )
    stores = {"METRIC_ASSETS_POSTGRES_URL": postgres, "METRIC_ASSETS_CLICKHOUSE_URL": clickhouse}
    assert all(secret in "".join(stores.values()) for secret in SECRETS.values())
    key = loaded.ranges("Tag")[0]
    materialize = (
        "dagster", "asset", "materialize", "-m", "metric_assets.definitions",
        "--select", "Tag/Follower", "--partition", key,
    )  # fmt: skip
    outputs = []
    for more in (
        {},
        {"METRIC_ASSETS_TARGET_TABLE": "noSuchTable"},
        {"METRIC_ASSETS_POSTGRES_URL": postgres.replace("/platform", "/noSuchDatabase")},
    ):
        lucky = loaded.elsewhere(**{**stores, **more})
        for command in (materialize, ("metric-assets", "backfill", "Tag", "--verbose")):
            # Four retries with growing pauses belong to a store that comes back.
            if "noSuchDatabase" in str(more) and command is materialize:
                continue
            done = lucky.run(*command)
            outputs.append(done.stdout + done.stderr)
            assert (done.returncode == 0) is (not more), done.stderr
    assert len(outputs) == 5
    kept = [
        json.dumps(row, default=str)
        for table in ("event_logs", "runs", "run_tags", "job_ticks", "asset_keys")
        for row in _dagster_rows(loaded, table)
    ]
    logs = [
        file.read_text(errors="replace")
        for file in loaded.folder.rglob("*")
        if file.suffix in {".err", ".out", ".log", ".complete"} and file.is_file()
    ]
    assert any("Tag" in text for text in kept)
    for secret in SECRETS.values():
        for text in (*outputs, *kept, *logs):
            assert secret not in text


def _dagster_rows(day: Day, table: str) -> list[tuple[object, ...]]:
    import psycopg

    url = day.url("METRIC_ASSETS_DAGSTER_POSTGRES_URL").replace("+psycopg2", "")
    with psycopg.connect(url) as connection:
        return list(connection.execute(f"SELECT * FROM {table}".encode()).fetchall())
