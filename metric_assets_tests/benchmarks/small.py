"""What a range costs that holds little: loaded by itself, and together with its neighbours.

Belongs here: the ranges and the ways of loading them. Does not belong here: how a run is timed
(child).
"""

from __future__ import annotations

import json
from collections.abc import Callable

from metric_assets_tests.benchmarks.measures import (
    REACTIONS,
    Figure,
    child,
    clear,
    interleaved,
    settle,
)
from metric_assets_tests.benchmarks.world import EVENTS_AN_IMAGE, World

#: Ranges of a scan, and images in each; reactions come for a thousand images at a time.
RANGES, IMAGES = 50, 40


def small(world: World, rounds: int) -> dict[str, Figure]:
    """Milliseconds a scan and range, from the lock to the load result, without the bookkeeping of
    Dagster: of first loads and of runs that find everything unchanged, together and alone.
    """

    def run(*options: str, fresh: bool) -> Callable[[], float]:
        def measured() -> float:
            clear(world.source) if fresh else settle(world.source)
            name = "small_alone" if options else "small"
            found = child(world.environment(world.source, _grids(), name), *REACTIONS, *options)
            events = RANGES * IMAGES * EVENTS_AN_IMAGE
            assert found["inserted"] == (events if fresh else 0), found
            return float(found["busy"]["materialize"]) * 1000 / RANGES

        return measured

    return interleaved(
        rounds,
        {
            "together, first load": run(fresh=True),
            "together, unchanged": run(fresh=False),
            "alone, first load": run("--alone", fresh=True),
            "alone, unchanged": run("--alone", fresh=False),
        },
    )


def _grids() -> str:
    return json.dumps({"Image": {"size": IMAGES, "stop": RANGES * IMAGES}})
