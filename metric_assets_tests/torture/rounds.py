"""The rounds: from drift to verdict, and the backfill that repairs.

Belongs here: what happens in which order, and what has to hold afterwards. Does not belong here: how
a fault strikes (strikes) or how damage is found (damage, live).
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import datetime
from functools import partial

from metric_assets.catalog import CATALOG
from metric_assets.errors import MetricAssetsError
from metric_assets.load.loading import Stores
from metric_assets.load.pipeline import materialize
from metric_assets.ranges import IdRange
from metric_assets.stores.clickhouse import ClickHouse
from metric_assets.stores.postgres import Postgres
from metric_assets.stores.target import ClickHouseTarget
from metric_assets_tests.torture.cases import (
    CASES,
    CUTOFF,
    PATCHES,
    RANGES,
    SUMMED,
    TABLES,
    Case,
)
from metric_assets_tests.torture.damage import damage_of, leftovers_of
from metric_assets_tests.torture.faults import FAULTS, REPLICATED_FAULTS, Fault
from metric_assets_tests.torture.live import Live, counters_wrong
from metric_assets_tests.torture.managed import Dagster
from metric_assets_tests.torture.nursery import Nursery
from metric_assets_tests.torture.strikes import Attack, strike
from metric_assets_tests.torture.undoing import strike_undo
from metric_assets_tests.torture.verdict import Verdict
from metric_assets_tests.torture.world import World

__all__ = ["FAULTS", "Torture", "faults_of"]

#: How long the repairing backfill tries again after an error that time can heal.
REPAIR_SECONDS = 30
#: The same on a server that was given: a replica that comes back is read-only for a while.
REPLICA_SECONDS = 90
#: Kinds of drift to choose from: of all, and of those for which a backfill has rows to stage.
_DRIFTS = {"any": ("empty", "differs", "differs", "in sync"), "stages": ("empty", "differs")}


class Torture:
    """Rounds over one world."""

    def __init__(self, world: World, seed: int) -> None:
        self.world = world
        self.live = Live(world)
        self.dagster = Dagster(world)
        self._chance = random.Random(seed)  # noqa: S311 - repeatable, not secret.
        self._nursery = Nursery()
        self._filled: set[tuple[str, str]] = set()

    def __enter__(self) -> Torture:
        self.live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.live.end()
        self._nursery.close()
        self.dagster.kill()

    def run(self, rounds: int, faults: Sequence[Fault] = FAULTS) -> Iterator[Verdict]:
        """Rounds, all faults in turn, shuffled."""
        schedule: list[Fault] = []
        for _ in range(rounds):
            if not schedule:
                schedule = self._chance.sample(faults, len(faults))
            yield self.round(schedule.pop())

    def round(self, fault: Fault) -> Verdict:
        """Drift, strike, look at what was said to be done, repair, look again."""
        began = time.monotonic()
        drift = fault.drift
        if drift in _DRIFTS:
            drift = self._chance.choice(_DRIFTS[drift])
        cases = [case for case in CASES if drift != "partial" or len(case.metrics) > 1]
        case = self._chance.choice(cases)
        table = fault.table or self._chance.choice(tables_of(fault))
        verdict = Verdict(fault.name, case.scan, table, drift)
        self.live.at = case, table
        if (case.scan, table) not in self._filled and drift != "empty":
            self._repair(case, table, verdict)
        self._filled.add((case.scan, table))
        self.world.drift(case, table, drift, self._chance)
        repair = partial(self._repair, case, table, verdict)
        tools = (self.world, self.dagster, self._nursery, self._chance, repair)
        attack = Attack(fault, case, table, verdict, *tools)
        done = strike_undo(attack) if fault.kind == "undo" else strike(attack)
        self.world.up()
        found = damage_of(self.world, case, table, done)
        verdict.damage.lost += found.lost
        verdict.damage.doubled += found.doubled
        self._repair(case, table, verdict)
        verdict.hung |= not self.dagster.settle()
        self._look(case, table, verdict)
        verdict.seconds = round(time.monotonic() - began, 2)
        return verdict

    def _repair(self, case: Case, table: str, verdict: Verdict) -> None:
        """One more backfill, tried again as Dagster does while the error is transient."""
        scan = next(scan for scan in CATALOG.scans if scan.name == case.scan)
        pairs = [pair for pair in scan.pairs if pair.metric in case.metrics]
        patience = REPLICA_SECONDS if self.world.compensates else REPAIR_SECONDS
        deadline = time.monotonic() + patience
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
        after = damage_of(self.world, case, table)
        verdict.damage.lost += after.lost
        verdict.damage.doubled += after.doubled
        verdict.damage.live = self.live.damage(table)
        # A pair of live events is one insert: between two of them counters are right.
        self.live.at = None
        verdict.damage.counters = counters_wrong(self.world, case, table)
        verdict.damage.leftovers += leftovers_of(self.world, table)


def faults_of(world: World) -> tuple[Fault, ...]:
    """The deck for a world. A server that was given is killed only if its tester said how to start it
    again, and slowed down only where its certificate does not stand in the way.
    """
    server = world.server
    deck = REPLICATED_FAULTS if world.compensates else FAULTS
    return tuple(
        fault
        for fault in deck
        if server is None
        or (
            (fault.victim != "clickhouse" or server.restart_command)
            and not (fault.delay and server.url.startswith("https"))
        )
    )


def tables_of(fault: Fault) -> list[str]:
    """Tables whose backfills take the step at which a fault strikes.

    Nothing is deleted from a table with a view, nor attached to it. ClickHouse writes a table and
    its view one after the other: killed in between, they differ for good, whoever inserted.
    """
    step = fault.point.step if fault.point else ""
    if step in {"clickhouse/remove", "clickhouse/remove_scope"}:
        return [table for table, layout in TABLES.items() if PATCHES in layout]
    if step == "clickhouse/attach" or fault.victim == "clickhouse":
        return [table for table in TABLES if table != SUMMED]
    if step in {"clickhouse/insert_missing", "clickhouse/publish"} and fault.kind == "stall":
        return [table for table in TABLES if table != SUMMED]
    return [*TABLES]
