"""Runs over two Celery workers with Redis between them: each a process of its own, one is killed."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml
from celery import Celery
from dagster_celery.tags import DAGSTER_CELERY_TASK_ID_TAG as TASK_TAG

from metric_assets_tests.conventions.files import ROOT
from metric_assets_tests.integration.local_fixtures import eventually, free_port, own_folder
from metric_assets_tests.torture.cases import REACTIONS, TABLES
from metric_assets_tests.torture.damage import Damage, damage_of, leftovers_of
from metric_assets_tests.torture.graphql import ENDED
from metric_assets_tests.torture.managed import Dagster
from metric_assets_tests.torture.world import World

pytestmark = [pytest.mark.end_to_end, pytest.mark.integration]

#: The variables that deploy/celery/dagster.yaml names.
BROKER, BACKEND = "DAGSTER_CELERY_BROKER_URL", "DAGSTER_CELERY_BACKEND_URL"
REDIS = shutil.which("redis-server")
TARGET = next(iter(TABLES))
PAIRS = [f"{REACTIONS.entity}/{metric}" for metric in REACTIONS.metrics]
#: The ranges of the entity that hold ids; each is launched as a run.
RANGES = ("0-74", "75-149", "150-224", "225-299")
WORKERS = ("one", "two")


class Spread(Dagster):
    """Dagster as deploy/celery has it; only how often it looks is made quicker."""

    def environ(self, table: str) -> dict[str, str]:
        """Variables of its processes, and of workers."""
        grid = {REACTIONS.entity: {"size": 75, "stop": 300}}
        return {**super().environ(table), "METRIC_ASSETS_RANGES": json.dumps(grid)}

    def begin(self) -> None:
        """Storage, code server, webserver and daemon, with deploy/celery/dagster.yaml."""
        config = yaml.safe_load((ROOT / "deploy/celery/dagster.yaml").read_text(encoding="utf-8"))
        config["run_monitoring"]["poll_interval_seconds"] = 1
        config["run_queue"] = {"dequeue_interval_seconds": 1}
        self.home.mkdir()
        (self.home / "dagster.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
        assert self._start("dagster", "instance", "info").wait(120) == 0

    @property
    def home(self) -> Path:
        """DAGSTER_HOME."""
        return self._home

    def launch_each(self, ranges: Sequence[str]) -> None:
        """Launch each range as a run of its own."""
        self._up()
        for key in ranges:
            self._ui.materialize(PAIRS, key)

    def known(self) -> set[str]:
        """All runs so far."""
        self._up()
        return set(self.statuses())

    def statuses(self) -> dict[str, str]:
        """All runs, retries too."""
        return self._ui.runs()

    def terminate(self, run: str) -> None:
        """The UI's "Terminate"."""
        self._ui.terminate([run])

    def workers(self) -> dict[str, str]:
        """Which worker has begun which run; what Celery knows of the task."""
        with self._storage() as session:
            rows = session.execute("SELECT run_id, value FROM run_tags WHERE key = %s", [TASK_TAG])
            tasks = dict(rows.fetchall())
        results = Celery(backend=os.environ[BACKEND]).backend
        begun = {run: results.get_task_meta(task) for run, task in tasks.items()}
        return {
            run: meta["result"]["hostname"].partition("@")[0]
            for run, meta in begun.items()
            if meta["status"] == "STARTED"
        }


