"""What an audit costs beside a first load: in sync, and with a few keys that differ.

Belongs here: processor seconds of all who work (this process, Postgres, ClickHouse), what is written
to ClickHouse, and the memory of its largest statement. Does not belong here: how it is shown (page).
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path

from metric_assets.catalog import PAIRS, SCAN_OF
from metric_assets.live import LiveRules
from metric_assets.pipeline import materialize
from metric_assets.ranges import IdRange
from metric_assets_tests.benchmarks.measures import REACTIONS, Figure, clear, say, settle
from metric_assets_tests.benchmarks.world import EVENTS_AN_IMAGE, World
from metric_assets_tests.integration.platforms import TARGET, doors

_TICKS = os.sysconf("SC_CLK_TCK")
#: One key in so many differs.
ONE_IN = 1_000


@dataclass
class Cost:
    """Processor seconds and wall seconds of one measure, and what ClickHouse says of it."""

    cpu: list[float] = field(default_factory=list)
    wall: list[float] = field(default_factory=list)
    written: list[int] = field(default_factory=list)
    peak_mib: list[float] = field(default_factory=list)


class Audits:
    """A world of ``events`` on each side: half of them before the cutoff, half live."""

    def __init__(self, world: World, events: int) -> None:
        self._world = world
        self._ids = IdRange(0, events // EVENTS_AN_IMAGE)
        rows = events // 2
        # Reactions are three seconds apart: half of them lie before this instant.
        self._cutoff = datetime(2023, 1, 1, tzinfo=timezone.utc) + timedelta(seconds=3 * rows // 2)
        self._pairs = [PAIRS[key] for key in REACTIONS]
        self._scan = SCAN_OF[REACTIONS[0]]

    def measure(self, rounds: int) -> dict[str, Cost]:
        """First load, audit in sync, audit with one key in a thousand differing; in turn."""
        self._make_live()
        found = {name: Cost() for name in ("first load", "audit in sync", "audit, 0.1 % differ")}
        for _ in range(rounds):
            self._prepare("createdAt < {0}")
            self._one(found["first load"], lambda: self._load(dry_run=False))
            self._one(found["audit in sync"], lambda: self._load(dry_run=True))
            self._prepare(
                f"createdAt < {{0}} AND cityHash64(entityId, userId, metricType) % {ONE_IN} = 0"
            )
            self._one(found["audit, 0.1 % differ"], lambda: self._load(dry_run=True))
        return found

    def _make_live(self) -> None:
        """Everything as events of the platform, by a load with a cutoff beyond all of it."""
        clear(self._world.source)
        self._load(dry_run=False, cutoff=datetime(2025, 10, 1, tzinfo=timezone.utc))

    def _load(self, *, dry_run: bool, cutoff: datetime | None = None) -> None:
        stores = doors(self._world.source).stores(self._scan)
        materialize(
            self._scan,
            self._pairs,
            self._ids,
            cutoff or self._cutoff,
            stores,
            max_removed_share=1.0,
            live=LiveRules(),
            dry_run=dry_run,
        )

    def _prepare(self, where: str) -> None:
        """Take events away."""
        at = f"toDateTime64('{self._cutoff:%Y-%m-%d %H:%M:%S}', 3, 'UTC')"
        self._world.source.command(f"DELETE FROM {TARGET} WHERE {where.format(at)}")
        settle(self._world.source)

    def _one(self, cost: Cost, work: Callable[[], None]) -> None:
        cpu, wall, written = self._cpu(), time.perf_counter(), self._written()
        work()
        cost.cpu.append(self._cpu() - cpu)
        cost.wall.append(time.perf_counter() - wall)
        cost.written.append(self._written() - written)
        say(f"{cost.cpu[-1]:.2f} CPU s, {cost.wall[-1]:.2f} s, {cost.written[-1]:,} bytes written")

    def _written(self) -> int:
        found = self._world.source.query(
            "SELECT toInt64(sum(bytes_on_disk)) FROM system.parts WHERE database = currentDatabase()"
        )
        return int(found[0][0] or 0)

    def _cpu(self) -> float:
        """Processor seconds of this process and of the stack's, of those that have ended as well."""
        own = os.times()
        return own.user + own.system + sum(map(_seconds, _stack(self._world.home)))


def ratio(found: dict[str, Cost], name: str) -> Figure:
    """Processor seconds over those of a first load, round by round."""
    first = Figure(tuple(found["first load"].cpu))
    return Figure(tuple(found[name].cpu)).over(first)


def _stack(home: Path) -> set[int]:
    """The stack's processes: those that name its home, and their children."""
    parents: dict[int, int] = {}
    found: set[int] = set()
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            line = (entry / "cmdline").read_bytes().decode(errors="replace")
            parents[int(entry.name)] = int(_stat(int(entry.name))[1])
        except OSError:
            continue
        if str(home) in line:
            found.add(int(entry.name))
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def _seconds(pid: int) -> float:
    try:
        stat = _stat(pid)
    except OSError:
        return 0.0
    # Fields 14 to 17: its own, and those of children that were waited for.
    return sum(map(int, stat[11:15])) / _TICKS


def _stat(pid: int) -> list[str]:
    """Fields of /proc/pid/stat from the third on."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
