"""A first load of millions in one range, undone, the undo undone, and that undone as well.

Belongs here: that each puts back exactly what was there, and that no statement takes more memory
than the bound. Whatever does not hold ends the benchmark. Does not belong here: how it is shown
(page).
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from functools import partial
from unittest.mock import patch

from metric_assets.catalog import CATALOG
from metric_assets.cli import environment
from metric_assets.home import dagster_home
from metric_assets.operations.backfill import plan_work
from metric_assets.operations.listener import Listener, Results
from metric_assets.orchestration.running import quiet_dagster, run_backfill, run_undo
from metric_assets.settings import Settings
from metric_assets_tests.benchmarks.measures import REACTIONS, clear, settle
from metric_assets_tests.benchmarks.one_row import Step, measured, run_of
from metric_assets_tests.benchmarks.world import EVENTS_AN_IMAGE, World

#: MiB that any statement may take.
BOUND = 1024
LOAD, UNDO, BACK, AGAIN = (
    "first load, one range",
    "undo of the first load",
    "undo of the undo: all is back",
    "undo of that: nothing again",
)


@dataclass
class Undoing:
    """A world of ``events`` in one range."""

    world: World
    events: int
    steps: dict[str, Step] = field(default_factory=dict)

    def measure(self) -> dict[str, Step]:
        """Load and undo, three times over."""
        images = self.events // EVENTS_AN_IMAGE
        grids = json.dumps({"Image": {"size": images, "stop": images}})
        env = self.world.environment(self.world.source, grids, "undo")
        with patch.dict(os.environ, env):
            environment.load_environment()
            dagster_home()
            quiet_dagster()
            self._measure(environment.settings())
        return self.steps

    def _measure(self, settings: Settings) -> None:
        source = self.world.source
        clear(source)
        run = measured(source, self.steps, LOAD, lambda: _load(settings))
        full = source.checksum()
        assert full[0] == self.events
        for name, expected in ((UNDO, (0, 0)), (BACK, full), (AGAIN, (0, 0))):
            settle(source)
            run = measured(source, self.steps, name, partial(_undo, settings, run))
            assert source.checksum() == expected, name
            assert self.steps[name].peak_mib <= BOUND, self.steps[name]


def _load(settings: Settings) -> str:
    work = plan_work([CATALOG.pairs[key] for key in REACTIONS], None, settings)
    return run_of(list(run_backfill(work, settings, Results(), verbose=False)))


def _undo(settings: Settings, run: str) -> str:
    return run_of([run_undo(run, settings, Listener(), force=False, verbose=False)])
