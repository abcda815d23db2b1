"""The drill over operations that go wrong: each step says what is not as expected, and it ends."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from metric_assets.audit.source_check import SourceVerdict
from metric_assets.catalog import CATALOG
from metric_assets.catalog.model import Pair
from metric_assets.cli import local, main
from metric_assets.cli.backfill import Loaded
from metric_assets.errors import BusyError, SettingsError, UnavailableError
from metric_assets.explanation import Cause, Explanation, Finding
from metric_assets.live import LiveFigures
from metric_assets.local.drill import Drill
from metric_assets.local.drill_ports import Changed, Kind
from metric_assets.local.planting import FAULTS, Fault, Held, Planted
from metric_assets.local.stack import Endpoints
from metric_assets.operations.pair_report import PairReport
from metric_assets.ranges import IdRange
from metric_assets_tests.unit.test_report import load_result

pytestmark = pytest.mark.unit

IDS, OTHER = IdRange(0, 100), IdRange(100, 200)
LOST, OTHER_USER, LIVE = (fault.pair for fault in FAULTS)
WHOLE = {
    LOST: Held(1_000, 1),
    OTHER_USER: Held(200, 2),
    LIVE: Held(300, 3),
    "Tag/Hidden": Held(9, 9),
}
DAMAGED = {**WHOLE, LOST: Held(960, 4), OTHER_USER: Held(200, 5), LIVE: Held(295, 6)}
CURE = f"replay them; or `metric-assets backfill {LIVE} --range 0-99 --heal-live`"


def finding(cause: Cause, rows: int, cure: str = "load the range") -> Finding:
    """A finding of one entity."""
    return Finding(
        cause, "verified", "", "", f"{rows} events in", rows, 0, 1, ((17, rows),), (), (), cure
    )


def result(pair: str, ids: IdRange = IDS, **changes: Any) -> SourceVerdict:
    """A source check of a range, with an explanation that names entity 17."""
    why = Explanation(pair, ids.key, (finding(Cause.UNKNOWN, 1),))
    return SourceVerdict(load_result(pair, ids, dry_run=True, **changes), why)


@dataclass
class World:
    """A target and operations that give what a drill expects, but for what a test changes."""

    held_now: dict[str, Held] = field(default_factory=lambda: dict(WHOLE))
    fit: dict[str, int] = field(default_factory=lambda: {one.pair: one.rows for one in FAULTS})
    checks: list[dict[str, list[SourceVerdict]]] = field(default_factory=list)
    asked: list[list[str]] = field(default_factory=list)
    explanations: dict[str, Explanation] = field(default_factory=dict)
    results: dict[str, Changed] = field(default_factory=dict)
    leaves: dict[str, Mapping[str, Held]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        causes = {one.pair: finding(one.cause, one.rows, CURE) for one in FAULTS}
        self.explanations = {
            pair: Explanation(pair, IDS.key, (one,)) for pair, one in causes.items()
        }
        self.checks = [
            {
                LOST: [result(LOST, inserted=40), result(LOST, OTHER)],
                OTHER_USER: [result(OTHER_USER, inserted=12, removed=12)],
                LIVE: [result(LIVE, live=LiveFigures(live_missing=5))],
            },
            {pair: [result(pair)] for pair in WHOLE},
        ]
        self.results = {
            "repair": Changed("1234567890", 52, 12),
            "heal": Changed("heal", 5, 0),
            "undo": Changed("undo", 12, 52),
        }
        self.leaves = {
            "repair": {LOST: WHOLE[LOST], OTHER_USER: WHOLE[OTHER_USER]},
            "heal": {LIVE: Held(300, 7)},
            "undo": {LOST: DAMAGED[LOST], OTHER_USER: DAMAGED[OTHER_USER]},
        }

    def choose(self, fault: Fault) -> Planted | None:
        rows = self.fit[fault.pair]
        keys = tuple((17, user) for user in range(rows))
        return Planted(fault, CATALOG.pairs[fault.pair], IDS, keys) if rows else None

    def plant(self, planted: Planted) -> None:
        self.held_now[planted.pair.key] = DAMAGED[planted.pair.key]

    def held(self) -> Mapping[str, Held]:
        return dict(self.held_now)

    def check(self, pairs: Sequence[Pair]) -> Sequence[PairReport]:
        self.asked.append([pair.key for pair in pairs])
        found = self.checks[min(len(self.asked), len(self.checks)) - 1]
        return [PairReport(pair, source_verdicts=found[pair.key]) for pair in pairs]

    def explain(self, pair: Pair, ids: IdRange) -> Explanation:
        assert ids == IDS
        return self.explanations[pair.key]

    def repair(self, reports: Sequence[PairReport]) -> Changed:
        assert [one.pair.key for one in reports] == [LOST, OTHER_USER, LIVE]
        return self._change("repair")

    def heal(self, pair: Pair, ids: IdRange) -> Changed:
        assert (pair.key, ids) == (LIVE, IDS)
        return self._change("heal")

    def undo(self, run: str) -> Changed:
        assert run == "1234567890"
        return self._change("undo")

    def _change(self, name: str) -> Changed:
        self.held_now |= self.leaves[name]
        return self.results[name]


def held_drill(world: World) -> tuple[Drill, list[tuple[Kind, str]]]:
    """A drill over a world, and what it told."""
    drill = Drill(world, world)
    return drill, [(told.kind, told.text) for told in drill.steps()]


def test_a_drill_tells_each_command_before_its_result() -> None:
    """What is typed, and a line or two of what came of it; the last checks are those of the end."""
    world = World()
    drill, told = held_drill(world)
    assert not drill.failed
    assert [text for kind, text in told if kind is not Kind.HEADING] == [
        "Bounty/Favorite    0-99  40 backfilled events deleted",
        "Bounty/Track       0-99  12 backfilled events given another user",
        "Bounty/Benefactor  0-99  5 live events deleted",
        "metric-assets reconcile Bounty/Favorite Bounty/Track Bounty/Benefactor --source",
        "Bounty/Favorite    0-99  differs: 40 missing, 0 surplus; e.g. id 17",
        "Bounty/Track       0-99  differs: 12 missing, 12 surplus; e.g. id 17",
        "Bounty/Benefactor  0-99  live drift: 5 live missing; e.g. id 17",
        "metric-assets explain Bounty/Favorite --range 0-99",
        "lost block: 40 events in 1 entity: events that were verified to be there are gone from the"
        " target (verified)",
        "metric-assets explain Bounty/Track --range 0-99",
        "wrong user: 12 events in 1 entity: users of events were changed in the target (verified)",
        "metric-assets explain Bounty/Benefactor --range 0-99",
        "live events lost: 5 events in 1 entity: the source has rows since the cutoff for which"
        " there is no live event (verified)",
        f"Cure: {CURE}",
        "metric-assets reconcile Bounty/Favorite Bounty/Track --repair --yes",
        "52 rows in, 12 out. Events now: Bounty/Favorite 1,000, Bounty/Track 200; row by row those of"
        " before",
        "metric-assets backfill Bounty/Benefactor --range 0-99 --heal-live",
        "5 rows in, just before the cutoff, in place of the live events",
        "metric-assets undo 12345678 --yes",
        "12 rows in, 52 out. Events now: Bounty/Favorite 960, Bounty/Track 200; the damage is back,"
        " row by row",
        "metric-assets reconcile Bounty/Favorite Bounty/Track --repair --yes",
        "52 rows in, 12 out. Events now: Bounty/Favorite 1,000, Bounty/Track 200; row by row those of"
        " before",
        "metric-assets reconcile Bounty/Favorite Bounty/Track Bounty/Benefactor --source",
        "All three equal their source; no row of another pair has changed",
    ]
    reports = drill.reports(list(CATALOG.pairs.values()))
    assert [one.pair.key for one in reports] == [LOST, OTHER_USER, LIVE]
    assert world.asked == [[LOST, OTHER_USER, LIVE]] * 2


def found(world: World, pair: str, *verdicts: SourceVerdict) -> None:
    """The first check comes to this for a pair."""
    world.checks[0] = {**world.checks[0], pair: list(verdicts)}


def named(world: World, pair: str, *causes: Cause, cure: str = CURE) -> None:
    """These causes are named for a pair."""
    findings = tuple(finding(cause, 1, cure) for cause in causes)
    world.explanations[pair] = Explanation(pair, IDS.key, findings)


def ends(world: World, name: str, **changes: Any) -> None:
    """An operation comes to something else."""
    world.results[name] = replace(world.results[name], **changes)


def leaves(world: World, name: str, pair: str) -> None:
    """An operation leaves other rows than it should."""
    world.leaves[name] = {**world.leaves[name], pair: Held(1_000, 77)}


def last(world: World, pair: str) -> None:
    """The last check finds a difference."""
    world.checks[1] = {**world.checks[1], pair: [result(pair, inserted=1)]}


WRONG: dict[str, tuple[Callable[[World], None], str]] = {
    "not found": (lambda w: found(w, LOST, result(LOST)), f"{LOST}: what the source check says"),
    "found in another range": (
        lambda w: found(w, LOST, result(LOST, OTHER, inserted=40)),
        f"{LOST}: ranges that differ: ['100-199'] instead of ['0-99']",
    ),
    "found in one more range": (
        lambda w: found(w, LOST, result(LOST, inserted=40), result(LOST, OTHER, inserted=1)),
        "ranges that differ: ['0-99', '100-199']",
    ),
    "fewer rows found": (lambda w: found(w, LOST, result(LOST, inserted=39)), "(39, 0, 0, 0)"),
    "surplus not found": (
        lambda w: found(w, OTHER_USER, result(OTHER_USER, inserted=12)),
        "(12, 0, 0, 0) instead of (12, 12, 0, 0)",
    ),
    "a live loss taken for one below the cutoff": (
        lambda w: found(w, LIVE, result(LIVE, inserted=5)),
        f"{LIVE}: what the source check says: differs instead of live drift",
    ),
    "another cause": (
        lambda w: named(w, LOST, Cause.ADDED),
        f"{LOST}/0-99: causes: added_at_source instead of lost_block",
    ),
    "one cause too many": (
        lambda w: named(w, OTHER_USER, Cause.WRONG_USER, Cause.UNKNOWN),
        "wrong_user, unknown instead of wrong_user",
    ),
    "no cause": (lambda w: named(w, LIVE), "none instead of live_events_lost"),
    "another cure": (
        lambda w: named(w, LIVE, Cause.LIVE_LOST, cure="wait"),
        f"{LIVE}/0-99: the cure is: wait",
    ),
    "a repair that fails": (lambda w: ends(w, "repair", failure="refused"), "1234567890: refused"),
    "a repair that leaves other rows": (
        lambda w: leaves(w, "repair", OTHER_USER),
        f"{OTHER_USER}: what the target holds after the repair",
    ),
    "a cure that fails": (lambda w: ends(w, "heal", failure="refused"), "heal: refused"),
    "a cure that writes less": (lambda w: ends(w, "heal", inserted=4), "(4, 0) instead of (5, 0)"),
    "an undo that fails": (lambda w: ends(w, "undo", failure="refused"), "undo: refused"),
    "an undo that leaves other rows": (
        lambda w: leaves(w, "undo", LOST),
        f"{LOST}: what the target holds after the undo",
    ),
    "not equal at the end": (lambda w: last(w, LIVE), f"{LIVE}: the last check"),
    "another pair changed": (
        lambda w: leaves(w, "heal", "Tag/Hidden"),
        "Tag/Hidden: rows changed that nobody meant to change",
    ),
}


@pytest.mark.promise(
    "It says so, and the command exits 1.",
    when="a step of the demo's drill does not give what is expected",
    area="counter",
)
@pytest.mark.parametrize("name", WRONG)
def test_what_is_not_as_expected_ends_the_drill(name: str) -> None:
    """It is said as the last line, and how the counters are is asked again."""
    world = World()
    change, said = WRONG[name]
    change(world)
    drill, told = held_drill(world)
    assert drill.failed
    assert [kind for kind, _ in told].index(Kind.PROBLEM) == len(told) - 1
    assert told[-1][1].startswith("Not as expected: ")
    assert said in told[-1][1]
    asked = len(world.asked)
    drill.reports(list(CATALOG.pairs.values()))
    changed = {key for key in WHOLE if world.held_now[key] != WHOLE[key]}
    assert len(world.asked) == asked + 1
    assert set(world.asked[-1]) == {LOST, OTHER_USER, LIVE} | changed


def test_a_small_demo_has_no_drill() -> None:
    """Where a fault finds nothing to damage, nothing is damaged, and that is said."""
    world = World()
    world.fit[LIVE] = 0
    drill, told = held_drill(world)
    assert not drill.failed
    assert told[-1][1] == f"Left out: {LIVE}: no events to damage in so small a demo"
    assert world.held_now == WHOLE
    assert drill.reports(list(CATALOG.pairs.values())) == []
    assert world.asked == []


@pytest.mark.parametrize(
    ("error", "raised"),
    [
        (BusyError("Bounty/Track/0-99: busy"), False),
        (SettingsError("not the demo's"), True),
        (UnavailableError("ClickHouse is gone"), True),
    ],
)
def test_errors_of_operations(
    monkeypatch: pytest.MonkeyPatch, error: Exception, raised: bool
) -> None:
    """One of an operation is not as expected; a store that is gone is no verdict."""

    def broken(*_: object) -> Explanation:
        raise error

    world = World()
    monkeypatch.setattr(world, "explain", broken)
    if raised:
        with pytest.raises(type(error)):
            held_drill(world)
        return
    drill, told = held_drill(world)
    assert drill.failed
    assert told[-1] == (Kind.PROBLEM, f"Not as expected: {error}")


def test_one_run_repairs_what_is_planted() -> None:
    """Faults below the cutoff are of one entity type, and every fault is of a pair of its own."""
    assert len({one.pair for one in FAULTS}) == len(FAULTS)
    assert len({CATALOG.pairs[one.pair].entity for one in FAULTS if not one.live}) == 1


@dataclass
class Demo:
    """`metric-assets demo` without its stack: a load and a drill that come to what a test says."""

    load_is_clean: bool = True
    drill_is_clean: bool = True
    drills: int = 0

    def load(self, *_: object) -> Loaded:
        pairs = list(CATALOG.pairs.values())
        return Loaded([PairReport(pair, source_verdicts=[result(pair.key)]) for pair in pairs], [], "", self.load_is_clean)  # fmt: skip

    def after_drill(self, loaded: Loaded, *_: object) -> Loaded:
        self.drills += 1
        return replace(loaded, clean=self.drill_is_clean)


@pytest.fixture
def run_demo(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, list[str]]]:
    """Calls the console script; its exit code, and the lines on stdout."""
    monkeypatch.chdir(tmp_path)
    for name in [*os.environ]:
        if name.startswith(("METRIC_ASSETS_", "DAGSTER_")):
            monkeypatch.delenv(name)
    found = Endpoints("postgresql://u@h/p", "postgresql://u@h/d", "http://u:@h:1/d")
    monkeypatch.setattr(local, "start", lambda _port: found)
    monkeypatch.setattr(local, "fill", lambda *_: None)

    def call(demo: Demo, *arguments: str) -> tuple[int, list[str]]:
        monkeypatch.setattr(local, "load", demo.load)
        monkeypatch.setattr(local, "after_drill", demo.after_drill)
        monkeypatch.setattr(sys, "argv", ["metric-assets", "demo", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        code = ended.value.code or 0
        assert isinstance(code, int)
        return code, capsys.readouterr().out.splitlines()

    return call


@pytest.mark.parametrize(
    ("demo", "arguments", "code", "drills"),
    [
        (Demo(), [], 0, 1),
        (Demo(), ["--no-drill"], 0, 0),
        (Demo(drill_is_clean=False), [], 1, 1),
        (Demo(load_is_clean=False), [], 1, 0),
    ],
    ids=["a drill", "none asked for", "a drill that fails", "a load that is not clean"],
)
def test_the_demo_ends_with_a_drill(
    run_demo: Callable[..., tuple[int, list[str]]],
    demo: Demo,
    arguments: list[str],
    code: int,
    drills: int,
) -> None:
    """Where all is loaded, and not asked to leave it out; the sentence about all counters is last."""
    exit_code, lines = run_demo(demo, *arguments)
    assert (exit_code, demo.drills) == (code, drills)
    assert lines[-1] == f"All {len(CATALOG.pairs)} counters equal their source."
