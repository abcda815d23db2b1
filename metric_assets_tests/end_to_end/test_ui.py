"""The UI and its daemon: a scheduled pass over everything, and pages that a person can read."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from metric_assets.catalog import CATALOG
from metric_assets_tests.end_to_end.conftest import BIN, Day

pytestmark = [pytest.mark.end_to_end, pytest.mark.integration]

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")

#: Prints, for every pair, its materialized ranges and the state and run of each one's check.
STATES = """
import json
import dagster as dg
from metric_assets.catalog import CATALOG
with dg.DagsterInstance.get() as instance:
    out = {}
    for key in CATALOG.pairs:
        asset = dg.AssetKey(key.split("/"))
        check = dg.AssetCheckKey(asset, "matches_legacy")
        infos = instance.event_log_storage.get_asset_check_partition_info([check])
        out[key] = {
            "materialized": sorted(instance.get_materialized_partitions(asset)),
            "checks": {
                i.partition_key: [i.latest_execution_status.value, i.latest_planned_run_id,
                                  i.is_current]
                for i in infos if i.partition_key
            },
        }
print(json.dumps(out))
"""


@pytest.fixture(scope="module")
def ui(day: Day) -> Iterator[str]:
    """`dagster dev` over two loaded entities, with the reconciliation due every minute."""
    assert day.run("metric-assets", "backfill", "User", "Tag").returncode == 0
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = (day.folder / "dev.log").open("w")
    server = subprocess.Popen(
        [BIN / "dagster", "dev", "-w", "workspace.yaml", "-h", "127.0.0.1", "-p", str(port)],
        cwd=day.folder,
        env={**day.env, "METRIC_ASSETS_RECONCILE_CRON": "* * * * *"},
        stdout=log,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        base = f"http://127.0.0.1:{port}"
        _until(lambda: _location_loaded(base), 120, "the code location to load")
        yield base
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)
            server.wait(10)
        log.close()


def test_a_tick_checks_every_materialized_partition(ui: str, day: Day) -> None:
    """The schedule, ticked in the running UI, leaves a current result for every materialized range."""
    runs = _until(lambda: _finished(ui, "reconcile_all"), 240, "a scheduled run to end")
    assert runs[0]["status"] == "SUCCESS"
    states = _states(day)
    loaded = {key: state for key, state in states.items() if state["materialized"]}
    assert {key.split("/")[0] for key in loaded} >= {"User", "Tag"}
    ticked = {run["runId"] for run in _all(ui, "reconcile_all")}
    for key, state in loaded.items():
        assert set(state["checks"]) >= set(state["materialized"]), key
        for partition in state["materialized"]:
            status, run, current = state["checks"][partition]
            assert current, (key, partition)
            assert status in {"SUCCEEDED", "PLANNED"}, (key, partition)
            assert run in ticked, (key, partition)


def test_the_ui_shows_partitions_and_their_checks(ui: str, day: Day) -> None:
    """The asset knows its ranges as materialized, and a partition's page its row count."""
    node = _ask(
        ui,
        """{ assetNodeOrError(assetKey: {path: ["User", "Follower"]}) { ... on AssetNode {
             partitionStats { numPartitions numMaterialized numFailed } groupName
             dependencyKeys { path } } } }""",
    )["assetNodeOrError"]
    count = len(day.ranges("User"))
    assert node["partitionStats"] == {
        "numPartitions": count,
        "numMaterialized": count,
        "numFailed": 0,
    }
    assert node["dependencyKeys"] == [{"path": ["postgres", "UserEngagement"]}]


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here; Debian's package chromium has it")
def test_pages_can_be_read(ui: str, day: Day) -> None:
    """The lineage, a partition's page and a check's page show what a newcomer looks for."""
    from playwright.sync_api import sync_playwright

    first = day.ranges("User")[0]
    pages = {
        "/asset-groups": ["sources", "BountyEntry", "dimensions"],
        f"/assets/User/Follower?view=partitions&partition={first}": [
            "Materialized",
            "dagster/partition_row_count",
            "unchanged",
        ],
        "/assets/User/Follower?view=checks&checkDetail=matches_legacy": [
            "Sums of events against UserMetric.followerCount",
            "reconciled",
        ],
    }
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        page = browser.new_page(viewport={"width": 1600, "height": 1000})
        for path, texts in pages.items():
            page.goto(ui + path, wait_until="domcontentloaded")
            for text in texts:
                page.get_by_text(text, exact=False).first.wait_for(timeout=60_000)
        browser.close()


