"""What an audit costs beside a first load: in sync, with a few keys that differ, and where something
was withdrawn since the load.

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

from metric_assets.catalog import CATALOG
from metric_assets.live import LiveRules
from metric_assets.load.pipeline import materialize
from metric_assets.load_result import LoadResult
from metric_assets.ranges import IdRange
from metric_assets_tests.benchmarks.measures import REACTIONS, Figure, clear, say, settle
from metric_assets_tests.benchmarks.world import EVENTS_AN_IMAGE, World
from metric_assets_tests.integration.platforms import TARGET, stores_of

_TICKS = os.sysconf("SC_CLK_TCK")
#: One key in so many differs.
ONE_IN = 1_000


#: Above the numbers of users.
_USERS = 20_000_000
#: What is measured, in turn.
FIRST, SYNC, DIFFER, WITHDRAWN = (
    "first load",
    "audit in sync",
    "audit, 0.1 % of keys differ",
    "audit, 1 % of keys withdrawn since the load",
)
#: One key in so many was withdrawn: its +1 is kept below the cutoff, its -1 is live.
WITHDRAWN_ONE_IN = 100


@dataclass
class Cost:
    """Processor seconds and wall seconds of one measure, round by round, and what ClickHouse says of
    its statements: bytes written to any table, private ones too, and MiB of the largest one.
    """

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
        self._pairs = [CATALOG.pairs[key] for key in REACTIONS]
        self._scan = CATALOG.scan[REACTIONS[0]]

    def measure(self, rounds: int) -> dict[str, Cost]:
        """First load, audit in sync, audits of what differs and of what was withdrawn; in turn."""
        self._make_live()
        found = {name: Cost() for name in (FIRST, SYNC, DIFFER, WITHDRAWN)}
        for _ in range(rounds):
            self._prepare("createdAt < {cutoff}")
            self._one(found[FIRST], lambda: self._load(dry_run=False))
            self._one(found[SYNC], self._audit)
            self._withdraw()
            self._one(found[WITHDRAWN], self._audit)
            self._prepare("userId >= {users}")
            self._prepare(
                f"createdAt < {{cutoff}} AND cityHash64(entityId, userId, metricType) % {ONE_IN} = 0"
            )
            self._one(found[DIFFER], lambda: self._load(dry_run=True))
        return found

    def _make_live(self) -> None:
        """Everything as events of the platform, by a load with a cutoff beyond all of it."""
        clear(self._world.source)
        self._load(dry_run=False, cutoff=datetime(2025, 10, 1, tzinfo=timezone.utc))

    def _audit(self) -> None:
        """An audit that must find nothing."""
        load_results = self._load(dry_run=True)
        assert not any(one.inserted or one.removed or one.live.drift for one in load_results), (
            load_results
        )

    def _withdraw(self) -> None:
        """One key in a hundred more: given before the cutoff, taken back live, gone in the source."""
        columns = "entityType, entityId, userId, metricType, metricValue, createdAt"
        for value, at in (("1", "createdAt"), ("-1", "{cutoff} + INTERVAL 1 DAY")):
            self._command(
                f"INSERT INTO {TARGET} ({columns}) SELECT entityType, entityId, userId + {{users}},"
                f" metricType, {value}, {at} FROM {TARGET} WHERE createdAt < {{cutoff}}"
                " AND userId < {users}"
                f" AND cityHash64(entityId, userId, metricType) % {WITHDRAWN_ONE_IN} = 1"
            )
        settle(self._world.source)

    def _load(self, *, dry_run: bool, cutoff: datetime | None = None) -> list[LoadResult]:
        stores = stores_of(self._world.source).stores(self._scan)
        return materialize(
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
        self._command(f"DELETE FROM {TARGET} WHERE {where}")
        settle(self._world.source)

    def _command(self, text: str) -> None:
        at = f"toDateTime64('{self._cutoff:%Y-%m-%d %H:%M:%S}', 3, 'UTC')"
        self._world.source.command(text.format(cutoff=at, users=_USERS))

    def _one(self, cost: Cost, work: Callable[[], object]) -> None:
        # Merges of what was written before are the cost of nobody that is measured.
        settle(self._world.source)
        (began,) = self._world.source.query("SELECT toString(now64(6, 'UTC'))")[0]
        cpu, wall = self._cpu(), time.perf_counter()
        work()
        cost.cpu.append(self._cpu() - cpu)
        cost.wall.append(time.perf_counter() - wall)
        written, peak = self._logged(began)
        cost.written.append(written)
        cost.peak_mib.append(peak)
        say(
            f"{cost.cpu[-1]:.2f} CPU s, {cost.wall[-1]:.2f} s, {written:,} bytes written,"
            f" {peak:.0f} MiB at most"
        )

    def _logged(self, began: str) -> tuple[int, float]:
        """Bytes written by all statements since an instant, and MiB of the largest of them."""
        source = self._world.source
        source.command("SYSTEM FLUSH LOGS")
        ((statements, written, peak),) = source.query(
            "SELECT count(), toInt64(sum(written_bytes)), max(memory_usage) / 1048576"
            " FROM system.query_log WHERE type != 'QueryStart'"
            " AND current_database = currentDatabase()"
            f" AND query_start_time_microseconds >= toDateTime64('{began}', 6, 'UTC')"
        )
        assert statements > 1, "the engine logs no statements"
        return int(written), float(peak)

    def _cpu(self) -> float:
        """Processor seconds of this process and of the stack's, of those that have ended as well."""
        own = os.times()
        return own.user + own.system + sum(map(_seconds, _stack(self._world.home)))


def largest(found: dict[str, Cost]) -> Figure:
    """MiB of the largest statement of an audit of any kind, round by round."""
    audits = [cost.peak_mib for name, cost in found.items() if name != FIRST]
    return Figure(tuple(map(max, zip(*audits, strict=True))))


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
