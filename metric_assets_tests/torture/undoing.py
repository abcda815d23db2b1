"""How faults strike an undo: a backfill is undone by a process that dies, and then by one that ends.

Belongs here: the strike, and what the target has to hold afterwards: exactly what it held before the
backfill. Does not belong here: strikes at backfills (strikes).
"""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import dataclass

from metric_assets.actor import Actor
from metric_assets.errors import MetricAssetsError
from metric_assets.load.undo import Undo
from metric_assets.stores.clickhouse import ClickHouse
from metric_assets.stores.postgres import Postgres
from metric_assets.stores.repairs import Repairs
from metric_assets.stores.target import ClickHouseTarget
from metric_assets_tests.torture.damage import leftovers_of, rows_of, unlike
from metric_assets_tests.torture.strikes import Attack, order_of

#: How long an undo is tried again after an error that time can heal: a replica that comes back is
#: read-only for a while.
_SECONDS = 90


@dataclass(frozen=True)
class Runs:
    """The backfill, the undo that dies, and the one that ends."""

    load: str
    dies: str
    ends: str


def strike_undo(attack: Attack) -> set[str]:
    """Have a fault strike an undo, and add to the damage what differs from before the backfill once
    another undo has ended.
    """
    fault, verdict, world = attack.fault, attack.verdict, attack.world
    runs = Runs(
        *(f"{name} {attack.chance.getrandbits(48):012x}" for name in ("load", "dies", "ends"))
    )
    before = rows_of(world, attack.case, attack.table)
    loading = attack.nursery.take()
    own = fault.point if fault.both else None
    loading.order({**order_of(attack, own), "run": runs.load})
    verdict.hung = not loading.end()
    undoing = attack.nursery.take()
    order = {**order_of(attack, fault.point), **world.victims(fault.victim)}
    undoing.order({**order, "run": runs.dies, "undo": runs.load})
    if fault.point is None:
        time.sleep(attack.chance.uniform(0.0, 1.0))
        if fault.victim == "client":
            undoing.kill()
        else:
            world.kill(fault.victim)
    verdict.hung |= not undoing.end()
    verdict.said = loading.said + undoing.said
    verdict.struck = verdict.killed = any("struck" in fact for fact in undoing.said) or (
        fault.point is None and not any("finished" in fact for fact in undoing.said)
    )
    world.up()
    _undo(attack, runs)
    lost, doubled = unlike(before, rows_of(world, attack.case, attack.table))
    verdict.damage.lost += lost
    verdict.damage.doubled += doubled
    verdict.damage.leftovers += leftovers_of(world, attack.table)
    return set()


def _undo(attack: Attack, runs: Runs) -> None:
    """Undo the backfill to its end, tried again while the error is transient."""
    deadline = time.monotonic() + _SECONDS
    with (
        closing(Postgres(attack.world.endpoints.postgres_url)) as source,
        closing(ClickHouse(attack.world.endpoints.clickhouse_url)) as store,
    ):
        repairs = Repairs(store, attack.table, 90, Actor("harness", "here", "torture", runs.ends))
        work = Undo(ClickHouseTarget(store, attack.table, repairs=repairs), source)
        while not _undone(work, repairs, runs.load, final=time.monotonic() > deadline):
            time.sleep(0.1)


def _undone(work: Undo, repairs: Repairs, run: str, *, final: bool) -> bool:
    """Whether undoing a run ended; False after a transient error, unless it is the final try."""
    try:
        for changed in repairs.ranges(run):
            work.run(changed)
    except MetricAssetsError as error:
        if final or not error.transient:
            raise
        return False
    return True
