"""A day in a folder of its own: the embedded stack, a small demo, and commands as people type them.

Belongs here: how a fresh process is started and what surrounds it. Does not belong here: a promise.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from metric_assets_tests.documents import hold
from metric_assets_tests.integration.local_fixtures import free_port, own_folder

BIN = Path(sys.executable).parent
#: Passwords in the stores' URLs; neither store asks for one, so any will do.
SECRETS = {"postgres": "pg-s3cr3t-7f1", "clickhouse": "ch-s3cr3t-9b2"}


@dataclass
class Day:
    """A working folder with a running stack; ``env`` is all that its commands are given."""

    folder: Path
    env: dict[str, str]

    def run(self, *command: str, timeout: int = 300) -> subprocess.CompletedProcess[str]:
        """Run a command of this environment in the folder, in a fresh process."""
        return subprocess.run(
            [str(BIN / command[0]), *command[1:]],
            cwd=self.folder,
            env=self.env,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    def json(self, *command: str) -> tuple[int, Any]:
        """Run a command with --json: its exit code and its one document."""
        done = self.run(*command, "--json")
        assert done.stdout, done.stderr
        document = json.loads(done.stdout)
        hold(command[1], document)
        return done.returncode, document

    def elsewhere(self, **variables: str) -> Day:
        """The same stack seen from a folder without a .env, as a shell of production would be."""
        folder = self.folder / "elsewhere"
        folder.mkdir(exist_ok=True)
        for name in ("dagster.yaml", "workspace.yaml"):
            if not (folder / name).exists():
                (folder / name).symlink_to(self.folder / name)
        return Day(folder, {**self.env, **self.variables(), **variables})

    def variables(self) -> dict[str, str]:
        """What `metric-assets local env` exports."""
        lines = self.run("metric-assets", "local", "env").stdout.splitlines()
        pairs = (line.removeprefix("export ").split("=", 1) for line in lines)
        return {name: shlex.split(value)[0] for name, value in pairs}

    def url(self, name: str) -> str:
        """A URL of the stack."""
        return self.variables()[name]

    def postgres(self, statement: str) -> list[tuple[Any, ...]]:
        """Run SQL at the source."""
        with psycopg.connect(self.url("METRIC_ASSETS_POSTGRES_URL"), autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return list(cursor.fetchall()) if cursor.description else []

    def clickhouse(self, statement: str) -> list[tuple[Any, ...]]:
        """Run SQL in the target's server."""
        import clickhouse_connect

        client = clickhouse_connect.get_client(dsn=self.url("METRIC_ASSETS_CLICKHOUSE_URL"))
        return [tuple(row) for row in client.query(statement).result_rows]

    def ranges(self, entity: str) -> list[str]:
        """Partition keys of an entity."""
        grid = json.loads((self.folder / ".metric_assets/ranges.json").read_text())[entity]
        size = grid["size"]
        return [f"{start}-{start + size - 1}" for start in range(0, grid["stop"], size)]


@pytest.fixture(scope="session")
def day() -> Iterator[Day]:
    """The stack up and 20,000 events' worth of sources seeded; nothing loaded yet."""
    with own_folder() as folder:
        project = Path(__file__).parents[2]
        env = {
            "HOME": str(folder / "home"),
            # This tree, wherever the installed commands would find the package.
            "PYTHONPATH": str(project),
            "PATH": f"{BIN}:{os.environ['PATH']}",
            "LANG": "C.UTF-8",
        }
        (folder / "home").mkdir()
        for name in ("dagster.yaml", "workspace.yaml"):
            (folder / name).symlink_to(project / name)
        today = Day(folder, env)
        try:
            up = today.run("metric-assets", "local", "up", "--port", str(free_port()))
            assert up.returncode == 0, up.stderr
            seeded = today.run("metric-assets", "local", "seed", "--scale", "20000")
            assert seeded.returncode == 0, seeded.stderr
            _widen(folder / ".metric_assets/ranges.json")
            yield today
        finally:
            today.run("metric-assets", "local", "down")


def _widen(file: Path) -> None:
    """Three ranges an entity instead of the demo's eight: enough for every border, less to wait."""
    grids = json.loads(file.read_text())
    wide = {
        name: {"size": -(-grid["stop"] // 3), "stop": grid["stop"]} for name, grid in grids.items()
    }
    file.write_text(json.dumps(wide))
