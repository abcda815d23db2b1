"""One backfill in a process of its own, which strikes at a named point of its own work.

Belongs here: the production stores with a trap in front of a step, and the report of what came of
it. Does not belong here: which rounds there are (rounds) or whether the target is right (world).
"""

from __future__ import annotations

import contextlib
import faulthandler
import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from metric_assets.actor import Actor
from metric_assets.catalog import CATALOG
from metric_assets.errors import MetricAssetsError
from metric_assets.live import LiveRules
from metric_assets.load import filling
from metric_assets.load.loading import Stores
from metric_assets.load.scan_load import ScanLoad
from metric_assets.load.undo import Undo
from metric_assets.plan import RemovalGuard
from metric_assets.ranges import IdRange
from metric_assets.sql import Statement
from metric_assets.stores import postgres_reading
from metric_assets.stores.clickhouse import ClickHouse
from metric_assets.stores.ports import Binds
from metric_assets.stores.postgres import Postgres
from metric_assets.stores.postgres_reading import PostgresReading
from metric_assets.stores.repairs import Repairs
from metric_assets.stores.target import ClickHouseTarget

#: Small, so that a small partition still is several batches and chunks.
CHUNK_ROWS = 1_500
BATCH_BYTES = 16 << 10


@dataclass(frozen=True)
class Point:
    """A step of the work, as a statement's name, and when to strike: before it, after it, or
    ``delay`` seconds into it. ``nth`` counts how often the step is taken.
    """

    step: str
    when: str = "before"
    nth: int = 1
    delay: float = 0.0


@dataclass
class Trap:
    """Strikes once at its point: ends this process, or ``victims``, or all at work in ``folder``, or
    runs ``restart``, a shell command that kills a server and starts it again.
    """

    point: Point | None = None
    victims: list[int] = field(default_factory=list)
    folder: str = ""
    restart: str = ""
    stop: bool = False
    taken: int = 0

    @contextmanager
    def around(self, step: str) -> Iterator[None]:
        """Take a step."""
        point = self.point
        if point is None or step != point.step:
            yield
            return
        self.taken += 1
        mine = self.taken == point.nth
        if mine and point.when == "before":
            self.strike()
        if mine and point.when == "during":
            timer = threading.Timer(point.delay, self.strike)
            # A server that was killed is started again before this process ends.
            timer.daemon = not self.restart
            timer.start()
        yield
        if mine and point.when in {"after", "during"}:
            # A step quicker than the delay is struck at its end.
            self.strike()

    def strike(self) -> None:
        """Say so, then kill. Only once, whoever comes first."""
        with _STRIKING:
            if self.point is None:
                return
            self.point = None
            say(struck=True)
            if self.stop:
                os.kill(os.getpid(), signal.SIGSTOP)
                return
            if self.restart:
                subprocess.run(self.restart, shell=True, check=True)  # noqa: S602 - the tester's own
                return
            others = processes_in(Path(self.folder)) if self.folder else self.victims
            kill(others or [os.getpid()])


_STRIKING = threading.Lock()
_SAYING = threading.Lock()
#: Standard output as it was at the start: the harness listens there.
_HARNESS = sys.stdout


class TrappedReading:
    """A reading with a trap at its frames: ``read`` before each, ``read/end`` after the last."""

    def __init__(self, reading: PostgresReading, trap: Trap) -> None:
        self._reading = reading
        self._trap = trap

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reading, name)

    def frames(self) -> Iterator[pl.DataFrame]:
        for frame in self._reading.frames():
            with self._trap.around("read"):
                pass
            yield frame
        with self._trap.around("read/end"):
            pass


class TrappedPostgres(Postgres):
    """The store to Postgres with a trap."""

    trap: Trap

    @contextmanager
    def read(self, *asked: Any) -> Iterator[Any]:
        with super().read(*asked) as reading:
            yield TrappedReading(reading, self.trap)


