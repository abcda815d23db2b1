"""Undo as a law: whatever runs wrote, and wherever they died, what was there before comes back.

Belongs here: undo over fakes, as a part of the histories of a target. Does not belong here: an
engine (integration/test_undo).
"""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metric_assets.errors import UndoError
from metric_assets.load.loading import Stores
from metric_assets.load.pipeline import materialize
from metric_assets.load.undo import Undo
from metric_assets.plan import Mode
from metric_assets_tests.fake_repairs import FakeRepairs, Killed
from metric_assets_tests.fakes import Event, FakeLocks, FakeSource
from metric_assets_tests.unit.test_pipeline_properties import (
    CUTOFF,
    IDS,
    SCAN,
    Row,
    event,
    frames,
    nets,
    rows,
)

pytestmark = pytest.mark.unit

#: Where a process dies, in rows written; None where it lives.
deaths = st.none() | st.integers(0, 12)
loads = st.lists(st.tuples(rows, deaths), min_size=1, max_size=4)


class History:
    """Runs of one range after another, and what the target held before each."""

    def __init__(self, mode: Mode, present: list[Row]) -> None:
        self.target = FakeRepairs(mode, [event(row) for row in present])
        self.stranger = Event("User", "Net", 0, 9, CUTOFF, 1)
        self.target.rows[self.stranger] = 1
        self.before: list[tuple[str, Counter[Event]]] = []
        self.number = 0

    def begin(self) -> str:
        """Another run begins."""
        self.number += 1
        run = f"run {self.number}"
        self.target.actor = replace(self.target.actor, run=run)
        return run

    def load(self, wanted: list[Row], death: int | None) -> None:
        """Load a range; the process may die while it writes."""
        run = self.begin()
        self.before.append((run, Counter(self.target.rows)))
        source = FakeSource(frames(wanted, 3))
        self.target.dies = death
        with suppress(Killed):
            stores = Stores(source, self.target, FakeLocks())
            materialize(SCAN, SCAN.pairs, IDS, CUTOFF, stores, max_removed_share=1.0)
        self.target.dies = None

    def undo(self, run: str, death: int | None, *, force: bool = False) -> None:
        """Undo a run; the process may die while it writes."""
        self.begin()
        self.target.dies = death
        work = Undo(self.target, FakeLocks(), force)
        try:
            for changed in self.target.ranges(run):
                work.run(changed)
        finally:
            self.target.dies = None

    def check(self, held: Counter[Event]) -> None:
        """The target holds it again: row by row, or in worth where nothing is deleted."""
        found, held = +Counter(self.target.rows), +held
        assert found[self.stranger] == 1
        if self.target.mode is Mode.REPLACE:
            assert found == held
        else:
            left, right = nets(found), nets(held)
            # An event of value 0 is worth nothing, and none is taken away.
            assert {k: n for k, n in left.items() if k[4]} == {
                k: n for k, n in right.items() if k[4]
            }

    def check_loaded(self, wanted: list[Row]) -> None:
        """The target is worth what was wanted of the last load."""
        found = Counter(self.target.rows)
        assert found.pop(self.stranger) == 1
        assert nets(found) == nets(Counter(map(event, wanted)))


@pytest.mark.promise(
    "What was there before a run comes back, row by row; where nothing is deleted, in worth.",
    when="runs and undoings die anywhere (random histories over fakes)",
    area="undo",
)
@pytest.mark.parametrize("mode", [Mode.REPLACE, Mode.APPEND])
@settings(max_examples=60)
@given(present=rows, runs=loads, killed=st.lists(st.integers(0, 6), max_size=3))
def test_runs_are_undone_in_their_order(
    mode: Mode, present: list[Row], runs: list[tuple[list[Row], int | None]], killed: list[int]
) -> None:
    """The last first, each by undoings that die and one that lives; then a load makes all equal."""
    history = History(mode, present)
    for wanted, death in runs:
        history.load(wanted, death)
    for run, held in reversed(history.before):
        for death in killed:
            with suppress(Killed):
                history.undo(run, death)
        history.undo(run, None)
        history.check(held)
        assert history.target.open_stages == 0
    wanted = runs[-1][0]
    history.load(wanted, None)
    history.check_loaded(wanted)


@pytest.mark.parametrize("mode", [Mode.REPLACE, Mode.APPEND])
@settings(max_examples=30)
@given(present=rows, first=rows, second=rows, death=deaths)
def test_an_undo_is_undone(
    mode: Mode, present: list[Row], first: list[Row], second: list[Row], death: int | None
) -> None:
    """What the run had made comes back; so does what was before it, again."""
    history = History(mode, present)
    history.load(first, None)
    history.load(second, death)
    made = Counter(history.target.rows)
    run, held = history.before[-1]
    history.undo(run, None)
    undone = f"run {history.number}"
    history.undo(undone, None)
    history.check(made)
    history.undo(run, None)
    history.check(held)


@pytest.mark.parametrize("mode", [Mode.REPLACE, Mode.APPEND])
@settings(max_examples=30)
@given(first=rows, second=rows)
def test_a_later_run_stands_in_the_way_until_it_is_undone(
    mode: Mode, first: list[Row], second: list[Row]
) -> None:
    """An earlier run is refused as long as anything of the later one stands, and then is not."""
    history = History(mode, [])
    history.load(first, None)
    between = Counter(history.target.rows)
    history.load(second, None)
    wrote = bool(history.target.ranges("run 2"))
    if not history.target.ranges("run 1"):
        return
    if wrote:
        with pytest.raises(UndoError, match="undo later runs first: run 2"):
            history.undo("run 1", None)
        history.undo("run 2", None)
        history.check(between)
    history.undo("run 1", None)
    history.check(history.before[0][1])


@pytest.mark.parametrize("mode", [Mode.REPLACE, Mode.APPEND])
def test_what_somebody_else_wrote_is_refused(mode: Mode) -> None:
    """A key that the run changed holds more copies than ever: nothing is written unless forced."""
    history = History(mode, [(0, 0, 0, 1)])
    history.load([(0, 0, 0, 1), (1, 0, 0, 1)], None)
    history.target.rows[event((1, 0, 0, 1))] += 3
    held = Counter(history.target.rows)
    with pytest.raises(UndoError, match="somebody else wrote"):
        history.undo("run 1", None)
    assert history.target.rows == held
    history.undo("run 1", None, force=True)
    history.check(history.before[0][1])


def test_a_later_run_is_refused() -> None:
    """The first run is not undone while the second stands, which is named."""
    history = History(Mode.REPLACE, [])
    history.load([(0, 0, 0, 1)], None)
    history.load([(0, 0, 0, 1), (1, 0, 0, 1)], None)
    held = Counter(history.target.rows)
    with pytest.raises(UndoError, match="undo later runs first: run 2"):
        history.undo("run 1", None)
    assert history.target.rows == held
