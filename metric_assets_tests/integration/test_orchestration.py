"""What Dagster is shown and does, on the real engines with an instance of its own."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from pydantic import SecretStr

from metric_assets import settings as names
from metric_assets.catalog import CATALOG
from metric_assets.cli import console, tables
from metric_assets.operations.dry_run import Piece
from metric_assets.operations.listener import Listener, Results
from metric_assets.orchestration.build import build_definitions
from metric_assets.orchestration.check_names import BEYOND_GRID
from metric_assets.orchestration.outcomes import outcome_of
from metric_assets.orchestration.running import plan_only
from metric_assets.orchestration.sensors import RANGE_START, RANGE_STOP
from metric_assets.orchestration.tables import dimension_key
from metric_assets.ranges import Grid, IdRange
from metric_assets.settings import Settings
from metric_assets.stores.ports import Scope
from metric_assets.stores.postgres import Postgres
from metric_assets_tests.integration.platforms import CUTOFF, TARGET, Platform

pytestmark = pytest.mark.integration

FOLLOWER, HIDDEN = dg.AssetKey(["Tag", "Follower"]), dg.AssetKey(["Tag", "Hidden"])
KEYS = ["0-9", "10-19", "20-29"]


@pytest.fixture
def settings(platform: Platform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Tags cut into ranges of ten, over the platform's stores."""
    monkeypatch.setenv(names.POSTGRES_URL, platform.postgres_url)
    monkeypatch.setenv(names.CLICKHOUSE_URL, platform.clickhouse_url)
    for tag in (1, 11, 21):
        platform.add("Tag", id=tag, createdAt="2024-01-01")
        platform.add("TagMetric", tagId=tag, timeframe="AllTime", followerCount=1, hiddenCount=0)
        platform.add("TagEngagement", tagId=tag, userId=5, type="Follow", createdAt="2024-02-02")
    return Settings(
        postgres_url=SecretStr(platform.postgres_url),
        clickhouse_url=SecretStr(platform.clickhouse_url),
        home=tmp_path,
        target_table=TARGET,
        cutoff=CUTOFF,
        grids={"Tag": Grid(10, 30)},
    )


def run(
    settings: Settings,
    instance: dg.DagsterInstance,
    keys: list[dg.AssetKey],
    first: str = KEYS[0],
    last: str = KEYS[-1],
    listener: Listener | None = None,
) -> dg.ExecuteInProcessResult:
    """Materialize a range of partitions in one run, as CLI and UI do."""
    job = build_definitions(settings, listener).resolve_implicit_global_asset_job_def()
    return job.execute_in_process(
        instance=instance,
        asset_selection=keys,
        tags={RANGE_START: first, RANGE_STOP: last},
        raise_on_error=False,
    )


def checks(result: dg.ExecuteInProcessResult, name: str) -> dict[tuple[str, str | None], bool]:
    """Pass or fail by pair and range."""
    return {
        ("/".join(one.asset_key.path), one.partition): one.passed
        for one in result.get_asset_check_evaluations()
        if one.check_name == name
    }


def test_a_range_run_records_every_partition_with_its_load_result(
    settings: Settings, instance: dg.DagsterInstance
) -> None:
    """Each partition has its own materialization, row count and check result."""
    result = run(settings, instance, [FOLLOWER])
    assert result.success
    assert instance.get_materialized_partitions(FOLLOWER) == set(KEYS)
    event = instance.fetch_materializations(
        dg.AssetRecordsFilter(FOLLOWER, asset_partitions=["10-19"]), limit=1
    ).records[0]
    found = event.asset_materialization
    assert found is not None
    figures = {name: value.value for name, value in found.metadata.items()}
    assert figures["dagster/partition_row_count"] == 1
    assert (figures["wanted"], figures["inserted"], figures["removed"]) == (1, 1, 0)
    assert checks(result, "matches_source") == {("Tag/Follower", key): True for key in KEYS}
    assert checks(result, "matches_legacy") == {("Tag/Follower", key): True for key in KEYS}
    assert checks(result, "reconciled") == {("Tag/Follower", None): True}


