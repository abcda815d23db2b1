"""How faults strike backfills that are processes of the harness.

Belongs here: one function a kind of fault; each returns the ranges that were said, or recorded, to
be materialized. Does not belong here: repairing and judging (rounds), Dagster's own processes
(managed).
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict, dataclass
from typing import Any

from metric_assets.defaults import MEMORY_ROWS
from metric_assets_tests.torture.cases import CUTOFF, RANGES, Case
from metric_assets_tests.torture.child import Point
from metric_assets_tests.torture.faults import Fault
from metric_assets_tests.torture.managed import Dagster
from metric_assets_tests.torture.network import SlowWay
from metric_assets_tests.torture.nursery import Nursery
from metric_assets_tests.torture.verdict import Verdict
from metric_assets_tests.torture.world import World


@dataclass(frozen=True)
class Attack:
    """A fault, what it strikes, and what it may use."""

    fault: Fault
    case: Case
    table: str
    verdict: Verdict
    world: World
    dagster: Dagster
    nursery: Nursery
    chance: random.Random
    repair: Callable[[], None]


def strike(attack: Attack) -> set[str]:
    """Have the fault strike a backfill."""
    return _KINDS[attack.fault.kind](attack)


def _kill(attack: Attack) -> set[str]:
    fault, verdict, chance = attack.fault, attack.verdict, attack.chance
    child = attack.nursery.take()
    order = {**order_of(attack, fault.point), **attack.world.victims(fault.victim)}
    with closing(SlowWay(attack.world.endpoints.clickhouse_url, fault.delay)) as way:
        if fault.delay:
            order["clickhouse"] = way.url
        child.order(order)
        if fault.point is None:
            time.sleep(chance.uniform(0.0, 1.2 + 20 * fault.delay))
            if fault.victim == "client":
                child.kill()
            else:
                attack.world.kill(fault.victim)
        verdict.hung = not child.end()
    verdict.said = child.said
    verdict.struck = verdict.killed = any("struck" in fact for fact in child.said) or (
        fault.point is None and not any("finished" in fact for fact in child.said)
    )
    return child.done


def _race(attack: Attack) -> set[str]:
    fault, verdict, chance = attack.fault, attack.verdict, attack.chance
    children = [attack.nursery.take(), attack.nursery.take()]
    for child in children:
        child.order(order_of(attack, None))
        time.sleep(chance.choice((0.0, 0.05, 0.3)))
    if fault.victim == "client":
        time.sleep(chance.uniform(0.0, 0.8))
        alive = [child for child in children if child.process.poll() is None]
        chance.choice(alive or children).kill()
    ends = [child.end() for child in children]
    verdict.hung = not all(ends)
    verdict.said = [fact for child in children for fact in child.said]
    ended = sum("finished" in fact or "failed" in fact for fact in verdict.said)
    met = any("BusyError" in fact.values() for fact in verdict.said)
    verdict.killed = fault.victim == "client" and ended < len(children)
    verdict.struck = verdict.killed if fault.victim == "client" else met
    return children[0].done | children[1].done


def _stall(attack: Attack) -> set[str]:
    child = attack.nursery.take()
    child.order({**order_of(attack, attack.fault.point), "stop": True})
    attack.verdict.struck = child.until_struck()
    with attack.world.postgres() as session:
        session.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'metric_assets:lock'"
        )
    attack.repair()
    child.wake()
    attack.verdict.hung = not child.end()
    attack.verdict.said = child.said
    # Nothing has drifted since the retry: whatever the woken child did, all is to be right.
    return set(RANGES)


def _command(attack: Attack) -> set[str]:
    case, verdict = attack.case, attack.verdict
    since = attack.dagster.mark()
    child = attack.nursery.take("command")
    child.order(
        {
            "environ": attack.dagster.environ(attack.table),
            "pairs": [f"{case.entity}/{metric}" for metric in case.metrics],
            "point": asdict(attack.fault.point) if attack.fault.point else None,
        }
    )
    if attack.fault.point is None:
        attack.dagster.until_at_work()
        time.sleep(attack.chance.uniform(0.0, 1.5))
        child.kill()
    verdict.hung = not child.end()
    verdict.said = child.said
    verdict.struck = verdict.killed = not any("finished" in fact for fact in child.said)
    return attack.dagster.recorded(case, since)


def _managed(attack: Attack) -> set[str]:
    dagster, chance, verdict = attack.dagster, attack.chance, attack.verdict
    since = dagster.mark()
    pairs = [f"{attack.case.entity}/{metric}" for metric in attack.case.metrics]
    launched = dagster.launch(pairs, whole=chance.random() < 0.5)
    dagster.start_daemon()
    dagster.until_at_work()
    time.sleep(chance.uniform(0.0, 2.0))
    verdict.struck = verdict.killed = dagster.unfinished(launched)
    if attack.fault.victim == "dagster":
        dagster.kill()
        return dagster.recorded(attack.case, since)
    dagster.kill_daemon()
    if chance.random() < 0.5:
        dagster.start_daemon()
        verdict.hung = not dagster.until_finished(launched)
        dagster.kill_daemon()
    return dagster.recorded(attack.case, since)


#: Steps that are taken for a range that is compared in memory as well.
_MEMORY_STEPS = {
    "read",
    "clickhouse/attach",
    "clickhouse/publish",
    "clickhouse/insert_missing",
    "clickhouse/remove",
}


def order_of(attack: Attack, point: Point | None) -> dict[str, Any]:
    """What a child is told to do: a backfill of the case, struck at a point."""
    struck = asdict(point) if point else None
    if struck and struck["when"] == "during":
        # An answer on its way is struck before it has arrived.
        early, late = (0.1, 0.25) if attack.fault.delay else (0.0, 0.02)
        struck["delay"] = attack.chance.uniform(early, late)
    # Elsewhere a range that is compared in memory would not come by.
    both = point is None or point.step in _MEMORY_STEPS
    return {
        "postgres": attack.world.endpoints.postgres_url,
        "clickhouse": attack.world.endpoints.clickhouse_url,
        "table": attack.table,
        "scan": attack.case.scan,
        "metrics": attack.case.metrics,
        "ranges": RANGES,
        "cutoff": CUTOFF,
        "point": struck,
        "memory_rows": attack.chance.choice([0, MEMORY_ROWS]) if both else 0,
    }


_KINDS = {
    "kill": _kill,
    "race": _race,
    "stall": _stall,
    "command": _command,
    "managed": _managed,
}