class Fleet:
    """Redis and the workers, ended at the end."""

    def __init__(self, folder: Path, dagster: Spread) -> None:
        self._folder = folder
        self._env = {**os.environ, **dagster.environ(TARGET)}
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def redis(self) -> None:
        """Start the broker, in memory only."""
        assert REDIS is not None
        port = urlsplit(os.environ[BROKER]).port
        assert port is not None
        options = ("--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no")
        self._start("redis", REDIS, *options)
        assert eventually(lambda: _listens(port))

    def work(self, name: str) -> None:
        """Start a worker that executes one run at a time."""
        module = "metric_assets.orchestration.celery_worker"
        options = ("--concurrency=1", f"--hostname={name}@%h")
        self._start(name, sys.executable, "-m", module, *options)

    def ready(self, name: str) -> bool:
        """Whether a worker takes runs."""
        return b" ready." in (self._folder / f"{name}.log").read_bytes()

    def kill(self, name: str) -> None:
        """SIGKILL for a process and all that it forked, as when its machine dies."""
        process = self._processes.pop(name)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def stop(self) -> None:
        """End what is left."""
        for name in [*self._processes]:
            self.kill(name)

    def _start(self, name: str, *command: str) -> None:
        with (self._folder / f"{name}.log").open("wb") as log:
            self._processes[name] = subprocess.Popen(
                command, env=self._env, cwd=self._folder, stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    """Both stores with a source, and the broker's address in the environment."""
    if REDIS is None:
        pytest.skip("no Redis here; Debian's package redis-server has it")
    port = free_port()
    with own_folder() as home, pytest.MonkeyPatch.context() as patch:
        for name in (BROKER, BACKEND):
            patch.setenv(name, f"redis://127.0.0.1:{port}/0")
        made = World(home, free_port(), rows=3_000)
        try:
            yield made
        finally:
            made.down()


@pytest.fixture(scope="module")
def dagster(world: World) -> Iterator[Spread]:
    """Dagster's own processes; the daemon is started by whoever needs it."""
    made = Spread(world)
    try:
        made.begin()
        yield made
    finally:
        made.kill()


@pytest.fixture(scope="module")
def fleet(world: World, dagster: Spread) -> Iterator[Fleet]:
    """The broker and two workers that are ready."""
    made = Fleet(world.home, dagster)
    try:
        made.redis()
        for name in WORKERS:
            made.work(name)
        assert eventually(lambda: all(map(made.ready, WORKERS)), 120)
        yield made
    finally:
        made.stop()


@pytest.mark.promise(
    "Runs spread over workers on several machines; where one dies, its run is begun again elsewhere, and every range is exact.",
    when="two Celery workers, one killed while it reads",
    area="kills",
)
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_killed_workers_range_is_loaded_by_the_other(
    world: World, dagster: Spread, fleet: Fleet
) -> None:
    """An entity's ranges are runs of two workers; one is killed in the middle of two ranges at once.

    Nobody does anything about it: the run is given up, begun again by the other, all are exact.
    """
    dagster.launch_each(RANGES)
    with _source_held(world):
        dagster.start_daemon()
        assert eventually(lambda: set(dagster.workers().values()) == set(WORKERS), 120)
        assert eventually(lambda: _waiting(world) == len(WORKERS), 60)
        (victim,) = (run for run, name in dagster.workers().items() if name == "one")
        fleet.kill("one")
    assert eventually(lambda: _settled(dagster), 240), _said(world)
    ended = dagster.statuses()
    assert ended.pop(victim) == "FAILURE"
    assert set(ended.values()) == {"SUCCESS"}
    assert len(ended) == len(RANGES)
    assert damage_of(world, REACTIONS, TARGET) == Damage()
    assert leftovers_of(world, TARGET) == []


def test_a_terminated_run_of_a_worker_is_canceled(
    world: World, dagster: Spread, fleet: Fleet
) -> None:
    """The UI's "Terminate" reaches the worker: the run cleans up, is canceled, and not begun again."""
    del fleet
    before = dagster.known()
    with _source_held(world):
        dagster.launch_each(RANGES[:1])
        dagster.start_daemon()
        (run,) = set(dagster.statuses()) - before
        assert eventually(lambda: _waiting(world) == 1, 120), _said(world)
        dagster.terminate(run)
        assert eventually(lambda: dagster.statuses()[run] == "CANCELED", 60), _said(world)
        assert leftovers_of(world, TARGET) == []
    assert set(dagster.statuses()) - before == {run}


def _settled(dagster: Spread) -> bool:
    """One run more than ranges, all at their end."""
    known = dagster.statuses()
    return len(known) == len(RANGES) + 1 and ENDED.issuperset(known.values())


@contextmanager
def _source_held(world: World) -> Iterator[None]:
    """Within, whoever reads the source has to wait: a worker is in the middle of its range."""
    with world.postgres() as session, session.transaction():
        session.execute('LOCK TABLE "ImageReaction" IN ACCESS EXCLUSIVE MODE')
        yield


def _waiting(world: World) -> int:
    """How many runs wait for the source."""
    with world.postgres() as session:
        row = session.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'metric_assets:%'"
            " AND datname = current_database() AND wait_event_type = 'Lock'"
        ).fetchone()
    assert row is not None
    return int(row[0])


def _said(world: World) -> str:
    """The ends of all logs, for a test that fails."""
    logs = sorted([*world.home.glob("*.log"), *(world.home / "dagster").glob("*.log")])
    ends = (f"{log.name}:\n{log.read_text(errors='replace')[-3_000:]}" for log in logs)
    return "\n".join(ends)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
