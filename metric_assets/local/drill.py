"""The drill of the demo: faults are planted, found, explained, repaired, undone, repaired again.

Belongs here: the steps. Does not belong here: what is planted (planting), what each step has to
give (drill_verdicts), how operations run and steps are shown (cli).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from metric_assets.catalog.model import Pair
from metric_assets.errors import MetricAssetsError, SettingsError, UnavailableError
from metric_assets.local.drill_ports import Kind, Operations, Target, Told
from metric_assets.local.drill_verdicts import (
    Unexpected,
    counts,
    ended,
    expect,
    explained,
    found,
    heal_command,
)
from metric_assets.local.planting import FAULTS, Fault, Held, Planted
from metric_assets.operations.pair_report import PairReport


class Drill:
    """A drill. ``failed`` says that a step did not give what is expected; it ends there."""

    def __init__(
        self, target: Target, operations: Operations, faults: Sequence[Fault] = FAULTS
    ) -> None:
        self.failed = False
        self._target = target
        self._operations = operations
        self._faults = faults
        self._planted: list[Planted] = []
        self._found: Sequence[PairReport] = ()
        self._last: Sequence[PairReport] | None = None
        self._before: Mapping[str, Held] = {}
        self._damaged: Mapping[str, Held] = {}
        self._run = ""

    def steps(self) -> Iterator[Told]:
        """Hold it, line by line. Raises UnavailableError if a store does not answer, SettingsError
        if nothing may be damaged.
        """
        yield Told(Kind.HEADING, "Drill: the target is damaged behind the back of metric_assets")
        if unfit := self._choose():
            names = ", ".join(unfit)
            yield Told(Kind.RESULT, f"Left out: {names}: no events to damage in so small a demo")
            return
        try:
            yield from self._plant()
            yield from self._find()
            yield from self._explain()
            yield from self._repair()
            yield from self._undo()
            yield from self._end()
        except (UnavailableError, SettingsError):
            raise
        except (Unexpected, MetricAssetsError) as problem:
            self.failed = True
            yield Told(Kind.PROBLEM, f"Not as expected: {problem}")

    def reports(self, pairs: Sequence[Pair]) -> Sequence[PairReport]:
        """How counters are at the end: checks of those that were damaged, and of any of ``pairs``
        whose rows are not those of before the drill. All others are as they were.
        """
        if self._last is None:
            changed = self._changed() | {one.pair.key for one in self._planted}
            doubted = [pair for pair in pairs if pair.key in changed]
            self._last = self._operations.check(doubted) if doubted else []
        return self._last

    def _choose(self) -> list[str]:
        """Choose what is damaged: nothing if a pair has no events fit for it; such pairs."""
        self._before = self._target.held()
        chosen = {fault.pair: self._target.choose(fault) for fault in self._faults}
        unfit = [pair for pair, one in chosen.items() if one is None]
        self._planted = [] if unfit else [one for one in chosen.values() if one is not None]
        return unfit

    def _plant(self) -> Iterator[Told]:
        for planted in self._planted:
            self._target.plant(planted)
            yield self._row(planted, f"{planted.rows} {planted.fault.words}")
        self._damaged = self._target.held()

    def _find(self) -> Iterator[Told]:
        yield Told(Kind.HEADING, "1. Found: every row is compared with its source")
        yield _reconcile(self._planted, "--source")
        self._found = self._operations.check([one.pair for one in self._planted])
        for planted, report in zip(self._planted, self._found, strict=True):
            yield self._row(planted, found(planted, report))

    def _explain(self) -> Iterator[Told]:
        yield Told(Kind.HEADING, "2. Explained: hypotheses are tested against rows of both sides")
        for planted in self._planted:
            place = f"{planted.pair.key} --range {planted.ids.key}"
            yield Told(Kind.COMMAND, f"metric-assets explain {place}")
            explanation = self._operations.explain(planted.pair, planted.ids)
            for line in explained(planted, explanation):
                yield Told(Kind.RESULT, line)

    def _repair(self) -> Iterator[Told]:
        yield Told(Kind.HEADING, "3. Repaired: only what differs is written")
        yield from self._load_again()
        for planted in self._planted:
            if planted.fault.live:
                yield from self._heal(planted)

    def _load_again(self) -> Iterator[Told]:
        yield _reconcile(self._below, "--repair --yes")
        changed = ended(self._operations.repair(self._found))
        self._run = changed.run
        self._expect_held("after the repair", self._before)
        yield Told(
            Kind.RESULT,
            f"{changed.inserted} rows in, {changed.removed} out. Events now:"
            f" {counts(self._below, self._before)}; row by row those of before",
        )

    def _heal(self, planted: Planted) -> Iterator[Told]:
        yield Told(Kind.COMMAND, heal_command(planted))
        changed = ended(self._operations.heal(planted.pair, planted.ids))
        written = (changed.inserted, changed.removed)
        expect(f"{planted.pair.key}: rows in and out", written, (planted.rows, 0))
        yield Told(
            Kind.RESULT,
            f"{changed.inserted} rows in, just before the cutoff, in place of the live events",
        )

    def _undo(self) -> Iterator[Told]:
        yield Told(Kind.HEADING, "4. Undone: what a run changed is put back")
        yield Told(Kind.COMMAND, f"metric-assets undo {self._run[:8]} --yes")
        changed = ended(self._operations.undo(self._run))
        self._expect_held("after the undo", self._damaged)
        yield Told(
            Kind.RESULT,
            f"{changed.inserted} rows in, {changed.removed} out. Events now:"
            f" {counts(self._below, self._damaged)}; the damage is back, row by row",
        )

    def _end(self) -> Iterator[Told]:
        yield Told(Kind.HEADING, "5. Repaired again, and checked")
        yield from self._load_again()
        yield _reconcile(self._planted, "--source")
        pairs = [one.pair for one in self._planted]
        reports = self._operations.check(pairs)
        for report in reports:
            said = (report.source_check, report.status)
            expect(f"{report.pair.key}: the last check", said, ("equal", "ok"))
        others = sorted(self._changed() - {pair.key for pair in pairs})
        if others:
            raise Unexpected(f"{', '.join(others)}: rows changed that nobody meant to change")
        self._last = reports
        yield Told(Kind.RESULT, "All three equal their source; no row of another pair has changed")

    @property
    def _below(self) -> list[Planted]:
        """Faults below the cutoff."""
        return [one for one in self._planted if not one.fault.live]

    def _changed(self) -> set[str]:
        """The keys of pairs that hold other rows than before the drill."""
        held = self._target.held()
        return {key for key in {*held, *self._before} if held.get(key) != self._before.get(key)}

    def _expect_held(self, when: str, wanted: Mapping[str, Held]) -> None:
        """Raise Unexpected unless pairs damaged below the cutoff hold just what they held once."""
        held = self._target.held()
        for one in self._below:
            key = one.pair.key
            expect(f"{key}: what the target holds {when}", held.get(key), wanted.get(key))

    def _row(self, planted: Planted, text: str) -> Told:
        pair = max(len(one.pair.key) for one in self._planted)
        ids = max(len(one.ids.key) for one in self._planted)
        return Told(Kind.RESULT, f"{planted.pair.key:<{pair}}  {planted.ids.key:<{ids}}  {text}")


def _reconcile(planted: Sequence[Planted], options: str) -> Told:
    names = " ".join(one.pair.key for one in planted)
    return Told(Kind.COMMAND, f"metric-assets reconcile {names} {options}")