@pytest.mark.promise(
    "Dagster's daemon makes the run and loads it; the command ends at once.",
    when="`backfill --submit`",
    area="operators",
)
def test_work_that_was_submitted_is_done_by_the_daemon(ui: str, day: Day) -> None:
    """A row that was lost is there again, by a run that the daemon made, tagged with who asked."""
    kept = "entityType = 'Tag' AND metricType = 'Hidden' AND createdAt < '2025-10-01'"
    count = f"SELECT count() FROM entityMetricEvents WHERE {kept}"
    before = day.clickhouse(count)
    day.clickhouse(f"DELETE FROM entityMetricEvents WHERE {kept} AND userId % 7 = 3")
    assert day.clickhouse(count) != before
    code, document = day.json("metric-assets", "backfill", "Tag/Hidden", "--submit")
    assert code == 0
    assert document["daemon"]
    assert document["remarks"] == []
    (one,) = document["submitted"]
    assert (one["pairs"], one["ranges"]) == (["Tag/Hidden"], day.ranges("Tag"))

    def made() -> list[dict[str, Any]]:
        runs = _ask(ui, _OF_BACKFILL % one["backfill"])["runsOrError"]["results"]
        return [run for run in runs if run["status"] in {"SUCCESS", "FAILURE", "CANCELED"}]

    (run,) = _until(made, 240, "the daemon's run to end")
    assert run["status"] == "SUCCESS"
    tags = {tag["key"]: tag["value"] for tag in run["tags"]}
    assert "backfill Tag/Hidden --submit" in tags["metric_assets/command"]
    assert day.clickhouse(count) == before


#: The runs of a backfill.
_OF_BACKFILL = """{ runsOrError(filter: {tags: [{key: "dagster/backfill", value: "%s"}]}) {
  ... on Runs { results { runId status tags { key value } } } } }"""


def _ask(base: str, query: str) -> Any:
    body = json.dumps({"query": query}).encode()
    request = urllib.request.Request(f"{base}/graphql", body, {"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)["data"]


def _location_loaded(base: str) -> bool:
    try:
        nodes = _ask(base, "{ assetNodes { id } }")["assetNodes"]
    except (OSError, TypeError, KeyError):
        return False
    return len(nodes) >= len(CATALOG.pairs)


def _all(base: str, job: str) -> list[dict[str, Any]]:
    query = (
        '{ runsOrError(filter: {pipelineName: "%s"}) { ... on Runs { results { runId status } } } }'
    )
    return list(_ask(base, query % job)["runsOrError"]["results"])


def _finished(base: str, job: str) -> list[dict[str, Any]]:
    return [run for run in _all(base, job) if run["status"] in {"SUCCESS", "FAILURE", "CANCELED"}]


def _states(day: Day) -> dict[str, Any]:
    env = {**day.env, "DAGSTER_HOME": str(day.folder / ".metric_assets/dagster")}
    url = day.url("METRIC_ASSETS_DAGSTER_POSTGRES_URL")
    env["METRIC_ASSETS_DAGSTER_POSTGRES_URL"] = url
    done = Day(day.folder, env).run("python", "-c", STATES)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def _until(check: Any, seconds: float, what: str) -> Any:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = check()
        if found:
            return found
        time.sleep(1)
    pytest.fail(f"waited {seconds:.0f} s for {what}")
