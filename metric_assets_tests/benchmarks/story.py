"""The measures in their order, and what they come to.

Belongs here: which things are run how often, and the arithmetic of targets. Does not belong here:
running one thing (measures) or showing it (page).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from metric_assets.catalog import CATALOG
from metric_assets_tests.benchmarks.audits import Audits, Cost
from metric_assets_tests.benchmarks.layouts import Layouts
from metric_assets_tests.benchmarks.measures import (
    Figure,
    child,
    command_seconds,
    copy,
    drift,
    interleaved,
    load,
    native,
    one_range_each,
    say,
)
from metric_assets_tests.benchmarks.world import World

_NOOP = "import dagster as dg\n\n\n@dg.asset\ndef noop() -> None: ...\n"


@dataclass(frozen=True)
class Plan:
    """How much is measured; numbers of events, rounds and ranges."""

    events: int
    rounds: int
    growth: tuple[int, ...]
    growth_rounds: int
    peak: tuple[int, int]
    demo_scale: int
    ranges: int
    layout_rows: int
    audit_events: int
    audit_rounds: int
    one_row_events: int
    plain_rounds: int

    @property
    def largest(self) -> int:
        """Events the source has to hold."""
        return max(*self.growth, *self.peak, self.audit_events)


@dataclass
class Results:
    """What was measured: seconds unless a name says otherwise."""

    plan: Plan
    first: dict[str, Figure]
    growth: dict[int, Figure]
    peaks: dict[int, float]
    commands: dict[str, Figure]
    bookkeeping: dict[str, tuple[int, Figure]]
    waterfall: dict[str, Any]
    layouts: dict[str, dict[str, Figure]]
    audits: dict[str, Cost]

    @property
    def rate_to_native(self) -> Figure:
        """(a) how often ours would end while ClickHouse's own ends once."""
        return self.first["native"].over(self.first["ours"])

    @property
    def rate_to_copy(self) -> Figure:
        """(b) likewise against the source's limit."""
        return self.first["copy"].over(self.first["ours"])

    @property
    def growth_error(self) -> float:
        """(d) the largest share by which a size lies off the straight line through all of them."""
        sizes = list(self.growth)
        seconds = [self.growth[size].median for size in sizes]
        slope, fixed = straight_line(sizes, seconds)
        return max(
            abs(found / (fixed + slope * size) - 1)
            for size, found in zip(sizes, seconds, strict=True)
        )


def straight_line(xs: list[int], ys: list[float]) -> tuple[float, float]:
    """Slope and intercept by least squares of relative errors: a small size counts as a large one."""
    weights = [1 / y**2 for y in ys]
    total = sum(weights)
    mean_x = sum(w * x for w, x in zip(weights, xs, strict=True)) / total
    mean_y = sum(w * y for w, y in zip(weights, ys, strict=True)) / total
    rows = list(zip(weights, xs, ys, strict=True))
    slope = sum(w * (x - mean_x) * (y - mean_y) for w, x, y in rows) / sum(
        w * (x - mean_x) ** 2 for w, x, _ in rows
    )
    return slope, mean_y - slope * mean_x


def measure(world: World, plan: Plan) -> Results:
    """Everything, one after another."""
    ran: list[dict[str, Any]] = []

    def run(events: int, *, fresh: bool = True) -> float:
        ran.append(load(world, events, fresh=fresh))
        return float(ran[-1]["seconds"])

    run(plan.events)  # Warms the source's cache for everybody; the best round is shown whole.
    first = interleaved(plan.rounds, _against(world, plan, run))
    fresh = [one for one in ran[1:] if one["inserted"] == plan.events]
    again = [one for one in ran[1:] if one["unchanged"] == plan.events]
    assert len(fresh) == len(again) == plan.rounds, ran
    growth = interleaved(plan.growth_rounds, {str(size): _size(run, size) for size in plan.growth})
    peaks = {}
    for size in plan.peak:
        say(f"peak of memory at {size:,} events")
        peaks[size] = float(load(world, size)["peak_mb"])
    return Results(
        plan,
        first,
        {int(size): figure for size, figure in growth.items()},
        peaks,
        _commands(world, plan),
        _bookkeeping(world, plan),
        min(fresh, key=lambda one: one["seconds"]),
        Layouts(world.months, plan.layout_rows).measure(plan.rounds),
        Audits(world, plan.audit_events).measure(plan.audit_rounds),
    )


