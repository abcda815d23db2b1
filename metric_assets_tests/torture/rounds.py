"""The rounds: which fault strikes where, and what has to hold afterwards.

Belongs here: the list of faults, one round from drift to verdict, the backfill that mends. Does not
belong here: how a child strikes (child) or how damage is found (world, live).
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from metric_assets.catalog import SCANS
from metric_assets.errors import MetricAssetsError
from metric_assets.pipeline import Stores, materialize
from metric_assets.ranges import IdRange
from metric_assets.stores.clickhouse import ClickHouse
from metric_assets.stores.postgres import Postgres
from metric_assets.stores.target import ClickHouseTarget
from metric_assets_tests.conventions.files import ROOT
from metric_assets_tests.torture.child import Point, kill
from metric_assets_tests.torture.live import Live
from metric_assets_tests.torture.world import CASES, CUTOFF, RANGES, TABLES, Case, Damage, World

#: A child that has not ended by then hangs.
CHILD_SECONDS = 60
#: How long the mending backfill tries again after an error that time can heal.
MEND_SECONDS = 30


@dataclass(frozen=True)
class Fault:
    """What happens to a backfill: ``victim`` is killed at ``point``, or at random if there is none.

    ``kind`` other than ``kill``: ``race`` (two children at once), ``stall`` (stopped at the point,
    woken after another backfill has finished), ``command`` (the command line, killed at random).
    """

    name: str
    point: Point | None = None
    victim: str = "client"
    drift: str = "any"
    kind: str = "kill"
    table: str = ""


def _named(name: str, step: str, when: str, drift: str = "any", **more: Any) -> Fault:
    table, victim = more.pop("table", ""), more.pop("victim", "client")
    return Fault(name, Point(step, when, **more), victim, drift, table=table)


_STEPS = (
    ("while reading", "read", "before", "any", 3),
    ("after the read", "read/end", "before", "any", 1),
    ("during the first insert into the stage", "insert", "during", "any", 1),
    ("between chunks", "insert", "after", "any", 2),
    ("after the stage, before the plan", "clickhouse/stage_summary", "after", "any", 1),
    ("during the difference", "clickhouse/difference", "during", "differs", 1),
    ("before the handover", "clickhouse/attach", "before", "empty", 1),
    ("during the handover", "clickhouse/attach", "during", "empty", 1),
    ("after the handover, before the read-back", "clickhouse/attach", "after", "empty", 1),
    ("during the insert of one metric of several", "clickhouse/publish", "during", "partial", 1),
    ("during the insert of a difference", "clickhouse/insert_missing", "during", "differs", 1),
    ("between insert and delete", "clickhouse/insert_missing", "after", "differs", 1),
    ("before the delete, surplus known", "clickhouse/remove", "before", "differs", 1),
    ("during the delete", "clickhouse/remove", "during", "differs", 1),
    ("between apply and read-back", "clickhouse/remove", "after", "differs", 2),
    ("after the read-back, not yet recorded", "clickhouse/scope_summary", "after", "differs", 2),
    ("between two drops of private tables", "clickhouse/drop", "after", "differs", 1),
)
_SERVER_STEPS = {
    "clickhouse": ("insert", "between", "difference", "handover", "delete", "read-back"),
    "postgres": ("while reading", "between chunks", "before the handover", "before the delete"),
}

FAULTS: tuple[Fault, ...] = (
    *(_named(name, step, when, drift, nth=nth) for name, step, when, drift, nth in _STEPS),
    _named("between two partitions handed over", "clickhouse/attach", "after", "empty", nth=4,
           table="monthlyEvents"),
    *(
        _named(f"{victim}: {name}", step, when, drift, nth=nth, victim=victim)
        for victim, words in _SERVER_STEPS.items()
        for name, step, when, drift, nth in _STEPS
        if any(word in name for word in words)
    ),
    *[Fault("at a random time")] * 6,
    *[Fault("clickhouse: at a random time", victim="clickhouse")] * 3,
    *[Fault("postgres: at a random time", victim="postgres")] * 2,
    *[Fault("two backfills at once", kind="race", victim="none")] * 3,
    *[Fault("two backfills at once, one killed", kind="race")] * 2,
    Fault("stalled before the handover, woken after the retry",
          Point("clickhouse/attach"), "none", "empty", "stall"),
    Fault("stalled before a difference is written, woken after the retry",
          Point("clickhouse/insert_missing"), "none", "differs", "stall"),
    Fault("stalled before the delete, woken after the retry",
          Point("clickhouse/remove"), "none", "differs", "stall"),
    Fault("command line: at a random time", kind="command", table="ownEvents"),
)  # fmt: skip


@dataclass
class Verdict:
    """What came of a round."""

    fault: str
    case: str
    table: str
    drift: str
    struck: bool = False
    tries: int = 1
    seconds: float = 0.0
    hung: bool = False
    said: list[dict[str, Any]] = field(default_factory=list)
    damage: Damage = field(default_factory=Damage)

    @property
    def clean(self) -> bool:
        """Whether the promise held."""
        return self.damage.clean and not self.hung

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return asdict(self) | {"clean": self.clean}


class Child:
    """A process that waits for its order, so that importing does not stand in the round's way."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "metric_assets_tests.torture.child"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.said: list[dict[str, Any]] = []

    def order(self, order: dict[str, Any]) -> None:
        """Let it work."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()

    def until_struck(self) -> bool:
        """Read what it says until its trap strikes; False if it ended before."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said.append(json.loads(line))
            if "struck" in self.said[-1]:
                return True
        return False

    def end(self) -> bool:
        """Wait for its end; False if it had to be killed."""
        try:
            rest, _ = self.process.communicate(timeout=CHILD_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGABRT)
            self.process.communicate()
            return False
        finally:
            for stream in (self.process.stdin, self.process.stdout):
                if stream is not None:
                    with suppress(OSError):
                        stream.close()
        for line in rest.splitlines():
            with suppress(ValueError):  # A kill can cut a line.
                self.said.append(json.loads(line))
        return True

    def kill(self) -> None:
        """SIGKILL."""
        self.process.kill()

    @property
    def done(self) -> set[str]:
        """Ranges it says are materialized."""
        return {fact["done"] for fact in self.said if "done" in fact}


