"""Dagster as production runs it: code server, webserver and daemon, each a process to be killed.

Belongs here: starting, killing, launching through the UI's GraphQL, and what Dagster has recorded.
Does not belong here: when anything of this happens (strikes).
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import psycopg

from metric_assets_tests.conventions.files import ROOT
from metric_assets_tests.integration.local_fixtures import free_port
from metric_assets_tests.torture.cases import CASES, CUTOFF, RANGES, TABLES, Case
from metric_assets_tests.torture.graphql import ENDED, Ui
from metric_assets_tests.torture.world import World

_START_SECONDS = 120
_FINISH_SECONDS = 180
_GRID = {"size": 100, "stop": 300}
_LATEST = "SELECT coalesce(max(id), 0) FROM event_logs"
_RECORDED = (
    "SELECT DISTINCT partition FROM event_logs WHERE id > %s AND partition IS NOT NULL"
    " AND dagster_event_type = 'ASSET_MATERIALIZATION' AND asset_key = ANY(%s)"
)
_AT_WORK = (
    "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'metric_assets:%'"
    " AND datname = current_database()"
)


@dataclass(frozen=True)
class Launched:
    """Runs, or the backfill that makes them."""

    runs: tuple[str, ...]
    backfill: str = ""


class Dagster:
    """An instance over a world's stores, and its processes, started when they are needed."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._home = world.home / "dagster"
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._ui = Ui("")
        self._unsettled = False

    def environ(self, table: str) -> dict[str, str]:
        """Variables of a process that works into a table."""
        url = self._world.endpoints.dagster_postgres_url
        return {
            "METRIC_ASSETS_HOME": str(self._world.home),
            "DAGSTER_HOME": str(self._home),
            "METRIC_ASSETS_POSTGRES_URL": self._world.endpoints.postgres_url,
            "METRIC_ASSETS_CLICKHOUSE_URL": self._world.endpoints.clickhouse_url,
            "METRIC_ASSETS_DAGSTER_POSTGRES_URL": url.replace("://", "+psycopg2://", 1),
            "METRIC_ASSETS_TARGET_TABLE": table,
            "METRIC_ASSETS_CUTOFF": CUTOFF,
            "METRIC_ASSETS_MAX_REMOVED_SHARE": "1",
            "METRIC_ASSETS_RANGES": json.dumps({case.entity: _GRID for case in CASES}),
            # Every other table is loaded by ranges side by side.
            "METRIC_ASSETS_PARALLEL_RANGES": "3" if list(TABLES).index(table) % 2 else "1",
        }

    def mark(self) -> int:
        """The latest event of the instance, which is made if it is not there."""
        if not self._home.exists():
            self._home.mkdir()
            shutil.copy(ROOT / "dagster.yaml", self._home)
            made = self._start("dagster", "instance", "info")
            made.wait(_START_SECONDS)
        with self._storage() as session:
            row = session.execute(_LATEST).fetchone()
        assert row is not None
        return int(row[0])

    def recorded(self, case: Case, since: int) -> set[str]:
        """Ranges of a case that Dagster has recorded as materialized since then."""
        keys = [json.dumps([case.entity, metric]) for metric in case.metrics]
        with self._storage() as session:
            return {row[0] for row in session.execute(_RECORDED, [since, keys])}

    def launch(self, pairs: Sequence[str], *, whole: bool) -> Launched:
        """Launch all ranges: ``whole`` as a backfill, else as a run each. Nothing runs yet."""
        self._up()
        self._unsettled = True
        if whole:
            return Launched((), self._ui.backfill(pairs, RANGES))
        return Launched(tuple(self._ui.materialize(pairs, key) for key in RANGES))

    def start_daemon(self) -> None:
        """Start the daemon if it is not there; it works on what is queued as soon as it can."""
        if "daemon" in self._processes and self._processes["daemon"].poll() is None:
            return
        workspace = str(self._home / "workspace.yaml")
        self._processes["daemon"] = self._start("dagster._daemon", "run", "-w", workspace)

    def kill_daemon(self) -> None:
        """SIGKILL for the daemon; runs go on."""
        self._kill("daemon")

    def kill(self) -> None:
        """SIGKILL for all of Dagster, its runs included."""
        for name in [*self._processes]:
            self._kill(name)

    def until_at_work(self) -> None:
        """Wait until a run is in a store."""
        with self._world.postgres() as session:
            self._until(lambda: session.execute(_AT_WORK).fetchone() != (0,), _START_SECONDS)

    def unfinished(self, launched: Launched) -> bool:
        """Whether something of it is still to be done."""
        runs = self._runs(launched)
        return not runs or not ENDED.issuperset(runs)

    def until_finished(self, launched: Launched) -> bool:
        """Whether it comes to an end."""
        return self._until(lambda: not self.unfinished(launched), _FINISH_SECONDS)

    def settle(self) -> bool:
        """Force what was launched to an end, as a person would; whether it has left the stores."""
        if not self._unsettled or "webserver" not in self._processes:
            return True
        self._unsettled = False
        open_runs = [run for run, status in self._ui.runs().items() if status not in ENDED]
        if open_runs:
            self._ui.terminate(open_runs, force=True)
        for backfill in self._ui.open_backfills():
            self._ui.cancel(backfill)
        with self._world.postgres() as session:
            return self._until(lambda: session.execute(_AT_WORK).fetchone() == (0,), 30)

    def _up(self) -> None:
        alive = all(
            name in self._processes and self._processes[name].poll() is None
            for name in ("code", "webserver")
        )
        if not (alive and self._ui.loaded):
            self.kill()
            ports = {"code": free_port(), "webserver": free_port()}
            self._workspace(ports["code"])
            self._processes["code"] = self._start(
                "dagster", "api", "grpc", "-m", "metric_assets.definitions", "-h", "127.0.0.1",
                "-p", str(ports["code"]), "--location-name", "metric_assets",
            )  # fmt: skip
            # The webserver asks for the location once, when it starts.
            assert self._until(lambda: _listens(ports["code"]), _START_SECONDS)
            self._processes["webserver"] = self._start(
                "dagster_webserver", "-w", str(self._home / "workspace.yaml"),
                "-h", "127.0.0.1", "-p", str(ports["webserver"]),
            )  # fmt: skip
            self._ui = Ui(f"http://127.0.0.1:{ports['webserver']}")
            assert self._until(lambda: self._ui.loaded, _START_SECONDS), "the webserver"
        self.settle()

    def _workspace(self, port: int) -> None:
        place = {"host": "127.0.0.1", "port": port, "location_name": "metric_assets"}
        text = json.dumps({"load_from": [{"grpc_server": place}]})
        (self._home / "workspace.yaml").write_text(text)

    def _runs(self, launched: Launched) -> list[str]:
        if launched.backfill:
            return [*self._ui.runs_of(launched.backfill).values()]
        found = self._ui.runs(runIds=list(launched.runs))
        return [found.get(run, "") for run in launched.runs]

    def _start(self, module: str, *arguments: str) -> subprocess.Popen[bytes]:
        with (self._home / f"{module}.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", module, *arguments],
                env={**os.environ, **self.environ(next(iter(TABLES)))}, cwd=self._world.home,
                stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip

    def _kill(self, name: str) -> None:
        process = self._processes.pop(name, None)
        if process is not None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def _storage(self) -> psycopg.Connection[Any]:
        return psycopg.connect(self._world.endpoints.dagster_postgres_url, autocommit=True)

    def _until(self, condition: Callable[[], bool], seconds: float) -> bool:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            with suppress(OSError):
                if condition():
                    return True
            time.sleep(0.1)
        return False


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0