class TrappedClickHouse(ClickHouse):
    """The store to ClickHouse with a trap."""

    trap: Trap

    def frame(self, statement: Statement, binds: Binds, owner: str = "") -> pl.DataFrame:
        with self.trap.around(statement.name):
            return super().frame(statement, binds, owner)

    def run(self, statement: Statement, binds: Binds, owner: str, **settings: object) -> None:
        with self.trap.around(statement.name):
            super().run(statement, binds, owner, **settings)

    def insert(self, table: str, frame: pl.DataFrame, owner: str) -> None:
        with self.trap.around("insert"):
            super().insert(table, frame, owner)


def processes_in(folder: Path) -> list[int]:
    """Processes whose working folder it is: a server and its sessions, orphaned ones too."""
    found = []
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if entry.name.isdigit() and (entry / "cwd").readlink() == folder:
                found.append(int(entry.name))
    return sorted(found)


def kill(processes: list[int]) -> None:
    """SIGKILL for all."""
    for process in processes:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)


def say(**fact: object) -> None:
    """Tell the harness."""
    with _SAYING:
        _HARNESS.write(json.dumps(fact) + "\n")
        _HARNESS.flush()


def work(order: dict[str, Any]) -> None:
    """Materialize ranges as a run does: those that are compared in memory together."""
    trap = Trap(
        Point(**order["point"]) if order.get("point") else None,
        order.get("victims", []),
        order.get("folder", ""),
        order.get("restart", ""),
        bool(order.get("stop")),
    )
    source, store = TrappedPostgres(order["postgres"]), TrappedClickHouse(order["clickhouse"])
    source.trap = store.trap = trap
    actor = Actor("child", "here", "torture", order.get("run", ""))
    repairs = Repairs(store, order["table"], 90, actor)
    target = ClickHouseTarget(
        store, order["table"], memory_rows=order["memory_rows"], repairs=repairs
    )
    if order.get("undo"):
        undo(order["undo"], target, source, repairs)
        return
    scan = next(scan for scan in CATALOG.scans if scan.name == order["scan"])
    pairs = [pair for pair in scan.pairs if pair.metric in order["metrics"]]
    load = ScanLoad(
        scan,
        datetime.fromisoformat(order["cutoff"]),
        Stores(source, target, source),
        RemovalGuard(1.0),
        lambda _pairs, _ids: {},
        LiveRules(),
        None,
        order["memory_rows"],
        1,
    )
    ranges = dict.fromkeys(map(IdRange.parse, order["ranges"]), pairs)
    try:
        load.over(ranges, _heard, _heard, lambda results: say(done=results[0].ids.key))
    except MetricAssetsError as error:
        say(failed=type(error).__name__, transient=error.transient, text=str(error)[:2000])
        return
    say(finished=True)


def _heard(_fact: object) -> None:
    """Nobody listens."""


def undo(run: str, target: ClickHouseTarget, source: Postgres, repairs: Repairs) -> None:
    """Undo a run, range after range."""
    work = Undo(target, source)
    for changed in repairs.ranges(run):
        try:
            work.run(changed)
        except MetricAssetsError as error:
            say(failed=type(error).__name__, transient=error.transient, text=str(error)[:2000])
            return
        say(done=changed.place)
    say(finished=True)


def main() -> None:
    """Wait for an order on standard input, so that harnesses can start children ahead."""
    # A child that hangs is ended by SIGABRT, and says where it hung.
    faulthandler.enable()
    # The driver logs every connection that a kill breaks.
    logging.disable(logging.CRITICAL)
    filling.CHUNK_ROWS = CHUNK_ROWS
    postgres_reading.BATCH_BYTES = BATCH_BYTES
    line = sys.stdin.readline()
    if line:
        began = time.monotonic()
        work(json.loads(line))
        say(seconds=round(time.monotonic() - began, 3))


if __name__ == "__main__":
    main()