class Torture:
    """Rounds over one world."""

    def __init__(self, world: World, seed: int) -> None:
        self.world = world
        self.live = Live(world)
        self._chance = random.Random(seed)  # noqa: S311 - repeatable, not secret.
        self._ready: list[Child] = []
        self._filled: set[tuple[str, str]] = set()

    def __enter__(self) -> Torture:
        self.live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.live.end()
        for child in self._ready:
            child.kill()
            child.end()

    def run(self, rounds: int, faults: Sequence[Fault] = FAULTS) -> Iterator[Verdict]:
        """Rounds, all faults in turn, shuffled."""
        schedule: list[Fault] = []
        for _ in range(rounds):
            if not schedule:
                schedule = self._chance.sample(faults, len(faults))
            yield self.round(schedule.pop())

    def round(self, fault: Fault) -> Verdict:
        """Drift, strike, look at what was said to be done, mend, look again."""
        began = time.monotonic()
        drift = fault.drift
        if drift == "any":
            drift = self._chance.choice(("empty", "differs", "differs", "level"))
        cases = [case for case in CASES if drift != "partial" or len(case.metrics) > 1]
        case = self._chance.choice(cases)
        table = fault.table or self._chance.choice([*TABLES])
        verdict = Verdict(fault.name, case.scan, table, drift)
        self.live.at = case, table
        if (case.scan, table) not in self._filled and drift != "empty":
            self._mend(case, table, verdict)
        self._filled.add((case.scan, table))
        self.world.drift(case, table, drift, self._chance)
        done = getattr(self, f"_{fault.kind}")(fault, case, table, verdict)
        self.world.up()
        verdict.damage = self.world.damage(case, table, done)
        self._mend(case, table, verdict)
        self._look(case, table, verdict)
        verdict.seconds = round(time.monotonic() - began, 2)
        return verdict

    def _kill(self, fault: Fault, case: Case, table: str, verdict: Verdict) -> set[str]:
        child = self._child()
        order = self._order(case, table, fault.point)
        child.order({**order, **self.world.victims(fault.victim)})
        if fault.point is None:
            time.sleep(self._chance.uniform(0.0, 1.2))
            # Sessions come and go: those of this very moment.
            others = [] if fault.victim == "client" else self.world.processes(fault.victim)
            kill(others or [child.process.pid])
        verdict.hung = not child.end()
        verdict.said = child.said
        verdict.struck = any("struck" in fact for fact in child.said) or (
            fault.point is None and not any("finished" in fact for fact in child.said)
        )
        return child.done

    def _race(self, fault: Fault, case: Case, table: str, verdict: Verdict) -> set[str]:
        children = [self._child(), self._child()]
        for child in children:
            child.order(self._order(case, table, None))
            time.sleep(self._chance.choice((0.0, 0.05, 0.3)))
        if fault.victim == "client":
            time.sleep(self._chance.uniform(0.0, 0.8))
            self._chance.choice(children).kill()
        ends = [child.end() for child in children]
        verdict.hung = not all(ends)
        verdict.said = [fact for child in children for fact in child.said]
        ended = sum("finished" in fact or "failed" in fact for fact in verdict.said)
        met = any("BusyError" in fact.values() for fact in verdict.said)
        verdict.struck = ended < len(children) if fault.victim == "client" else met
        return children[0].done | children[1].done

    def _stall(self, fault: Fault, case: Case, table: str, verdict: Verdict) -> set[str]:
        child = self._child()
        child.order({**self._order(case, table, fault.point), "stop": True})
        verdict.struck = child.until_struck()
        with self.world.postgres() as session:
            session.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE application_name = 'metric_assets:lock'"
            )
        self._mend(case, table, verdict)
        child.process.send_signal(signal.SIGCONT)
        verdict.hung = not child.end()
        verdict.said = child.said
        # Nothing has drifted since the retry: whatever the woken child did, all is to be right.
        return set(RANGES)

    def _command(self, fault: Fault, case: Case, table: str, verdict: Verdict) -> set[str]:
        del fault
        arguments = [sys.executable, "-c", "from metric_assets.cli import main; main()", "backfill"]
        pairs = [f"{case.entity}/{metric}" for metric in case.metrics]
        size = {case.entity: {"size": 100, "stop": 300}}
        dagster_home = self.world.home / "dagster"
        dagster_home.mkdir(exist_ok=True)
        shutil.copy(ROOT / "dagster.yaml", dagster_home)
        environ = {
            **os.environ,
            "METRIC_ASSETS_HOME": str(self.world.home),
            "DAGSTER_HOME": str(dagster_home),
            "METRIC_ASSETS_POSTGRES_URL": self.world.endpoints.postgres_url,
            "METRIC_ASSETS_CLICKHOUSE_URL": self.world.endpoints.clickhouse_url,
            "METRIC_ASSETS_DAGSTER_POSTGRES_URL": self.world.endpoints.dagster_postgres_url,
            "METRIC_ASSETS_TARGET_TABLE": table,
            "METRIC_ASSETS_CUTOFF": CUTOFF,
            "METRIC_ASSETS_RANGES": json.dumps(size),
        }
        process = subprocess.Popen(
            [*arguments, *pairs], env=environ, cwd=self.world.home,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        with suppress(subprocess.TimeoutExpired):
            process.wait(self._chance.uniform(3.0, 9.0))
        verdict.struck = process.poll() is None
        process.kill()
        process.wait()
        return set()

    def _child(self) -> Child:
        while len(self._ready) < 3:
            self._ready.append(Child())
        return self._ready.pop(0)

    def _order(self, case: Case, table: str, point: Point | None) -> dict[str, Any]:
        struck = asdict(point) if point else None
        if struck and struck["when"] == "during":
            struck["delay"] = self._chance.uniform(0.0, 0.02)
        return {
            "postgres": self.world.endpoints.postgres_url,
            "clickhouse": self.world.endpoints.clickhouse_url,
            "table": table,
            "scan": case.scan,
            "metrics": case.metrics,
            "ranges": RANGES,
            "cutoff": CUTOFF,
            "point": struck,
        }

    def _mend(self, case: Case, table: str, verdict: Verdict) -> None:
        """One more backfill, tried again as Dagster does while the error is one that passes."""
        scan = next(scan for scan in SCANS if scan.name == case.scan)
        pairs = [pair for pair in scan.pairs if pair.metric in case.metrics]
        deadline = time.monotonic() + MEND_SECONDS
        verdict.tries = 0
        with (
            closing(Postgres(self.world.endpoints.postgres_url)) as source,
            closing(ClickHouse(self.world.endpoints.clickhouse_url)) as store,
        ):
            target = ClickHouseTarget(store, table)
            stores = Stores(source, target, source)
            cutoff = datetime.fromisoformat(CUTOFF)
            for key in RANGES:
                while True:
                    verdict.tries += 1
                    try:
                        materialize(scan, pairs, IdRange.parse(key), cutoff, stores,
                                    max_removed_share=1.0)  # fmt: skip
                        break
                    except MetricAssetsError as error:
                        if not error.transient or time.monotonic() > deadline:
                            raise
                        time.sleep(0.1)

    def _look(self, case: Case, table: str, verdict: Verdict) -> None:
        after = self.world.damage(case, table)
        verdict.damage.lost += after.lost
        verdict.damage.doubled += after.doubled
        verdict.damage.live = self.live.damage(table)
        verdict.damage.debris = self.world.debris(table)