def test_the_column_types_of_the_ui_are_the_servers_own(
    settings: Settings, instance: dg.DagsterInstance, platform: Platform
) -> None:
    """A target that somebody typed in another way is shown as its server describes it."""
    platform.command(f"ALTER TABLE {TARGET} MODIFY COLUMN metricValue Int64")
    assert run(settings, instance, [FOLLOWER], KEYS[0], KEYS[0]).success
    (record,) = instance.fetch_materializations(dg.AssetRecordsFilter(FOLLOWER), limit=1).records
    assert record.asset_materialization is not None
    schema: Any = record.asset_materialization.metadata["dagster/column_schema"].value
    assert {column.name: column.type for column in schema.columns} == dict(
        platform.query(
            f"SELECT name, type FROM system.columns WHERE database = currentDatabase() AND table = '{TARGET}'"
        )
    )


def test_a_second_run_says_that_nothing_was_to_do(
    settings: Settings, instance: dg.DagsterInstance
) -> None:
    """Materializing the same again writes 0 rows and the metadata says so."""
    run(settings, instance, [FOLLOWER])
    run(settings, instance, [FOLLOWER])
    records = instance.fetch_materializations(
        dg.AssetRecordsFilter(FOLLOWER, asset_partitions=["0-9"]), limit=5
    ).records
    inserted = [
        record.asset_materialization.metadata["inserted"].value
        for record in records
        if record.asset_materialization
    ]
    assert inserted == [0, 1]


def test_a_run_that_fails_in_the_middle_keeps_what_was_finished(
    settings: Settings, instance: dg.DagsterInstance, platform: Platform
) -> None:
    """The first range stays recorded and loaded; the failure names the second and every kind."""
    platform.run('ALTER TABLE "TagEngagement" DROP CONSTRAINT "TagEngagement_pkey"')
    platform.run('ALTER TABLE "TagEngagement" ALTER COLUMN "userId" DROP NOT NULL')
    platform.run("INSERT INTO \"TagEngagement\" VALUES (NULL, 12, 'Follow', '2024-03-03')")
    result = run(settings, instance, [FOLLOWER, HIDDEN])
    assert not result.success
    failure = next(event for event in result.all_events if event.is_step_failure)
    data = failure.step_failure_data.user_failure_data
    assert data is not None
    assert data.description is not None
    assert data.description.startswith("Tag/10-19: 1 values of the source fail")
    assert "userId: null: 1" in data.description
    assert instance.get_materialized_partitions(FOLLOWER) == {"0-9"}
    assert instance.get_materialized_partitions(HIDDEN) == {"0-9"}
    assert [event[0] for event in platform.events()] == [1]


def test_only_the_selected_pairs_of_a_scan_are_loaded(
    settings: Settings, instance: dg.DagsterInstance, platform: Platform
) -> None:
    """A subset of a scan's pairs materializes, checks and writes nothing of the others."""
    platform.add("TagEngagement", tagId=1, userId=6, type="Hide", createdAt="2024-02-02")
    run(settings, instance, [FOLLOWER])
    assert instance.get_materialized_partitions(HIDDEN) == set()
    assert {event[2] for event in platform.events()} == {"Follower"}


def test_a_wrong_range_stays_red_until_it_is_repaired(
    settings: Settings, instance: dg.DagsterInstance, platform: Platform
) -> None:
    """The badge `reconciled` fails while any range fails, also after a good run of another range."""
    run(settings, instance, [FOLLOWER])
    platform.run('UPDATE "TagMetric" SET "followerCount" = 3 WHERE "tagId" = 11')
    red = run(settings, instance, [FOLLOWER], "10-19", "10-19")
    assert checks(red, "matches_legacy") == {("Tag/Follower", "10-19"): False}
    other = run(settings, instance, [FOLLOWER], "0-9", "0-9")
    assert checks(other, "matches_legacy") == {("Tag/Follower", "0-9"): True}
    assert checks(other, "reconciled") == {("Tag/Follower", None): False}
    platform.run('UPDATE "TagMetric" SET "followerCount" = 1 WHERE "tagId" = 11')
    repaired = run(settings, instance, [FOLLOWER], "10-19", "10-19")
    assert checks(repaired, "reconciled") == {("Tag/Follower", None): True}


def test_another_range_size_is_refused(
    settings: Settings, instance: dg.DagsterInstance, platform: Platform
) -> None:
    """A grid of another size on an instance with history fails before anything is read or written."""
    run(settings, instance, [FOLLOWER])
    before = platform.checksum()
    other = settings.model_copy(update={"grids": {"Tag": Grid(15, 30)}})
    result = run(other, instance, [FOLLOWER], "0-14", "15-29")
    assert not result.success
    failure = next(event for event in result.all_events if event.is_step_failure)
    data = failure.step_failure_data.user_failure_data
    assert data is not None
    assert "was materialized in ranges like" in (data.description or "")
    assert platform.checksum() == before


