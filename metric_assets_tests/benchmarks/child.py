"""``python -m metric_assets_tests.benchmarks.child SELECTION``: one Dagster run, measured inside;
with ``--alone`` no ranges are loaded together.

Prints one JSON document: seconds of the run, on the clock and of a processor, of ``materialize`` and of what it is busy with, the
peak of this process's memory. Settings come from the environment.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import dagster as dg
import polars as pl

from metric_assets.catalog import CATALOG
from metric_assets.cli import environment
from metric_assets.events import Rejections
from metric_assets.home import dagster_home
from metric_assets.load import groups, reading, scan_load
from metric_assets.load_result import LoadResult
from metric_assets.operations.backfill import plan_work
from metric_assets.operations.listener import Listener
from metric_assets.orchestration.build import build_definitions
from metric_assets.orchestration.check_names import asset_key
from metric_assets.orchestration.running import quiet_dagster
from metric_assets.orchestration.sensors import RANGE_START, RANGE_STOP
from metric_assets.orchestration.storage import keep_connections
from metric_assets.stores.postgres_reading import PostgresReading
from metric_assets.stores.stage import ClickHouseStage

_F = TypeVar("_F", bound=Callable[..., Any])


class _Watch(Listener):
    """Seconds of each kind of work, and the load_results."""

    def __init__(self) -> None:
        self.busy: dict[str, float] = defaultdict(float)
        self.load_results: list[LoadResult] = []

    def ended(self, load_results: list[LoadResult]) -> None:
        """Keep them."""
        self.load_results += load_results

    def timed(self, name: str, function: _F) -> _F:
        """The function, its seconds added up under a name."""

        def watched(*arguments: Any, **options: Any) -> Any:
            began = time.perf_counter()
            try:
                return function(*arguments, **options)
            finally:
                self.busy[name] += time.perf_counter() - began

        return watched  # type: ignore[return-value]

    def install(self) -> None:
        """Watch the steps inside a materialization, each in its thread."""
        for name in ("materialize", "materialize_together"):
            setattr(scan_load, name, self.timed("materialize", getattr(scan_load, name)))
        reading.derive = self.timed("derive", reading.derive)  # type: ignore[attr-defined]
        Rejections.validate = self.timed("validate", Rejections.validate)  # type: ignore[method-assign]
        ClickHouseStage.insert = self.timed("insert", ClickHouseStage.insert)  # type: ignore[method-assign]
        frames = PostgresReading.frames

        def watched(reading: PostgresReading) -> Iterator[pl.DataFrame]:
            rest = frames(reading)
            while (frame := self.timed("read", next)(rest, None)) is not None:
                yield frame

        PostgresReading.frames = watched  # type: ignore[method-assign, assignment]


def main() -> None:
    """Run the selection over its whole grid, without checks."""
    environment.load_environment()
    dagster_home()
    quiet_dagster()
    settings = environment.settings()
    watch = _Watch()
    watch.install()
    if "--alone" in sys.argv:
        groups.TOGETHER = 1
    pairs = [one for one in sys.argv[1:] if one != "--alone"]
    pieces = plan_work(CATALOG.select(pairs), None, settings)
    whole = build_definitions(settings, watch).resolve_implicit_global_asset_job_def()
    seconds, before = 0.0, os.times()
    with dg.DagsterInstance.get() as instance:
        keep_connections(instance)
        instance.get_runs(limit=1)
        for piece in pieces:
            job = whole.get_subset(
                asset_selection={asset_key(pair) for pair in piece.pairs},
                asset_check_selection=set(),
            )
            tags = {RANGE_START: piece.ranges[0].key, RANGE_STOP: piece.ranges[-1].key}
            began = time.perf_counter()
            job.execute_in_process(
                instance=instance,
                tags=tags,
                run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
            )
            seconds += time.perf_counter() - began
    after = os.times()
    first = watch.load_results[0]
    print(
        json.dumps(
            {
                "seconds": seconds,
                "cpu": after.user + after.system - before.user - before.system,
                "busy": watch.busy,
                "phases": first.phases,
                "partitions": len(watch.load_results),
                "rows": sum(load_result.rows_read for load_result in watch.load_results),
                "inserted": sum(load_result.inserted for load_result in watch.load_results),
                "removed": sum(load_result.removed for load_result in watch.load_results),
                "unchanged": sum(load_result.unchanged for load_result in watch.load_results),
                "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            }
        )
    )


if __name__ == "__main__":
    main()
