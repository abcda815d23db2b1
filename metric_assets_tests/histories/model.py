"""Loads of histories by the rule in plain Python, and the verdict on each.

Belongs here: what a load sees, what it leaves, and whether the counter is right. Does not belong
here: an engine; test_engine_histories compares one with this.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum

from metric_assets_tests.histories.kinds import History
from metric_assets_tests.histories.rule import (
    Found,
    Key,
    Kind,
    Row,
    adjustment_rows,
    cancel_out,
    judge,
)
from metric_assets_tests.histories.world import CUTOFF, LAG, LOADS, SKEW

#: The entity of every history here.
ENTITY = 1
MS = timedelta(milliseconds=1)


class Verdict(str, Enum):
    """What a load came to for one entity."""

    RIGHT = "right"
    KILLED = "died"
    TOLD = "wrong, and told"
    LATER = "wrong until a later event is loaded"
    WRONG = "wrong, untold"
    MOVED = "a right counter was moved"


@dataclass
class Loads:
    """The loads of one history: ``held`` is what the target has below the cutoff."""

    history: History
    held: Counter[Row] = field(default_factory=Counter)
    loaded: bool = False
    found: Found | None = None
    #: What was held before each load that stands, and whether there had been one.
    before: list[tuple[Counter[Row], bool]] = field(default_factory=list)

    def undo(self) -> None:
        """Undo the last load that stands."""
        self.held, self.loaded = self.before.pop()

    def load(self, number: int) -> Verdict:
        """One load with its second look, and the verdict on the counter."""
        history, world = self.history, self.history.world
        at = LOADS[number] - (history.stale if number == 1 else timedelta(0))
        cutoff = history.moved if number >= 2 else CUTOFF
        if cutoff != CUTOFF and number == 2:
            self._move(cutoff, at)
        self.before.append((Counter(self.held), self.loaded))
        kind = self.history.kind
        if number in history.heal:
            kind = Kind(kind.signed, absorb=True, by_entity=kind.by_entity)
        truth = sum(row.value for row in world.standing(at))
        right_before = self._counter(cutoff, at) == truth
        view = View(self, at, cutoff, kind)
        first = view.look(LOADS[number], None)
        wanted = view.wanted(first)
        if number in history.killed:
            # What it wrote before it died: a part of what was missing.
            missing = sorted((wanted - self.held).elements(), key=repr)
            self.held += Counter(missing[: len(missing) // 2])
            return Verdict.KILLED
        known = view.known(first, LOADS[number])
        earlier = {one.key.user: one.present for one in first.judgements if one.written}
        self.held = wanted
        second = view.look(LOADS[number] + LAG, earlier, known)
        self.held = view.wanted(second, known)
        self.loaded = True
        self.found = second
        wrong = abs(self._counter(cutoff, at) - truth)
        if not wrong:
            return Verdict.RIGHT
        told = second.missing + second.phantom + second.width + second.untold
        if wrong <= told:
            return Verdict.MOVED if right_before and not told else Verdict.TOLD
        # Of what arrived after the second look nobody could know.
        later = sum(
            abs(event.value)
            for event in world.events
            if event.moment <= at and event.arrives > LOADS[number] + LAG
        )
        if wrong <= told + later:
            return Verdict.LATER
        return Verdict.MOVED if right_before else Verdict.WRONG

    def _counter(self, cutoff: datetime, at: datetime) -> int:
        """What a reader sees once everything of before ``at`` has arrived."""
        live = sum(
            event.value
            for event in self.history.world.events
            if event.moment <= at and event.dated >= cutoff
        )
        return live + sum(value * copies for (_, _, value), copies in self.held.items())

    def _move(self, cutoff: datetime, at: datetime) -> None:
        """Live events before the new cutoff now lie below it."""
        for event in self.history.world.events:
            if CUTOFF <= event.dated < cutoff and event.arrives <= at:
                self.held[event.user, event.dated, event.value] += 1


@dataclass
class View:
    """What one load sees: the source as of ``at``, and live events as they have arrived."""

    loads: Loads
    at: datetime
    cutoff: datetime
    kind: Kind

    @property
    def sure(self) -> datetime:
        """Events dated before it count."""
        return self.at - SKEW

    @property
    def until(self) -> datetime:
        """Events dated after it are not looked at."""
        return self.at + SKEW

    @property
    def recent(self) -> datetime:
        """Events dated from here on may be late."""
        return self.at - LAG

    def user(self, user: int) -> int:
        """The user of a key."""
        return 0 if self.kind.by_entity else user

    def live(self, arrived: datetime) -> list[tuple[int, datetime, int]]:
        """Live events that have arrived: user, dated, value."""
        return [
            (self.user(event.user), event.dated, event.value)
            for event in self.loads.history.world.events
            if event.arrives <= arrived and self.cutoff <= event.dated <= self.until
        ]

    def known(self, first: Found, arrived: datetime) -> set[int]:
        """Users whose rows are kept for the second look."""
        recent = {user for user, dated, _ in self.live(arrived) if dated >= self.recent}
        return recent | {one.key.user for one in first.judgements if one.written}

    def look(
        self, arrived: datetime, earlier: dict[int, int] | None, known: set[int] | None = None
    ) -> Found:
        """Judge with what has arrived; a second look sees ``known`` keys and late ones only."""
        keys: dict[int, Key] = {}
        live = self.live(arrived)
        late: set[int] = set()
        if known is not None:
            late = {user for user, dated, _ in live if dated >= self.recent} - known

        def of(user: int) -> Key:
            return keys.setdefault(user, Key(ENTITY, user))

        for row in self.loads.history.world.standing(self.at):
            user = self.user(row.user)
            if known is not None and user not in known:
                continue
            if row.created < self.cutoff:
                of(user).before += row.value
            else:
                of(user).after += row.value
                of(user).recent |= row.created >= self.recent
        for (who, _, value), copies in self.loads.held.items():
            user = self.user(who)
            if known is not None and user not in known | late:
                continue
            of(user).held += value * copies
            of(user).held_rows += copies
            if user in late:
                of(user).before += value * copies
        for user, dated, value in live:
            if known is not None and user not in known | late:
                continue
            of(user).live.append((dated, value))
            if user in late and dated < self.recent:
                of(user).after += value
        for user, held in (earlier or {}).items():
            of(user).earlier = held
        fresh = not self.loads.held and earlier is None
        unloaded = fresh or (not self.loads.loaded and earlier is None)
        return judge(keys.values(), self.kind, self.sure, self.until, unloaded=unloaded)

    def wanted(self, found: Found, known: set[int] | None = None) -> Counter[Row]:
        """What must be held; of a second look, what is held of other keys stays."""
        source: dict[int, list[Row]] = defaultdict(list)
        for row in self.loads.history.world.standing(self.at):
            if row.created < self.cutoff and row.value:
                source[self.user(row.user)].append((row.user, row.created, row.value))
        held: dict[int, list[Row]] = defaultdict(list)
        for one in self.loads.held.elements():
            held[self.user(one[0])].append(one)
        wanted: Counter[Row] = Counter()
        for user in source.keys() | held.keys() | {user for _, user in found.adjustments}:
            late = known is not None and user not in known
            rows = held[user] if late else source[user]
            wanted.update(rows)
            adjustment = found.adjustments.get((ENTITY, user), 0)
            if adjustment:
                before = self.cutoff - MS
                wanted += adjustment_rows(adjustment, rows, held[user], user, before)
        if any(found.adjustments.values()):
            cancel_out(wanted, self.cutoff - MS)
        return wanted
