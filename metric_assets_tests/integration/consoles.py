"""A shell over a platform: commands in fresh processes, with a Dagster storage of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg

from metric_assets import settings as names
from metric_assets.local.stack import Endpoints
from metric_assets_tests.documents import hold
from metric_assets_tests.integration.platforms import CUTOFF, Platform

BIN = Path(sys.executable).parent
#: Three ranges of ten ids.
GRIDS = {"User": {"size": 10, "stop": 30}, "Tag": {"size": 10, "stop": 30}}


@dataclass
class Console:
    """A shell in a folder of the test's own, over its platform."""

    folder: Path
    env: dict[str, str]

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """A command of this environment in a fresh process."""
        return subprocess.run(
            [str(BIN / command[0]), *command[1:]],
            cwd=self.folder,
            env=self.env,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )

    def json(self, *command: str) -> tuple[int, Any]:
        """Exit code and document of a command of ours with --json."""
        done = self.run("metric-assets", *command, "--json")
        assert done.stdout, done.stderr
        document = json.loads(done.stdout)
        hold(command[0], document)
        return done.returncode, document

    @property
    def grids(self) -> dict[str, Any]:
        """What ranges.json says."""
        found: dict[str, Any] = json.loads((self.folder / "home" / "ranges.json").read_text())
        return found


@contextmanager
def open_console(platform: Platform, stack: Endpoints, tmp_path: Path) -> Iterator[Console]:
    """Commands over the platform, with a Dagster storage that is dropped at the end."""
    storage = f"dagster_{uuid.uuid4().hex[:12]}"
    url = urlsplit(stack.dagster_postgres_url)
    with psycopg.connect(stack.dagster_postgres_url, autocommit=True) as administrator:
        administrator.execute(f"CREATE DATABASE {storage}".encode())
        (tmp_path / "home").mkdir()
        (tmp_path / "home" / "ranges.json").write_text(json.dumps(GRIDS))
        project = Path(__file__).parents[2]
        (tmp_path / "dagster.yaml").symlink_to(project / "dagster.yaml")
        kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
        env = {
            **kept,
            "HOME": str(tmp_path),
            "LANG": "C.UTF-8",
            "DAGSTER_HOME": str(tmp_path),
            names.HOME: str(tmp_path / "home"),
            names.POSTGRES_URL: platform.postgres_url,
            names.CLICKHOUSE_URL: platform.clickhouse_url,
            names.DAGSTER_POSTGRES_URL: urlunsplit(
                url._replace(scheme="postgresql+psycopg2", path=f"/{storage}")
            ),
            names.CUTOFF: CUTOFF.isoformat(),
        }
        yield Console(tmp_path, env)
        administrator.execute(f"DROP DATABASE {storage} WITH (FORCE)".encode())
