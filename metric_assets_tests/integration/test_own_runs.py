"""Runs of commands as the UI shows them, in the UI that `metric-assets ui` starts."""

from __future__ import annotations

import getpass
import json
import os
import signal
import socket
import subprocess
import urllib.request
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from metric_assets_tests.integration.consoles import BIN, Console
from metric_assets_tests.integration.local_fixtures import free_port
from metric_assets_tests.integration.platforms import Platform

pytestmark = pytest.mark.integration

#: What the timeline and the pages of jobs ask for: a run without an origin is on none of them.
RUNS = """{ runsOrError { ... on Runs { results { jobName status tags { key value }
    repositoryOrigin { repositoryName repositoryLocationName } } } } }"""
POOLS = "{ instance { concurrencyLimits { concurrencyKey } } }"
EVENTS = """{ assetOrError(assetKey: {path: ["Tag", "Follower"]}) { ... on Asset {
    assetMaterializations { partition timestamp } } } }"""
KNOWN = """{ repositoryOrError(repositorySelector: {repositoryName: "__repository__",
    repositoryLocationName: "metric_assets"}) { ... on Repository { jobs { name } } } }"""


def ask(port: int, query: str) -> Any:
    """What the UI answers."""
    body = json.dumps({"query": query}).encode()
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/graphql", body, {"content-type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=120) as answer:
        return json.load(answer)["data"]


@pytest.mark.promise(
    "Runs of jobs that the UI knows, with user, host and command; each range of a batch in Events.",
    when="a command runs something itself",
    area="operators",
)
def test_the_ui_shows_runs_of_commands(console: Console, platform: Platform) -> None:
    """A backfill of three ranges and a reconciliation, then `metric-assets ui` from another folder
    than the checkout: both runs are on the page of a job that the location has, every range is an
    event of its own, the pools are listed; Ctrl-C ends everything.
    """
    for tag in (1, 11, 21):
        platform.add("Tag", id=tag, createdAt="2024-01-01")
    assert console.json("backfill", "Tag")[0] == 0
    assert console.json("reconcile", "Tag")[0] == 0
    port = free_port()
    with subprocess.Popen(
        [BIN / "metric-assets", "ui", "--port", str(port)],
        cwd=console.folder, env=console.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, start_new_session=True,
    ) as server:  # fmt: skip
        assert server.stdout is not None
        assert server.stderr is not None
        try:
            assert server.stdout.readline() == (
                f"Dagster's UI: http://127.0.0.1:{port}   (Ctrl-C ends it)\n"
            )
            _runs_are_known(port)
            _batches_and_pools_are_shown(port)
            taken = console.run("metric-assets", "ui", "--port", str(port))
            assert taken.returncode == 2
            assert taken.stderr.startswith(f"metric-assets: --port {port}: cannot be listened on")
            os.kill(server.pid, signal.SIGINT)
            assert server.wait(90) == 130
        finally:
            if server.poll() is None:
                os.killpg(server.pid, signal.SIGKILL)
        assert "the UI and the daemon have ended" in server.stderr.read()
    assert not _mentions(f"-p\0{port}\0".encode())
    log = (console.folder / "home" / "logs" / "ui.log").read_text()
    for warning in ("SupersessionWarning", "PreviewWarning", "BetaWarning", "will not be used"):
        assert warning not in log


def _batches_and_pools_are_shown(port: int) -> None:
    pools = {one["concurrencyKey"] for one in ask(port, POOLS)["instance"]["concurrencyLimits"]}
    assert pools == {"source_postgres", "source_clickhouse"}
    events = ask(port, EVENTS)["assetOrError"]["assetMaterializations"]
    assert sorted(one["partition"] for one in events) == ["0-9", "10-19", "20-29"]
    assert len({one["timestamp"] for one in events}) == 3


def _runs_are_known(port: int) -> None:
    known = {one["name"] for one in ask(port, KNOWN)["repositoryOrError"]["jobs"]}
    runs = {run["jobName"]: run for run in ask(port, RUNS)["runsOrError"]["results"]}
    assert runs.keys() == {"backfill_Tag", "reconcile_all"}
    assert runs.keys() <= known
    for name, command in (("backfill_Tag", "backfill"), ("reconcile_all", "reconcile")):
        run = runs[name]
        tags = {tag["key"]: tag["value"] for tag in run["tags"]}
        assert run["status"] == "SUCCESS"
        assert run["repositoryOrigin"] == {
            "repositoryName": "__repository__", "repositoryLocationName": "metric_assets",
        }  # fmt: skip
        assert tags["metric_assets/user"] == getpass.getuser()
        assert tags["metric_assets/host"] == socket.gethostname()
        assert tags["metric_assets/command"] == f"metric-assets {command} Tag --json"


def _mentions(arguments: bytes) -> list[str]:
    """Processes of this machine with these arguments."""
    found = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            if arguments in file.read_bytes():
                found.append(file.parent.name)
    return found