def test_an_unreachable_store_is_no_verdict(
    settings: Settings,
    instance: dg.DagsterInstance,
    platform: Platform,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """If legacy cannot be read the check raises; it does not say that the counters differ."""
    run(settings, instance, [FOLLOWER])
    platform.run('ALTER TABLE "TagMetric" RENAME TO "TagMetricGone"')
    job = build_definitions(settings).resolve_job_def("reconcile_all")
    result = job.execute_in_process(instance=instance, raise_on_error=False)
    assert not result.success
    assert ("Tag/Follower", "0-9") not in checks(result, "matches_legacy")
    platform.run('ALTER TABLE "TagMetricGone" RENAME TO "TagMetric"')
    del monkeypatch


def beyond(settings: Settings, instance: dg.DagsterInstance) -> dict[str, tuple[bool, str]]:
    """What the nightly checks say of the ids in each table, as they run on their own."""
    keys = [
        dg.AssetCheckKey(dg.AssetKey(["postgres", entity.table]), BEYOND_GRID)
        for entity in settings.catalog.entities
    ]
    job = dg.define_asset_job("look", selection=dg.AssetSelection.checks(*keys))
    definitions = dg.Definitions.merge(build_definitions(settings), dg.Definitions(jobs=[job]))
    result = definitions.resolve_job_def("look").execute_in_process(instance=instance)
    return {
        one.asset_key.path[-1]: (one.passed, one.description or "")
        for one in result.get_asset_check_evaluations()
    }


def test_ids_beyond_the_grid_fail_the_check_of_their_table(
    settings: Settings, instance: dg.DagsterInstance, platform: Platform
) -> None:
    """The check names the ids and says what to do; ids made after the cutoff do not fail it."""
    platform.add("Tag", id=31, createdAt="2099-01-01")
    assert {passed for passed, _ in beyond(settings, instance).values()} == {True}
    platform.add("Tag", id=30, createdAt="2024-01-01")
    platform.add("User", id=-1, createdAt="2024-01-01")
    found = beyond(settings, instance)
    assert {table for table, (passed, _) in found.items() if not passed} == {"Tag", "User"}
    assert re.search(r"^User: 1 id .*: -1\..*ranges User --sync", found["User"][1])
    assert re.search(r"^Tag: 1 id made .* no partition: 30\. The grid", found["Tag"][1])
    assert found["Tag"][1].endswith("then reload the code location")


def test_the_nightly_job_looks_at_every_table_of_entities(settings: Settings) -> None:
    """`reconcile_all`, which its schedule runs from the start, has the check of each."""
    job = build_definitions(settings).resolve_job_def("reconcile_all")
    keys = job.asset_layer.asset_graph.asset_check_keys
    looked = {key.asset_key.path[-1] for key in keys if key.name == BEYOND_GRID}
    assert looked == {entity.table for entity in CATALOG.entities}


def test_the_missing_sensor_requests_the_first_stretch(
    settings: Settings, instance: dg.DagsterInstance
) -> None:
    """It asks for ranges some pair of an entity lacks, and for no range that all pairs have."""
    run(settings, instance, [FOLLOWER, HIDDEN], "0-9", "0-9")
    run(settings, instance, [FOLLOWER], "10-19", "10-19")
    defs = build_definitions(settings)
    sensor: Any = defs.resolve_sensor_def("ranges_never_materialized")
    with dg.build_sensor_context(
        instance=instance, repository_def=defs.get_repository_def()
    ) as context:
        requests = sensor.evaluate_tick(context).run_requests
    tag = next(one for one in requests if one.job_name == "backfill_Tag")
    assert (tag.tags[RANGE_START], tag.tags[RANGE_STOP]) == ("10-19", "20-29")


def test_the_missing_sensor_asks_for_cells_apart(
    settings: Settings, instance: dg.DagsterInstance, platform: Platform
) -> None:
    """Cells with gaps between them are neighbours in the grid: one request takes them, in order,
    and a run of its tags materializes exactly these."""
    grid = Grid(10, 30, (-10, 500, 2_147_483_640))
    wide = settings.model_copy(update={"grids": {"Tag": grid}})
    platform.add("TagEngagement", tagId=-1, userId=5, type="Follow", createdAt="2024-02-02")
    run(wide, instance, [FOLLOWER, HIDDEN], "0-9", "0-9")
    defs = build_definitions(wide)
    sensor: Any = defs.resolve_sensor_def("ranges_never_materialized")

    def request() -> tuple[str, str]:
        with dg.build_sensor_context(
            instance=instance, repository_def=defs.get_repository_def()
        ) as context:
            requests = sensor.evaluate_tick(context).run_requests
        tag = next(one for one in requests if one.job_name == "backfill_Tag")
        return tag.tags[RANGE_START], tag.tags[RANGE_STOP]

    assert request() == ("-10--1", "-10--1")
    run(wide, instance, [FOLLOWER, HIDDEN], *request())
    assert [event[0] for event in platform.events()] == [-1, 1]
    assert request() == ("10-19", "2147483640-2147483649")
    run(wide, instance, [FOLLOWER, HIDDEN], *request())
    assert instance.get_materialized_partitions(HIDDEN) == {ids.key for ids in wide.grid_of("Tag")}


def test_what_the_ui_is_told_of_a_pair(settings: Settings) -> None:
    """Group, kinds, owners, tags, column schema, links to the .sql and the row, and lineage from
    source to pair and to the legacy table.
    """
    graph = build_definitions(settings).resolve_asset_graph()
    node = graph.get(FOLLOWER)
    assert node.group_name == "Tag"
    assert node.kinds == {"postgres", "polars", "clickhouse"}
    assert node.owners == ["team:metrics"]
    assert node.description
    assert node.parent_keys == {dg.AssetKey(["postgres", "TagEngagement"])}
    columns = [column.name for column in node.metadata["dagster/column_schema"].columns]
    assert columns == [
        "entityType", "metricType", "entityId", "userId", "metricValue", "createdAt",
    ]  # fmt: skip
    types = {column.type for column in node.metadata["dagster/column_schema"].columns}
    assert types == {f"as in {TARGET}"}
    own = {name for name in node.tags if not name.startswith("dagster/")}
    assert own == {"metric_assets/rule", "metric_assets/scan"}
    legacy = graph.get(dg.AssetKey(["postgres", "TagMetric"]))
    assert legacy.parent_keys == {dg.AssetKey(["postgres", "TagEngagement"])}
    assert (
        dimension_key(CATALOG.dimensions[0])
        in graph.get(dg.AssetKey(["Model", "Download"])).parent_keys
    )
    # A summary an entity type, and one of all.
    summaries = len(CATALOG.entity) + 1
    assert len(graph.materializable_asset_keys) == (
        len(CATALOG.pairs) + len(CATALOG.dimensions) + summaries
    )


def test_links_lead_to_the_statement_and_the_row(settings: Settings) -> None:
    """Files of this machine; with an address of the repository, lines of its files there."""
    statement, row = references(settings)
    assert Path(statement.file_path).read_text(encoding="utf-8").startswith("-- ")
    lines = Path(row.file_path).read_text(encoding="utf-8").splitlines()
    assert lines[row.line_number - 1].strip() == "Pair("
    assert '"Follower"' in "".join(lines[row.line_number : row.line_number + 3])
    shown = settings.model_copy(update={"code_url": "https://example.org/a/b/blob/main"})
    assert [one.url.partition("#")[0] for one in references(shown)] == [
        "https://example.org/a/b/blob/main/sql/tag/engaged.sql",
        "https://example.org/a/b/blob/main/metric_assets/catalog/tags.py",
    ]


def references(settings: Settings) -> list[Any]:
    """The code references of a pair."""
    node = build_definitions(settings).resolve_asset_graph().get(FOLLOWER)
    return list(node.metadata["dagster/code_references"].code_references)


@pytest.mark.promise(
    "The removal guard counts over the run and refuses.",
    when="small ranges emptied one after another",
    area="sources",
)
def test_the_guard_judges_a_run(
    settings: Settings, instance: dg.DagsterInstance, platform: Platform
) -> None:
    """Two ranges of 700 events each that the source has lost: each alone may go, both in one run
    may not. The first stays recorded; another run may remove the second.
    """
    for first in (1, 11):
        platform.run(
            'INSERT INTO "TagEngagement" ("userId", "tagId", type, "createdAt")'
            f" SELECT 100 + n, {first}, 'Follow', '2024-01-01' FROM generate_series(1, 700) n"
        )
    assert run(settings, instance, [FOLLOWER]).success
    platform.run('DELETE FROM "TagEngagement" WHERE "userId" > 100')
    refused = run(settings, instance, [FOLLOWER])
    failure = next(event for event in refused.all_events if event.is_step_failure)
    data = failure.step_failure_data.user_failure_data
    assert data is not None
    assert str(data.description).startswith(
        "Tag/Follower/10-19: with this plan the run removes 1400 of 1402 events"
    )
    assert run(settings, instance, [FOLLOWER]).success
    assert len(platform.events()) == 3


def test_a_state_older_than_the_recorded_one_removes_nothing(
    settings: Settings, instance: dg.DagsterInstance, platform: Platform
) -> None:
    """A materialization records which state of the source it was made from; one that an older state
    follows, as a server restored from a backup shows, is not taken back.
    """
    assert run(settings, instance, [FOLLOWER]).success
    event = instance.fetch_materializations(
        dg.AssetRecordsFilter(FOLLOWER, asset_partitions=["10-19"]), limit=1
    ).records[0]
    found = event.asset_materialization
    assert found is not None
    assert found.metadata["source"].value == "primary"
    system = found.metadata["source_system"].value
    later = {"source_snapshot": "4000000000:4000000000:", "source_system": str(system)}
    instance.report_runless_asset_event(
        dg.AssetMaterialization(FOLLOWER, partition="10-19", metadata=later)
    )
    platform.run('DELETE FROM "TagEngagement"')
    refused = run(settings, instance, [FOLLOWER], "10-19", "10-19")
    failure = next(event for event in refused.all_events if event.is_step_failure)
    data = failure.step_failure_data.user_failure_data
    assert data is not None
    assert "from a later state of the source" in str(data.description)
    assert len(platform.events()) == 3
    assert run(settings, instance, [FOLLOWER], "20-29", "20-29").success
    assert len(platform.events()) == 2


def test_a_legacy_value_that_is_no_number_fails_its_range_only(
    settings: Settings, instance: dg.DagsterInstance, platform: Platform
) -> None:
    """The step fails by the pair, column, value and entity; every other pair and range keeps its
    result, and the good pair its badge.
    """
    platform.run(
        'ALTER TABLE "TagMetric" ALTER COLUMN "hiddenCount" DROP DEFAULT,'
        ' ALTER COLUMN "hiddenCount" TYPE text;'
        'UPDATE "TagMetric" SET "hiddenCount" = \'many\' WHERE "tagId" = 11'
    )
    results = Results()
    result = run(settings, instance, [FOLLOWER, HIDDEN], listener=results)
    assert not result.success
    passed = checks(result, "matches_legacy")
    assert {key for pair, key in passed if pair == "Tag/Follower"} == set(KEYS)
    assert {key for pair, key in passed if pair == "Tag/Hidden"} == {"0-9", "20-29"}
    assert checks(result, "reconciled") == {("Tag/Follower", None): True}
    both = [CATALOG.pairs["Tag/Follower"], CATALOG.pairs["Tag/Hidden"]]
    outcome = outcome_of("Tag", CATALOG, both, result, results.unread)
    assert list(outcome.failures) == ["Tag/Hidden"]
    assert outcome.failure.startswith(
        "Tag/Hidden/10-19: TagMetric.hiddenCount is String and holds 'many' for entity 11"
    )


def test_a_dry_run_shows_the_ranges_that_are_not_busy(
    settings: Settings, platform: Platform
) -> None:
    """One range that a run works on is missed and said to be busy; the others are planned."""
    scope = Scope("Tag", ("Follower",), IdRange.parse("10-19"), CUTOFF)
    notes = console.Notes(tables.err())
    pair = CATALOG.pairs["Tag/Follower"]
    ranges = [IdRange.parse(key) for key in KEYS]
    with Postgres(platform.postgres_url) as other, other.acquire(scope):
        piece = Piece(CATALOG.scan[pair.key], (pair,), tuple(ranges))
        (missed,) = plan_only([piece], settings, notes).missed
    assert missed.busy
    assert (missed.pairs, missed.ids.key) == ((pair,), "10-19")
    assert [(one.ids.key, one.wanted) for one in notes.load_results] == [("0-9", 1), ("20-29", 1)]
