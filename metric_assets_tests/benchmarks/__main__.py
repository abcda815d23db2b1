"""``python -m metric_assets_tests.benchmarks``: every measure, one table, docs/results/benchmarks.md.

``--quick`` measures a tenth of it once, to see that it works; ``--layouts`` only repairs, by the
layout of the target, ``--audits`` only audits, ``--one-row`` only how one lost row is found and
repaired, ``--undo`` only undoing of a large load, ``--small`` only what ranges cost that hold little
(milliseconds a scan and range), ``--plain`` only how many times faster than a plain loader ours is,
``--drivers`` only drivers that could read the source, with those that ``--driver FOLDER`` adds. None
of them writes a page.
"""

from __future__ import annotations

import argparse
import logging
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

from metric_assets_tests.benchmarks import drivers, page
from metric_assets_tests.benchmarks.audits import Audits, Cost
from metric_assets_tests.benchmarks.layouts import Layouts
from metric_assets_tests.benchmarks.measures import Figure, interleaved, load, say
from metric_assets_tests.benchmarks.one_row import OneRow, Step
from metric_assets_tests.benchmarks.plain import plain
from metric_assets_tests.benchmarks.small import IMAGES, RANGES, small
from metric_assets_tests.benchmarks.story import Plan, Results, measure
from metric_assets_tests.benchmarks.undoing import Undoing
from metric_assets_tests.benchmarks.world import EVENTS_AN_IMAGE, World, build_world

DOCS = Path(__file__).parents[2] / "docs" / "results"
FULL = Plan(
    events=10_000_000,
    rounds=5,
    growth=(1_000_000, 3_000_000, 10_000_000, 30_000_000),
    growth_rounds=5,
    peak=(1_000_000, 50_000_000),
    demo_scale=300_000,
    ranges=1_000,
    layout_rows=2_000_000,
    audit_events=10_000_000,
    audit_rounds=3,
    one_row_events=20_000_000,
    plain_rounds=3,
)
QUICK = Plan(
    events=500_000,
    rounds=1,
    growth=(100_000, 200_000, 500_000),
    growth_rounds=1,
    peak=(100_000, 1_000_000),
    demo_scale=20_000,
    ranges=20,
    layout_rows=100_000,
    audit_events=500_000,
    audit_rounds=1,
    one_row_events=1_000_000,
    plain_rounds=1,
)


def main() -> int:
    """Measure, show, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of it, once")
    parser.add_argument("--layouts", action="store_true", help="only repairs, by layout")
    parser.add_argument("--audits", action="store_true", help="only audits")
    parser.add_argument("--one-row", action="store_true", help="only one row lost among many")
    parser.add_argument("--undo", action="store_true", help="only undoing of a large load")
    parser.add_argument("--small", action="store_true", help="only ranges that hold little")
    parser.add_argument("--plain", action="store_true", help="only against a plain loader")
    parser.add_argument("--drivers", action="store_true", help="only drivers of the source")
    parser.add_argument(
        "--driver", type=Path, action="append", default=[], help="a folder with one more of them"
    )
    parser.add_argument("--home", type=Path, help="folder of the stack; temporary unless given")
    parser.add_argument("--out", type=Path, help="where the page goes; docs/results/ unless quick")
    arguments = parser.parse_args()
    logging.disable(logging.WARNING)
    plan = QUICK if arguments.quick else FULL
    began = time.monotonic()
    if arguments.layouts:
        with tempfile.TemporaryDirectory(prefix="metric-assets-") as folder:
            print(page.markdown(page.layouts(_layouts(Path(folder).resolve(), plan))))
        return 0
    if arguments.audits:
        with tempfile.TemporaryDirectory(prefix="metric-assets-") as folder:
            measured = _audits(Path(folder).resolve(), plan)
        print(page.markdown(page.audits(measured, plan.audit_events)))
        return 0
    if arguments.small or arguments.plain:
        with tempfile.TemporaryDirectory(prefix="metric-assets-") as folder:
            figures = (_small if arguments.small else _plain)(Path(folder).resolve(), plan)
        for name, figure in figures.items():
            print(f"{name}: {figure.median:.2f} ({figure.spread})")
        return 0
    if arguments.drivers:
        with tempfile.TemporaryDirectory(prefix="metric-assets-") as folder:
            print(_drivers(Path(folder).resolve(), plan, arguments.driver))
        return 0
    if arguments.one_row or arguments.undo:
        kind = Undoing if arguments.undo else OneRow
        with tempfile.TemporaryDirectory(prefix="metric-assets-") as folder:
            steps = _steps(kind, Path(folder).resolve(), plan)
        print(page.steps(steps))
        return 0
    if arguments.home:
        results = _run(arguments.home, plan)
    else:
        with tempfile.TemporaryDirectory(prefix="metric-assets-") as folder:
            results = _run(Path(folder).resolve(), plan)
    seconds = time.monotonic() - began
    print(page.table(results))
    print(f"{seconds:.0f} s in all")
    out = arguments.out or (None if arguments.quick else DOCS)
    if out:
        page.write(out, results, seconds)
    return 0


def _run(home: Path, plan: Plan) -> Results:
    say("making reactions and a demo")
    with build_world(home, max(plan.largest, plan.events), plan.demo_scale) as world:
        return measure(world, plan)


def _layouts(home: Path, plan: Plan) -> dict[str, dict[str, Figure]]:
    with build_world(home, 50_000, 1_000) as world:
        return Layouts(world.months, plan.layout_rows).measure(plan.rounds)


def _audits(home: Path, plan: Plan) -> dict[str, Cost]:
    with build_world(home, plan.audit_events, 1_000) as world:
        return Audits(world, plan.audit_events).measure(plan.audit_rounds)


def _small(home: Path, plan: Plan) -> dict[str, Figure]:
    with build_world(home, RANGES * IMAGES * EVENTS_AN_IMAGE, 1_000) as world:
        return small(world, plan.rounds)


def _ours(world: World, events: int) -> float:
    return float(load(world, events)["seconds"])


def _plain(home: Path, plan: Plan) -> dict[str, Figure]:
    found: dict[str, Figure] = {}
    with build_world(home, plan.events, 1_000) as world:
        for events in (plan.events // 10, plan.events):
            measures = {
                "plain": partial(plain, world, events),
                "ours": partial(_ours, world, events),
            }
            seconds = interleaved(plan.plain_rounds, measures)
            found |= {f"{events:,} events, {name}, s": one for name, one in seconds.items()}
            found[f"{events:,} events, times faster"] = seconds["plain"].over(seconds["ours"])
    return found


def _drivers(home: Path, plan: Plan, folders: list[Path]) -> str:
    there = list(drivers.installed([folder.resolve() for folder in folders]))
    with build_world(home, plan.events, 1_000) as world:
        found = drivers.compare(world, there, plan.events, plan.audit_rounds)
    return drivers.markdown(found, there)


def _steps(kind: type[OneRow | Undoing], home: Path, plan: Plan) -> dict[str, Step]:
    with build_world(home, plan.one_row_events, 1_000) as world:
        return kind(world, plan.one_row_events).measure()


if __name__ == "__main__":
    sys.exit(main())