def _against(world: World, plan: Plan, run: Callable[..., float]) -> dict[str, Callable[[], float]]:
    def differing() -> float:
        drift(world.source, 2_000)
        return run(plan.events, fresh=False)

    return {
        "copy": lambda: copy(world, plan.events),
        "native": lambda: native(world, plan.events),
        "native, numbers for names": lambda: native(world, plan.events, numbered=True),
        "ours": lambda: run(plan.events),
        "unchanged": lambda: run(plan.events, fresh=False),
        "0.1 % differ": differing,
    }


def _size(run: Callable[..., float], size: int) -> Callable[[], float]:
    return lambda: run(size)


def _bookkeeping(world: World, plan: Plan) -> dict[str, tuple[int, Figure]]:
    """Milliseconds a pair and partition that are not spent in ``materialize``."""
    grids = f'{{"Tag": {{"size": 1000, "stop": {1000 * plan.ranges}}}}}'
    runs = {
        f"1 pair in {plan.ranges} ranges": (grids, ["Tag/Follower"]),
        f"{len(CATALOG.pairs)} pairs in 1 range": (one_range_each(), []),
    }
    found: dict[str, Any] = {}
    for name, (grid, selection) in runs.items():
        env = world.environment(world.empty, grid, f"empty_{len(found)}")
        rounds, partitions = [], 0
        for _ in range(min(plan.rounds, 3)):
            seen = child(env, *selection)
            partitions = seen["partitions"]
            rest = seen["seconds"] - seen["busy"]["materialize"]
            rounds.append(1000 * rest / partitions)
            say(f"{name}: {rounds[-1]:.1f} ms of {1000 * seen['seconds'] / partitions:.1f}")
        found[name] = (partitions, Figure(tuple(rounds)))
    return found


def _commands(world: World, plan: Plan) -> dict[str, Figure]:
    env = world.environment(world.empty, one_range_each(), "commands")
    folder = world.home / "commands"
    (folder / "noop.py").write_text(_NOOP)
    ours = ["metric-assets", "backfill", "Tag/Follower", "--quiet"]
    command_seconds(env, folder, ours)  # Makes Dagster's home and tables.
    dagster = {**env, "DAGSTER_HOME": str(folder / "dagster")}
    select = ["--select", "Tag/Follower", "--partition", "0-999"]
    module = ["-m", "metric_assets.definitions"]
    of = {
        "dagster asset materialize, a no-op": (dagster, [*_DAGSTER, "-f", "noop.py", "--select", "noop"]),
        "dagster asset materialize, one partition": (dagster, [*_DAGSTER, *module, *select]),
        "metric-assets backfill, one partition": (env, ours),
        "metric-assets list": (env, ["metric-assets", "list"]),
    }  # fmt: skip
    found = interleaved(
        min(plan.rounds, 3), {n: _command(e, folder, c) for n, (e, c) in of.items()}
    )
    demo = world.environment(world.demo, "", "demo")
    folder = world.home / "demo"
    command_seconds(demo, folder, ["metric-assets", "ranges", "--sync"])
    name = f"metric-assets backfill, all pairs, {plan.demo_scale:,} events"
    backfill = command_seconds(demo, folder, ["metric-assets", "backfill", "--quiet"])
    reconcile = _command(demo, folder, ["metric-assets", "reconcile", "--json"])
    audits = interleaved(min(plan.rounds, 3), {"metric-assets reconcile, all pairs": reconcile})
    return {**found, name: Figure((backfill,)), **audits}


_DAGSTER = ("dagster", "asset", "materialize")


def _command(env: dict[str, str], folder: Path, command: list[str]) -> Callable[[], float]:
    return lambda: command_seconds(env, folder, command)
