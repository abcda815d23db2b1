"""A ClickHouse server that somebody gives by URL, and a database of one's own on it.

Belongs here: the variables that name the server, making and dropping the database, restarting the
server, targets of another engine. Does not belong here: tables and rows (platforms), or what a test
expects. docs/how-to/testing-against-a-server.md says what the user of the URL must be allowed to do.
"""

from __future__ import annotations

import os
import re
import subprocess
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from metric_assets.local.demo_stores import clickhouse

#: The server; without it tests and torture use an embedded one.
URL = "METRIC_ASSETS_TEST_CLICKHOUSE_URL"
#: Engine of the targets, with arguments if it has any: ``ReplicatedMergeTree``.
ENGINE = "METRIC_ASSETS_TEST_TARGET_ENGINE"
#: A shell command that ends the server's process by SIGKILL and starts it again.
RESTART = "METRIC_ASSETS_TEST_CLICKHOUSE_RESTART"
PLAIN = "MergeTree"
#: How a replica's path can be given. ``DATABASE`` stands for the name of a database of one's own.
REPLICATED = {
    "default path": "ReplicatedMergeTree",
    "uuid": "ReplicatedMergeTree('/clickhouse/tables/{uuid}/{shard}', '{replica}')",
    "macros": "ReplicatedMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}')",
    "spelled out": "ReplicatedMergeTree('/clickhouse/tables/DATABASE/events', 'one')",
}
#: How long a server that was killed may take to answer again.
_START_SECONDS = 120.0


@dataclass(frozen=True)
class Server:
    """Where the server is, which engine targets get there, and how it is killed and started."""

    url: str
    engine: str = PLAIN
    restart_command: str = ""

    @classmethod
    def given(cls) -> Server | None:
        """The server that the environment names, if it names one."""
        url = os.environ.get(URL, "")
        if not url:
            return None
        return cls(url, os.environ.get(ENGINE, "") or PLAIN, os.environ.get(RESTART, ""))

    def restart(self) -> None:
        """Kill the server and start it again by the tester's command; wait until it answers."""
        subprocess.run(self.restart_command, shell=True, check=True)  # noqa: S602 - the tester's own
        self.until_up()

    def until_up(self) -> None:
        """Wait until the server answers; raises TimeoutError."""
        end = time.monotonic() + _START_SECONDS
        while not self._answers():
            if time.monotonic() > end:
                raise TimeoutError(f"{URL}: the server does not answer {_START_SECONDS:.0f} s on")
            time.sleep(0.1)

    def _answers(self) -> bool:
        try:
            with clickhouse(self.url) as client:
                return client.query("SELECT 1").result_rows == [(1,)]
        except (ClickHouseError, OSError):
            return False


@contextmanager
def own_database(url: str, prefix: str = "metric_assets_test") -> Iterator[str]:
    """Make a database under a name nobody else has, and drop it at the end: its URL."""
    name = f"{prefix}_{uuid.uuid4().hex[:12]}"
    with clickhouse(url) as client:
        client.command(f"CREATE DATABASE {name}")
    try:
        yield urlunsplit(urlsplit(url)._replace(path=f"/{name}"))
    finally:
        # By another client: the server may have been restarted meanwhile.
        with clickhouse(url) as client:
            client.command(f"DROP DATABASE IF EXISTS {name} SYNC")


def with_engine(statement: str, engine: str, client: Client) -> str:
    """A CREATE TABLE statement of a plain MergeTree, for another engine of that family.

    A path with ``{uuid}``, the default, is taken by an Atomic database only if the UUID is given
    (or ON CLUSTER); other databases see to it themselves and take none.
    """
    if engine == PLAIN:
        return statement
    text = re.sub(rf"\bENGINE = {PLAIN}\b", lambda _: f"ENGINE = {engine}", statement)
    default_path = engine.startswith("Replicated") and ("(" not in engine or "{uuid}" in engine)
    if default_path and engine_of_database(client) == "Atomic":
        named = re.compile(r"CREATE TABLE (?:IF NOT EXISTS )?(?:`(?:\\.|[^`\\])*`|\S+)")
        text = named.sub(lambda made: f"{made[0]} UUID '{uuid.uuid4()}'", text, count=1)
    return text


def engine_of_database(client: Client) -> str:
    """The engine of the client's database: Atomic unless the server has its own way."""
    query = "SELECT engine FROM system.databases WHERE name = currentDatabase()"
    return str(client.query(query).result_rows[0][0])
