"""One row lost among millions: found by the scheduled pass, explained, repaired, and the repair undone.

Belongs here: the steps, what each reads and writes in ClickHouse, and that nothing but the range of
the row is touched. Whatever does not hold ends the benchmark. Does not belong here: how it is shown
(page).
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar
from unittest.mock import patch

from metric_assets import settings as names
from metric_assets.catalog import CATALOG
from metric_assets.cli import environment
from metric_assets.explanation import Cause
from metric_assets.home import dagster_home
from metric_assets.operations.backfill import Outcome, plan_work
from metric_assets.operations.explain import Explained
from metric_assets.operations.listener import Listener, Results
from metric_assets.operations.repair import repair_work
from metric_assets.orchestration.build import build_definitions
from metric_assets.orchestration.instance import open_instance
from metric_assets.orchestration.jobs import RECONCILE_JOB
from metric_assets.orchestration.running import (
    explain,
    quiet_dagster,
    run_backfill,
    run_repair,
    run_undo,
)
from metric_assets.ranges import IdRange
from metric_assets.settings import Settings
from metric_assets_tests.benchmarks.measures import REACTIONS, clear, say, settle
from metric_assets_tests.benchmarks.world import EVENTS_AN_IMAGE, World
from metric_assets_tests.integration.platforms import TARGET, Platform

_T = TypeVar("_T")
#: Ranges of the grid, and which of them loses a row.
RANGES, DAMAGED = 20, 13
#: Rows that each part may have read beside those of a range: its first and its last granule.
BESIDE = 2 * 8_192
LOST = CATALOG.pairs["Image/ReactionHeart"]
LOAD, PASS, EXPLAIN, REPAIR, UNDO = (
    "first load",
    "scheduled pass over all ranges",
    "explain",
    "repair",
    "undo of the repair",
)


@dataclass(frozen=True)
class Step:
    """Seconds of a step, and what ClickHouse says of its statements: rows and bytes read and written
    in any table, MiB of memory of the largest one, and the most rows that one read where it looked
    at the target.
    """

    seconds: float
    read_rows: int
    read_bytes: int
    written_rows: int
    written_bytes: int
    peak_mib: float
    most_of_target: int


@dataclass(frozen=True)
class State:
    """The target: a count and a hash of the rows of each range, and rows by active part."""

    ranges: dict[int, tuple[int, int]]
    parts: dict[str, int]

    @property
    def rows(self) -> int:
        """All of them."""
        return sum(rows for rows, _ in self.ranges.values())


@dataclass
class OneRow:
    """A world of ``events`` in 20 ranges."""

    world: World
    events: int
    steps: dict[str, Step] = field(default_factory=dict)

    def measure(self) -> dict[str, Step]:
        """Load, lose a row, find, explain and repair it, and undo the repair."""
        images = self.events // EVENTS_AN_IMAGE
        grids = json.dumps({"Image": {"size": images // RANGES, "stop": images}})
        env = self.world.environment(self.world.source, grids, "one_row")
        with patch.dict(os.environ, {**env, names.AUDIT_DAYS: "1"}):
            environment.load_environment()
            dagster_home()
            quiet_dagster()
            self._measure(environment.settings(), IdRange(0, images // RANGES))
        return self.steps

    def _measure(self, settings: Settings, first: IdRange) -> None:
        source, steps = self.world.source, self.steps
        clear(source)
        measured(source, steps, LOAD, lambda: self._load(settings))
        settle(source)
        whole = self._state(first)
        assert (whole.rows, len(whole.ranges)) == (self.events, RANGES)
        start = DAMAGED * first.stop
        lost = IdRange(start, start + first.stop)
        entity = self._lose_one(lost)
        # A merge would put rows of all ranges into another part.
        source.command(f"SYSTEM STOP MERGES {TARGET}")
        damaged = self._state(first)
        self._differs_in_one(whole, damaged)

        found = measured(source, steps, PASS, lambda: self._pass(settings))
        assert found == [(LOST.key, lost.key, entity)], found
        measured(source, steps, EXPLAIN, lambda: self._explain(settings, lost, entity))
        assert self._state(first) == damaged
        repair = measured(source, steps, REPAIR, lambda: self._repair(settings, lost))
        repaired = self._state(first)
        assert repaired.ranges == whole.ranges
        # No statement read more of the target than the range, but for what lies beside it on disk.
        for name in (EXPLAIN, REPAIR):
            most, bound = steps[name].most_of_target, BESIDE * len(repaired.parts)
            assert 0 < most <= self.events // RANGES + bound, (name, most, bound)
        # Every part is as it was, but for a new one of one row.
        new = {name: rows for name, rows in repaired.parts.items() if name not in damaged.parts}
        assert list(new.values()) == [1], new
        assert damaged.parts.items() <= repaired.parts.items()
        source.command(f"SYSTEM START MERGES {TARGET}")
        measured(source, steps, UNDO, lambda: self._undo(settings, repair))
        assert self._state(first).ranges == damaged.ranges

    def _load(self, settings: Settings) -> str:
        work = plan_work([CATALOG.pairs[key] for key in REACTIONS], None, settings)
        return run_of(list(run_backfill(work, settings, Results(), verbose=False)))

    def _lose_one(self, ids: IdRange) -> int:
        """Delete a row in the middle of a range by hand; the entity it was of."""
        source = self.world.source
        ((entity, user),) = source.query(
            f"SELECT entityId, userId FROM {TARGET} WHERE metricType = '{LOST.metric}'"
            f" AND entityId >= {(ids.start + ids.stop) // 2} ORDER BY entityId, userId LIMIT 1"
        )
        source.command(
            f"DELETE FROM {TARGET} WHERE entityType = 'Image' AND metricType = '{LOST.metric}'"
            f" AND entityId = {entity} AND userId = {user}"
        )
        return int(entity)

    def _pass(self, settings: Settings) -> list[tuple[str, str, int]]:
        """The job of the schedule; what fails of its source checks: pair, range, worst entity."""
        results = Results()
        job = build_definitions(settings, results).resolve_job_def(RECONCILE_JOB)
        with open_instance() as instance:
            job.execute_in_process(instance=instance, raise_on_error=True)
        verdicts = [one for found in results.source.values() for one in found.values()]
        assert len(verdicts) == RANGES * len(REACTIONS), len(verdicts)
        failed = [one for one in verdicts if not one.passed]
        return [
            (one.pair.key, one.ids.key, worst)
            for one in failed
            for finding in (one.explanation.findings if one.explanation else ())
            for worst, _ in finding.worst
        ]

    def _explain(self, settings: Settings, ids: IdRange, entity: int) -> None:
        """A cause that is known: the row was verified to be there, and is gone."""
        (work,) = plan_work([LOST], ids, settings)
        (explained,) = explain(work.pieces, settings, Listener())
        assert isinstance(explained, Explained), explained
        (finding,) = explained.source.findings
        say(finding.sentence)
        assert (finding.cause, finding.missing, finding.surplus) == (Cause.LOST, 1, 0), finding
        assert [one for one, _ in finding.worst] == [entity]

    def _repair(self, settings: Settings, ids: IdRange) -> str:
        work = repair_work({LOST: [ids.key]}, settings)
        return run_of(list(run_repair(work, settings, Results(), verbose=False)))

    def _undo(self, settings: Settings, run: str) -> str:
        return run_of([run_undo(run, settings, Listener(), force=False, verbose=False)])

    def _state(self, first: IdRange) -> State:
        columns = "entityType, entityId, userId, metricType, metricValue, createdAt"
        ranges = self.world.source.query(
            f"SELECT intDiv(entityId, {first.stop}) AS cell, count(),"
            f" sumWithOverflow(sipHash64({columns})) FROM {TARGET} GROUP BY cell"
        )
        parts = self.world.source.query(
            "SELECT name, rows FROM system.parts WHERE active AND database = currentDatabase()"
            f" AND table = '{TARGET}'"
        )
        return State({cell: (rows, found) for cell, rows, found in ranges}, dict(parts))

    @staticmethod
    def _differs_in_one(whole: State, damaged: State) -> None:
        """One row of one range is gone, and nothing else."""
        assert whole.rows - damaged.rows == 1
        differing = [one for one in whole.ranges if whole.ranges[one] != damaged.ranges[one]]
        assert differing == [DAMAGED], differing


def measured(source: Platform, steps: dict[str, Step], name: str, work: Callable[[], _T]) -> _T:
    """Do the work of a step, and keep what it took under its name."""
    ((began,),) = source.query("SELECT toString(now64(6, 'UTC'))")
    wall = time.perf_counter()
    found = work()
    seconds = time.perf_counter() - wall
    source.command("SYSTEM FLUSH LOGS")
    ((statements, *figures),) = source.query(
        "SELECT count(), toInt64(sum(read_rows)), toInt64(sum(read_bytes)),"
        " toInt64(sum(written_rows)), toInt64(sum(written_bytes)),"
        " max(memory_usage) / 1048576,"
        f" toInt64(maxIf(read_rows, has(tables, concat(currentDatabase(), '.{TARGET}'))))"
        " FROM system.query_log WHERE type != 'QueryStart'"
        " AND current_database = currentDatabase()"
        f" AND query_start_time_microseconds >= toDateTime64('{began}', 6, 'UTC')"
    )
    assert statements > 1, "the engine logs no statements"
    steps[name] = Step(seconds, *figures)
    say(f"{name}: {steps[name]}")
    return found


def run_of(outcomes: list[Outcome]) -> str:
    """The run of the one outcome there is."""
    (outcome,) = outcomes
    assert outcome.success, outcome
    return outcome.run_id
