"""What is measured, each against something else in the same minutes.

Belongs here: how one thing is run and timed. Does not belong here: the stores (world) or how
figures are shown (page).
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from metric_assets.catalog import CATALOG
from metric_assets.local.postgres_tools import Tools
from metric_assets.sql import load as sql
from metric_assets.stores.ports import Binds
from metric_assets.stores.postgres_text import render
from metric_assets_tests.benchmarks.world import CUTOFF, EVENTS_AN_IMAGE, World, tcp
from metric_assets_tests.integration.platforms import TARGET, Platform

BIN = Path(sys.executable).parent
#: Looks in a row that find no merge: between two merges of a chain there is a moment without one.
QUIET_LOOKS = 5
#: The pairs of sql/image/reactions.sql: one read, two events a row.
REACTIONS = (
    "Image/ReactionLike",
    "Image/ReactionDislike",
    "Image/ReactionLaugh",
    "Image/ReactionCry",
    "Image/ReactionHeart",
    "Image/Reaction",
)

_NATIVE = """INSERT INTO {target} (entityType, entityId, userId, metricType, metricValue, createdAt)
SELECT 'Image', entityId, userId,
       arrayJoin(if({kind} = 'Dislike', ['ReactionDislike'],
                    [concat('Reaction', {kind}), 'Reaction'])),
       1, createdAt
FROM postgresql('{address}', '{database}', '{view}', '{user}', '')
WHERE entityId >= 0 AND entityId < {images} AND createdAt < '2025-10-01 00:00:00'"""


_NAMES = "['Like', 'Dislike', 'Laugh', 'Cry', 'Heart'][reaction]"


@dataclass(frozen=True)
class Figure:
    """Seconds, or ratios, of some rounds."""

    rounds: tuple[float, ...]

    @property
    def median(self) -> float:
        """The middle of them."""
        return statistics.median(self.rounds)

    @property
    def spread(self) -> str:
        """Lowest and highest."""
        return f"{min(self.rounds):.2f} to {max(self.rounds):.2f}"

    def over(self, other: Figure) -> Figure:
        """Round by round, this divided by the other."""
        return Figure(tuple(a / b for a, b in zip(self.rounds, other.rounds, strict=True)))


def interleaved(count: int, measures: Mapping[str, Callable[[], float]]) -> dict[str, Figure]:
    """Every measure once a round, so that what disturbs one disturbs its neighbours."""
    rounds: dict[str, list[float]] = {name: [] for name in measures}
    for _ in range(count):
        for name, measure in measures.items():
            rounds[name].append(measure())
            say(f"{name}: {rounds[name][-1]:.2f}")
    return {name: Figure(tuple(values)) for name, values in rounds.items()}


def copy(world: World, events: int) -> float:
    """Seconds in which Postgres sends the scan's rows to somebody who throws them away."""
    binds: Binds = {
        "start": 0,
        "stop": events // EVENTS_AN_IMAGE,
        "cutoff": datetime.fromisoformat(CUTOFF.replace("Z", "+00:00")),
    }
    text = f"COPY ({render(sql('image/reactions'), binds)}) TO STDOUT (FORMAT binary)"
    psql = Tools().binaries / "psql"
    began = time.perf_counter()
    subprocess.run(
        [str(psql), tcp(world.source.postgres_url), "-qc", text],
        stdout=subprocess.DEVNULL,
        check=True,
    )
    return time.perf_counter() - began


def native(world: World, events: int, *, numbered: bool = False) -> float:
    """Seconds in which ClickHouse reads and writes the same events by itself, unverified.

    ``numbered`` lets it read the kind as a number, as our scan does.
    """
    clear(world.source)
    address, database = tcp(world.source.postgres_url).split("@")[1].split("/")
    text = _NATIVE.format(
        target=TARGET,
        address=address,
        database=database,
        user="metric_assets",
        view="numbered" if numbered else "standing",
        kind=_NAMES if numbered else "reaction",
        images=events // EVENTS_AN_IMAGE,
    )
    began = time.perf_counter()
    world.source.command(text)
    seconds = time.perf_counter() - began
    settle(world.source)
    assert world.source.query(f"SELECT count() FROM {TARGET}") == [(events,)]
    return seconds


def load(world: World, events: int, *, fresh: bool = True) -> dict[str, Any]:
    """A Dagster run of the pairs of a scan over ``events`` in one partition, as the child says."""
    clear(world.source) if fresh else settle(world.source)
    images = events // EVENTS_AN_IMAGE
    grids = json.dumps({"Image": {"size": images, "stop": images}})
    env = world.environment(world.source, grids, f"load_{images}")
    return child(env, *REACTIONS)


def drift(platform: Platform, one_in: int) -> None:
    """Take one event in ``one_in`` away and double another: twice that share is wrong."""
    key = f"cityHash64(entityId, userId, metricType) % {2 * one_in}"
    platform.command(f"DELETE FROM {TARGET} WHERE {key} = 0")
    platform.command(f"INSERT INTO {TARGET} SELECT * FROM {TARGET} WHERE {key} = 1")


def clear(platform: Platform) -> None:
    """An empty target, and nothing left to merge."""
    platform.command(f"TRUNCATE TABLE {TARGET} SYNC")
    settle(platform)


def settle(platform: Platform) -> None:
    """Wait until what was written before no longer costs anybody anything."""
    quiet = 0
    while quiet < QUIET_LOOKS:
        quiet = quiet + 1 if platform.query("SELECT count() FROM system.merges") == [(0,)] else 0
        time.sleep(0.2)


def child(env: dict[str, str], *selection: str) -> dict[str, Any]:
    """A run in a process of its own."""
    command = [sys.executable, "-m", "metric_assets_tests.benchmarks.child", *selection]
    done = subprocess.run(
        command, env={**os.environ, **env}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(selection)}: {done.stderr[-3000:]}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def command_seconds(env: dict[str, str], folder: Path, command: Sequence[str]) -> float:
    """Wall clock of a whole command, its interpreter's start included."""
    began = time.perf_counter()
    done = subprocess.run(
        [str(BIN / command[0]), *command[1:]],
        env={**os.environ, **env, "HOME": str(folder)},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr[-3000:]}{done.stdout[-2000:]}")
    return time.perf_counter() - began


def one_range_each() -> str:
    """Grids of a single range for every entity."""
    return json.dumps({entity: {"size": 1000, "stop": 1000} for entity in CATALOG.entity})


def say(line: str) -> None:
    """A line for whoever waits."""
    print(line, file=sys.stderr, flush=True)
