"""Drivers that could read the source, compared: speed, memory, cancelling, types, errors.

Belongs here: which are there, and their answers side by side. Does not belong here: what each is
asked (driver_child).

A driver of another version comes by a folder that ``pip install --target`` has filled; it goes
before what is installed. ``adbc`` ones also load a whole partition, as a run of Dagster.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from importlib.metadata import distributions
from pathlib import Path
from typing import Any
from unittest.mock import patch

from metric_assets.sql import load as sql
from metric_assets.stores.postgres_text import render
from metric_assets_tests.benchmarks.driver_child import QUESTIONS, VALUES
from metric_assets_tests.benchmarks.measures import load, say
from metric_assets_tests.benchmarks.world import CUTOFF, EVENTS_AN_IMAGE, World, tcp

PACKAGES = {
    "adbc-driver-postgresql": ("adbc",),
    "connectorx": ("connectorx",),
    "psycopg": ("psycopg", "psycopg.pq"),
}
#: As scans of small tables have it: a text, and a number that may be NULL.
WITH_TEXT = """SELECT r."imageId" AS "entityId", r."userId" AS "userId", r."createdAt" AS "createdAt",
r.reaction::text AS "reaction", NULLIF(r."userId" % 10, 0) AS "amount" FROM "ImageReaction" r"""
FIXED, TEXT = "the scan of reactions, fixed width", "with a text and NULLs"


@dataclass(frozen=True)
class Driver:
    """A driver (of driver_readers.READERS), and the folder of its package if not installed."""

    name: str
    kind: str
    folder: Path | None = None

    @property
    def path(self) -> dict[str, str]:
        """What makes a Python process take it."""
        before = [str(self.folder)] if self.folder else []
        after = [part for part in (os.environ.get("PYTHONPATH"), str(Path.cwd())) if part]
        return {"PYTHONPATH": os.pathsep.join([*before, *after])}

    def answer(self, question: str, url: str, text: str = "") -> dict[str, Any]:
        """What a process of its own says, or how it died."""
        module = "metric_assets_tests.benchmarks.driver_child"
        try:
            done = subprocess.run(
                [sys.executable, "-m", module, self.kind, question, url, text],
                env={**os.environ, **self.path},
                capture_output=True,
                text=True,
                check=False,
                timeout=180,
            )
        except subprocess.TimeoutExpired:
            return {"error": "no answer within 180 s"}
        if done.returncode < 0:
            return {"error": f"the process died of signal {-done.returncode}"}
        lines = (done.stdout if done.returncode == 0 else done.stderr).strip().splitlines()
        if done.returncode:
            return {"error": lines[-1] if lines else f"exit code {done.returncode}"}
        found: dict[str, Any] = json.loads(lines[-1])
        return found


@dataclass
class Comparison:
    """Answers of each driver, by question; figures of each round."""

    rounds: dict[tuple[str, str], list[dict[str, Any]]] = field(default_factory=dict)
    answers: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)

    def median(self, driver: str, what: str, figure: str) -> float | None:
        """The middle of the rounds; None where the driver had none."""
        values = [one[figure] for one in self.rounds.get((driver, what), []) if figure in one]
        return statistics.median(values) if values else None


def installed(folders: Sequence[Path]) -> Iterator[Driver]:
    """Drivers of this environment and of the folders."""
    for folder in (None, *folders):
        there = distributions() if folder is None else distributions(path=[str(folder)])
        versions = {one.metadata["Name"]: one.version for one in there}
        for package, kinds in PACKAGES.items():
            if package not in versions and folder is None:
                say(f"{package}: not installed; give a folder of `pip install --target`")
            for kind in kinds if package in versions else ():
                name = f"{kind} {versions[package]}"
                yield Driver(f"{name} ({folder.name})" if folder else name, kind, folder)


def compare(world: World, drivers: Sequence[Driver], events: int, rounds: int) -> Comparison:
    """Ask everything once, and what is timed once a round, in turn."""
    url = tcp(world.source.postgres_url)
    found = Comparison()
    for question in set(QUESTIONS) - {"speed"}:
        for driver in drivers:
            found.answers[driver.name, question] = driver.answer(question, url)
            say(f"{driver.name}: {question}: {found.answers[driver.name, question]}")
    texts = {FIXED: _scan(events), TEXT: WITH_TEXT}
    for _ in range(rounds):
        for what, text in texts.items():
            for driver in drivers:
                _keep(found, driver, what, driver.answer("speed", url, text))
        for driver in drivers:
            if driver.kind == "adbc":
                with patch.dict(os.environ, driver.path):
                    _keep(found, driver, "load", load(world, 2 * events // 5))
    _agree(found)
    return found


def _scan(events: int) -> str:
    cutoff = datetime.fromisoformat(CUTOFF.replace("Z", "+00:00"))
    stop = events // EVENTS_AN_IMAGE
    return render(sql("image/reactions"), {"start": 0, "stop": stop, "until": cutoff})


def _keep(found: Comparison, driver: Driver, what: str, answer: dict[str, Any]) -> None:
    found.rounds.setdefault((driver.name, what), []).append(answer)
    say(f"{driver.name}: {what}: {answer}")


def _agree(found: Comparison) -> None:
    """All who read a statement have read the same."""
    for what in (FIXED, TEXT):
        read = {
            (one["rows"], one["sum"])
            for (_, asked), answers in found.rounds.items()
            for one in answers
            if asked == what and "rows" in one
        }
        assert len(read) == 1, (what, read)


def markdown(found: Comparison, drivers: Sequence[Driver]) -> str:
    """Three tables: figures, types, and what goes wrong."""
    return "\n\n".join([*_figures(found, drivers), _types(found, drivers), _faults(found, drivers)])


def _figures(found: Comparison, drivers: Sequence[Driver]) -> Iterator[str]:
    names = ("cpu", "wall", "first", "mib", "batches", "largest")
    for what in (FIXED, TEXT):
        rows = [
            [driver.name, *(_number(found.median(driver.name, what, name)) for name in names)]
            for driver in drivers
        ]
        yield _table(f"{what}: driver", names, rows)
    timed = ("cpu", "seconds")
    loads = [
        [driver.name, *(_number(found.median(driver.name, "load", name)) for name in timed)]
        for driver in drivers
        if driver.kind == "adbc"
    ]
    yield _table("a load of one partition: driver", timed, loads)


def _types(found: Comparison, drivers: Sequence[Driver]) -> str:
    answers = [found.answers[driver.name, "types"] for driver in drivers]
    rows = [[name, *(str(one.get(name, one.get("error"))) for one in answers)] for name in VALUES]
    return _table("type", [driver.name for driver in drivers], rows)


def _faults(found: Comparison, drivers: Sequence[Driver]) -> str:
    rows = [
        [question, *(_told(found.answers[driver.name, question]) for driver in drivers)]
        for question in QUESTIONS
        if question not in ("speed", "types")
    ]
    return _table("asked", [driver.name for driver in drivers], rows)


def _told(answer: dict[str, Any]) -> str:
    return "; ".join(
        f"{name} {value:.2f}" if isinstance(value, float) else f"{name} {value}"
        for name, value in answer.items()
    ).replace("|", "/")


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,.2f}" if value < 100 else f"{value:,.0f}"


def _table(first: str, names: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [[first, *names], ["---"] * (1 + len(names)), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
