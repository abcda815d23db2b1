"""Trials: every cause, some seeds, one pair; what was injected and what was said of it."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from metric_assets.catalog import CATALOG
from metric_assets.explanation import Cause
from metric_assets.local.stack import Endpoints
from metric_assets.operations.explain import Explained
from metric_assets.ranges import IdRange
from metric_assets_tests.explained.injections import INJECTIONS, live_begins_later, with_edge
from metric_assets_tests.explained.places import SIZE, Place
from metric_assets_tests.explained.world import KINDS, World, make_fine
from metric_assets_tests.integration.platforms import CUTOFF, open_platform

#: Two causes in one place: each has to be named, or nothing.
MIXTURES = (
    ("lost block", "added at the source"),
    ("deleted at the source", "wrong user"),
    ("time shift", "deleted at the source"),
    ("doubled block", "re-dated at the source"),
)
#: Causes that need a platform of their own.
_LATER, _CUT = "live begins later", "milliseconds cut"
#: When live events begin there.
BEGIN = CUTOFF + timedelta(days=20, hours=7, minutes=13)


@dataclass(frozen=True)
class Trial:
    """What was injected into one place, and what was said of it."""

    kind: str
    name: str
    seed: int
    expected: frozenset[Cause]
    detected: bool
    named: frozenset[Cause]
    sentence: str

    @property
    def word(self) -> str:
        """right, unknown (nothing was named), or wrong."""
        if self.named - self.expected:
            return "wrong"
        if self.expected and not self.named:
            return "unknown"
        return "right"


def names_of(name: str) -> tuple[str, ...]:
    """The single causes of a name."""
    return tuple(name.split(" + "))


#: Of mixtures so many seeds.
MIXED_SEEDS = 6
#: Everything that is injected.
NAMES = (*INJECTIONS, *(" + ".join(mixture) for mixture in MIXTURES))


def run(
    kind: str, wanted: Sequence[tuple[str, int]], endpoints: Endpoints, template: str, home: Path
) -> list[Trial]:
    """Inject (name, seed) into places of a kind of pair, each in its own platform if it needs one."""
    groups: dict[str, list[tuple[str, int]]] = {}
    for name, seed in wanted:
        apart = name if name == _LATER or (name == _CUT and kind == "ClickHouse") else ""
        groups.setdefault(apart, []).append((name, seed))
    found: list[Trial] = []
    for apart, chosen in groups.items():
        found += _together(kind, apart, chosen, endpoints, template, home)
    return found


def _together(
    kind: str,
    apart: str,
    wanted: Sequence[tuple[str, int]],
    endpoints: Endpoints,
    template: str,
    home: Path,
) -> list[Trial]:
    fine = kind != "ClickHouse" or apart == _CUT
    places = []
    for number, (name, seed) in enumerate(wanted):
        chance = random.Random(f"{kind} {name} {seed}")  # noqa: S311 - repeatable
        ids = IdRange(number * SIZE, (number + 1) * SIZE)
        place = Place(ids, chance, fine=fine, signed=kind == "ClickHouse")
        if "last instant" in names_of(name):
            with_edge(place)
        if apart == _LATER:
            live_begins_later(place, BEGIN)
        place.loaded = name != "never loaded"
        places.append(place)
    with open_platform(endpoints, template) as platform:
        if apart == _CUT:
            make_fine(platform)
        world = World(platform, CATALOG.pairs[KINDS[kind]], home, places)
        world.load()
        for place, (name, _) in zip(places, wanted, strict=True):
            for single in names_of(name):
                INJECTIONS[single][1](place)
        world.write()
        said: list[Explained] = []
        # A fifth of them is compared in the engine, the others in memory.
        for memory_rows in (0, 50_000):
            world.memory_rows = memory_rows
            with world.explainer() as explainer:
                said += [
                    explainer.explain(world.pair, place.ids)
                    for number, place in enumerate(places)
                    if (number % 5 == 0) is (memory_rows == 0)
                ]
    by_place = {one.verdict.ids: one for one in said}
    return [
        _trial(kind, name, seed, by_place[place.ids])
        for place, (name, seed) in zip(places, wanted, strict=True)
    ]


def _trial(kind: str, name: str, seed: int, said: Explained) -> Trial:
    expected = {INJECTIONS[single][0] for single in names_of(name)} - {None}
    explanations = [one for one in (said.source, said.legacy) if one is not None]
    findings = [one for explanation in explanations for one in explanation.findings]
    named = {one.cause for one in findings} - {Cause.UNKNOWN}
    sentence = "; ".join(one.sentence for one in explanations if one.sentence)
    causes = frozenset(one for one in expected if one is not None)
    return Trial(kind, name, seed, causes, bool(findings), frozenset(named), sentence)
