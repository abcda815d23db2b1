"""Several ClickHouse servers behind one address: found out and refused, before anything is written.

Two embedded engines stand behind a small balancer. Each has a target of the same name, as two
servers of a cluster would; staging tables exist on the server that made them only, and a statement of
a dead attempt is seen by the server that runs it only, so no load through the balancer can be safe.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from clickhouse_connect.driver.client import Client

from metric_assets import settings as names
from metric_assets.local import clickhouse as embedded
from metric_assets.local.demo_stores import clickhouse, make_target
from metric_assets.local.layout import Layout
from metric_assets.local.stack import Endpoints
from metric_assets_tests.integration.local_fixtures import free_port, own_folder
from metric_assets_tests.integration.platforms import TARGET, Platform
from metric_assets_tests.integration.proxies import balancer_of

pytestmark = pytest.mark.integration

COMMAND = "from metric_assets.cli import main; main()"


@dataclass
class Servers:
    """Two engines, with a plain client for each, and a source with three follows of tags."""

    ports: list[int]
    clients: list[Client]
    environ: dict[str, str]

    def run(self, port: int, *arguments: str) -> subprocess.CompletedProcess[str]:
        """A command of ours in a process of its own, whose ClickHouse is at ``port``."""
        url = f"http://default:@127.0.0.1:{port}/default"
        return subprocess.run(
            [sys.executable, "-c", COMMAND, *arguments],
            env={**os.environ, **self.environ, names.CLICKHOUSE_URL: url},
            cwd=self.environ[names.HOME],
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )

    def names(self) -> list[str]:
        """What no other server has: the UUID of its own database `system`."""
        query = "SELECT toString(uuid) FROM system.databases WHERE name = 'system'"
        return [client.query(query).result_rows[0][0] for client in self.clients]

    def tables(self) -> list[set[str]]:
        """Tables of each engine."""
        return [
            {row[0] for row in client.query("SHOW TABLES").result_rows} for client in self.clients
        ]

    def counts(self) -> list[int]:
        """Events in the target of each engine."""
        query = f"SELECT count() FROM {TARGET}"
        return [client.query(query).result_rows[0][0] for client in self.clients]


@pytest.fixture(scope="module")
def engines() -> Iterator[list[int]]:
    """Ports of two embedded engines, each with data of its own, stopped at the end."""
    with ExitStack() as ending:
        ports = []
        for _ in range(2):
            layout = Layout.of(ending.enter_context(own_folder()))
            ending.callback(embedded.stop, layout, lambda _: None)
            ports.append(embedded.start(layout, free_port(), lambda _: None))
        yield ports


@pytest.fixture
def servers(
    engines: list[int], platform: Platform, stack: Endpoints, tmp_path: Path
) -> Iterator[Servers]:
    """Both engines with an empty target, and the settings of a load of tags."""
    for tag in (1, 11, 21):
        platform.add("Tag", id=tag, createdAt="2024-01-01")
        platform.add("TagMetric", tagId=tag, timeframe="AllTime", followerCount=1, hiddenCount=0)
        platform.add("TagEngagement", tagId=tag, userId=5, type="Follow", createdAt="2024-02-02")
    environ = {
        names.HOME: str(tmp_path),
        "DAGSTER_HOME": "",
        names.POSTGRES_URL: platform.postgres_url,
        names.DAGSTER_POSTGRES_URL: stack.dagster_postgres_url.replace("://", "+psycopg2://", 1),
        names.TARGET_TABLE: TARGET,
        names.CUTOFF: "2025-10-01T00:00:00+00:00",
        names.RANGES: json.dumps({"Tag": {"size": 10, "stop": 30}}),
    }
    with ExitStack() as ending:
        clients = [
            ending.enter_context(clickhouse(f"http://default:@127.0.0.1:{port}/default"))
            for port in engines
        ]
        for client in clients:
            client.command(f"DROP TABLE IF EXISTS {TARGET} SYNC")
            make_target(client, TARGET)
        yield Servers(engines, clients, environ)


@pytest.mark.promise(
    "`backfill` refuses and names both.", when="several servers behind one address", area="targets"
)
@pytest.mark.parametrize("sticky", [False, True], ids=["by request", "by connection"])
def test_a_load_through_a_balancer_is_refused(servers: Servers, sticky: bool) -> None:
    """Whether requests or connections are spread: backfill exits 2 and names the address and both
    servers, and neither has a row or a table more.
    """
    before = servers.tables()
    with balancer_of(servers.ports, sticky=sticky) as balancer:
        done = servers.run(balancer.port, "backfill", "Tag/Follower")
        address = f"127.0.0.1:{balancer.port}"
    assert done.returncode == 2, done.stderr
    assert f"{address} is answered by 2 servers" in done.stderr
    assert [name for name in servers.names() if name not in done.stderr] == []
    assert servers.counts() == [0, 0]
    assert servers.tables() == before


@pytest.mark.promise(
    "`doctor` names both.", when="several servers behind one address", area="targets"
)
@pytest.mark.parametrize("sticky", [False, True], ids=["by request", "by connection"])
def test_doctor_finds_the_servers_behind_a_balancer(servers: Servers, sticky: bool) -> None:
    """Before the first load: a failed finding that names both."""
    with balancer_of(servers.ports, sticky=sticky) as balancer:
        done = servers.run(balancer.port, "doctor", "--json")
    assert done.returncode in {1, 2}, done.stderr
    failed = [
        one["found"] for one in json.loads(done.stdout)["findings"] if one["status"] == "failed"
    ]
    (told,) = [found for found in failed if "answered by 2 servers" in found]
    assert [name for name in servers.names() if name not in told] == []


@pytest.mark.promise("Loaded.", when="one server behind a balancer", area="targets")
def test_one_server_behind_a_balancer_is_loaded(servers: Servers) -> None:
    """A balancer that leads to one server only is no reason to refuse."""
    with balancer_of(servers.ports[:1]) as balancer:
        done = servers.run(balancer.port, "backfill", "Tag/Follower", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    assert servers.counts() == [3, 0]
