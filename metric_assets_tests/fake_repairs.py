"""An honest fake of the record of changes and of an undo: by keys, in plain Python.

Belongs here: what stores/repairs and stores/undo_stage promise, over a FakeTarget. Does not belong
here: expectations.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from metric_assets.actor import Actor
from metric_assets.changes import (
    ChangedRange,
    Known,
    LaterRun,
    UndoPlan,
    own_runs,
    perhaps_in_the_way,
)
from metric_assets.plan import MetricPlan, Mode
from metric_assets.ranges import IdRange
from metric_assets.stores.ports import Scope
from metric_assets.stores.undo_port import Undoing, UndoTarget
from metric_assets_tests.fakes import Event, FakeTarget, Key, signed_difference

#: Copies of an event and of its negation.
Copies = tuple[int, int]
_WHEN = datetime(2026, 1, 1, tzinfo=timezone.utc)
_FAR = 2**63 - 1


class Killed(BaseException):
    """The process dies in the middle of a write."""


@dataclass(frozen=True)
class Record:
    """A change of a metric: what keys held before and were to hold afterwards; of one that fills an
    empty scope, None.
    """

    run: str
    undone: str
    scope: Scope
    metric: str
    previous: datetime | None
    keys: Mapping[Key, tuple[Copies, Copies]] | None
    rows: int = 0
    raised: int = 0
    lowered: int = 0


class FakeRepairs(FakeTarget):
    """A target that records its changes, made by ``run``. ``dies`` counts single rows that are
    written before the process dies.
    """

    def __init__(self, mode: Mode = Mode.REPLACE, rows: Sequence[Event] = ()) -> None:
        super().__init__(mode, rows)
        self.actor = Actor("somebody", "host", "command", "run 1")
        self.records: list[Record] = []
        self.dies: int | None = None

    def write_down(
        self,
        scope: Scope,
        metric: str,
        known: Known,
        changes: Mapping[Key, tuple[Copies, Copies]] | None,
        copies: Copies,
    ) -> None:
        """Keep what is about to change."""
        previous = known.cutoffs.get(metric)
        rows = copies[0] - copies[1] if self.mode is Mode.APPEND else sum(copies)
        raised, lowered = copies
        if changes is not None:
            nets = [after[0] - after[1] - old[0] + old[1] for old, after in changes.values()]
            raised, lowered = (sum(max(s * net, 0) for net in nets) for s in (1, -1))
        self.records.append(
            Record(self.actor.run, "", scope, metric, previous, changes, rows, raised, lowered)
        )

    def add(self, event: Event, copies: int) -> None:
        """One copy after the other, up to the death of the process."""
        for _ in range(abs(copies)):
            if self.dies is not None:
                if not self.dies:
                    self.dies = None
                    self.rows = +self.rows
                    raise Killed
                self.dies -= 1
            self.rows[event] += 1 if copies > 0 else -1

    @contextmanager
    def undoing(
        self, changed: ChangedRange, attempt: str, *, dry_run: bool = False
    ) -> Iterator[FakeUndo]:
        """An attempt at a pair and range."""
        del attempt, dry_run
        yield FakeUndo(self, changed)

    def ranges(self, run: str) -> list[ChangedRange]:
        """What a run changed."""
        found: dict[tuple[str, IdRange], list[int]] = {}
        for place, one in enumerate(self.records):
            if one.run == run:
                found.setdefault((one.metric, one.scope.ids), []).append(place)
        return [self._range(run, *pair, places) for pair, places in found.items()]

    def _range(self, run: str, metric: str, ids: IdRange, places: list[int]) -> ChangedRange:
        records = [self.records[place] for place in places]
        fills = [place for place in places if self.records[place].keys is None]
        return ChangedRange(
            run,
            records[0].scope.entity,
            metric,
            ids,
            max(one.scope.cutoff for one in records),
            records[0].previous,
            _WHEN,
            places[0],
            bool(fills),
            fills[0] if fills else _FAR,
        )


class FakeUndo:
    """Conforms to Undoing."""

    def __init__(self, target: FakeRepairs, changed: ChangedRange) -> None:
        self._target = target
        self._changed = changed
        self._runs: tuple[str, ...] = (changed.run,)
        self._changes: dict[Key, tuple[Copies, Copies]] = {}

    def later(self) -> list[LaterRun]:
        """Runs that changed the same since, and stand."""
        found: dict[tuple[str, IdRange], LaterRun] = {}
        for place, one in enumerate(self._target.records):
            ids = one.scope.ids
            same = one.metric == self._changed.metric and ids.overlaps(self._changed.ids)
            if same and one.run != self._changed.run and place > self._changed.number:
                new = LaterRun(one.run, one.undone, "u", "h", _WHEN, ids, place, place)
                known = found.setdefault((one.run, ids), new)
                found[one.run, ids] = replace(known, last=place)
        later = list(found.values())
        self._runs = own_runs(self._changed.run, later)
        return [one for one in perhaps_in_the_way(self._changed.run, later) if self._stands(one)]

    def _stands(self, later: LaterRun) -> bool:
        return any(
            self._differ(one)
            for one in self._target.ranges(later.run)
            if one.metric == self._changed.metric and one.ids == later.ids
        )

    def portions(self) -> list[IdRange]:
        """Two halves, so that portions are met."""
        ids = self._changed.ids
        middle = (ids.start + ids.stop) // 2
        if self._changed.emptied or middle in (ids.start, ids.stop):
            return [ids]
        return [IdRange(ids.start, middle), IdRange(middle, ids.stop)]

    def compare(self, portion: IdRange) -> UndoPlan:
        """What differs in a portion."""
        held = self._held(self._changed, portion)
        found = self._differ(self._changed)
        found = {key: both for key, both in found.items() if key.entity_id in _ids(portion)}
        self._changes = found
        added = removed = compensated = 0
        for key, (now, wanted) in found.items():
            change = signed_difference(wanted, now, key.magnitude, self._target.mode)
            if change is None:
                # Both sides weigh the same, and copies differ: to delete is to be exact.
                added += sum(max(w - n, 0) for w, n in zip(wanted, now, strict=True))
                removed += sum(max(n - w, 0) for w, n in zip(wanted, now, strict=True))
                continue
            added += change.add_positive + change.add_negative
            removed += change.remove_positive + change.remove_negative
            compensated += change.compensating
        present = sum(map(sum, held.values()))
        wanted_rows = present + added - removed - 2 * compensated
        plan = MetricPlan(self._changed.metric, wanted_rows, present, added, removed, compensated)
        weigh = self._target.mode is Mode.APPEND
        rows = sum(plus - minus if weigh else plus + minus for plus, minus in held.values())
        return UndoPlan(plan, self._foreign(found, rows))

    def _foreign(self, found: Mapping[Key, tuple[Copies, Copies]], present: int) -> int:
        own = [one for one in self._records() if one.run in self._runs]
        if self._changed.emptied:
            rows = least = most = 0
            for one in own:
                rows += one.rows
                most = max(most, rows)
            if self._target.mode is Mode.APPEND:
                first = [one for one in own if one.run == self._changed.run]
                most = sum(one.raised for one in first)
                least = -sum(one.lowered for one in first)
            return max(present - most, least - present, 0)
        count = 0
        for key, (now, _) in found.items():
            states = [state for one in own if one.keys for state in one.keys.get(key, ())]
            weigh = self._target.mode is Mode.APPEND
            spans = zip(*[(s[0] - s[1],) if weigh else s for s in states], strict=True)
            mine = (now[0] - now[1],) if weigh else now
            inside = all(
                min(span) <= one <= max(span) for span, one in zip(spans, mine, strict=True)
            )
            count += not inside
        return count

    def record(self, number: int, previous: datetime | None) -> None:
        """Write down what will be put back."""
        del number
        target, changed = self._target, self._changed
        keys = {}
        for key, (now, wanted) in self._changes.items():
            aim = wanted
            if target.mode is Mode.APPEND:
                net = wanted[0] - wanted[1] - now[0] + now[1]
                aim = (now[0] + max(net, 0), now[1] + max(-net, 0))
            keys[key] = (now, aim)
        scope = Scope(changed.entity, (changed.metric,), changed.ids, changed.cutoff)
        sign = -1 if target.mode is Mode.APPEND else 1
        rows = sum(a[0] - n[0] + sign * (a[1] - n[1]) for n, a in keys.values())
        run = target.actor.run
        target.records.append(Record(run, changed.run, scope, changed.metric, previous, keys, rows))

    def put_back(self) -> None:
        """Write it, row by row: the process may die in between."""
        for key, (now, aim) in (self._target.records[-1].keys or {}).items():
            row = (self._changed.entity, key.metric, key.entity_id, key.user_id, key.created)
            self._target.add(Event(*row, key.magnitude), aim[0] - now[0])
            self._target.add(Event(*row, -key.magnitude), aim[1] - now[1])
        self._target.wrote("undo")

    def _records(self) -> list[Record]:
        return [
            one
            for one in self._target.records
            if (one.metric, one.scope.ids) == (self._changed.metric, self._changed.ids)
        ]

    def _differ(self, changed: ChangedRange) -> dict[Key, tuple[Copies, Copies]]:
        """Keys that do not hold what they held before a run: what they hold, and what then."""
        wanted: dict[Key, Copies] = {}
        for place, one in enumerate(self._target.records):
            same = (one.run, one.metric, one.scope.ids) == (
                changed.run,
                changed.metric,
                changed.ids,
            )
            if same and one.keys is not None and place < changed.until:
                for key, (before, _) in one.keys.items():
                    wanted.setdefault(key, before)
        held = self._held(changed, changed.ids)
        keys = set(wanted) | (set(held) if changed.whole else set())
        found = {}
        for key in keys:
            now, then = held.get(key, (0, 0)), wanted.get(key, (0, 0))
            if self._target.mode is Mode.APPEND:
                differs = now[0] - now[1] != then[0] - then[1] and key.magnitude > 0
                differs |= key.magnitude == 0 and now[0] - now[1] < then[0] - then[1]
            else:
                differs = now != then
            if differs:
                found[key] = (now, then)
        return found

    def _held(self, changed: ChangedRange, ids: IdRange) -> dict[Key, Copies]:
        found: dict[Key, Copies] = {}
        for event, copies in self._target.rows.items():
            if (
                (event.entity, event.metric) == (changed.entity, changed.metric)
                and event.entity_id in _ids(ids)
                and event.created < changed.cutoff
            ):
                key = Key(
                    event.metric, event.entity_id, event.user_id, event.created, abs(event.value)
                )
                plus, minus = found.get(key, (0, 0))
                both = (plus + copies, minus) if event.value >= 0 else (plus, minus + copies)
                found[key] = both
        return found


def _ids(portion: IdRange) -> range:
    return range(portion.start, portion.stop)


if TYPE_CHECKING:
    _undo: Undoing = FakeUndo.__new__(FakeUndo)
    _target: UndoTarget = FakeRepairs()
