"""Honest fakes of the stores: classes with state that behave as the real ones promise.

Belongs here: a source that yields frames, a target that keeps rows and takes the signed difference
as sql/clickhouse/difference.sql does, a locks. All conform to metric_assets.stores.ports. Does
not belong here: expectations, which are written out in the tests.
"""

from __future__ import annotations

import math
import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fractions import Fraction
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from metric_assets.audit.late_events import Totals
from metric_assets.changes import Known
from metric_assets.errors import BusyError, SchemaDriftError, TargetError
from metric_assets.events import Bounds
from metric_assets.examined import COLUMNS, Examined
from metric_assets.fingerprint import Accumulator, Prints, bucket
from metric_assets.live import DriftHour, Judged, Judging, LiveFigures
from metric_assets.plan import Mode, Summary
from metric_assets.ranges import IdRange
from metric_assets.row_hash import row_hashes
from metric_assets.source_state import SourceState
from metric_assets.sql import Statement
from metric_assets.stores.ports import (
    Binds,
    PartitionLock,
    PartitionLocks,
    Reading,
    Rows,
    Scope,
    Source,
    Target,
)
from metric_assets.stores.stage_port import LiveSeen, Stage
from metric_assets_tests.histories.rule import Found, Kind, adjustment_rows, cancel_out, judge
from metric_assets_tests.histories.rule import Key as KeySums

#: A source that shows all there is.
PRIMARY = SourceState()


class Event(NamedTuple):
    """A row of the target."""

    entity: str
    metric: str
    entity_id: int
    user_id: int
    created: datetime
    value: int


class Key(NamedTuple):
    """What two events must share to be copies or negations of each other."""

    metric: str
    entity_id: int
    user_id: int
    created: datetime
    magnitude: int


class Change(NamedTuple):
    """One row of a difference."""

    add_positive: int
    add_negative: int
    remove_positive: int
    remove_negative: int
    compensating: int


@dataclass
class FakeReading:
    """One statement being read; remembers whether somebody cancelled it."""

    items: Sequence[pl.DataFrame | BaseException]
    snapshot: str = "snapshot 1"
    cancelled: bool = False
    closed: bool = False
    given: int = 0
    state: SourceState = PRIMARY

    def frames(self) -> Iterator[pl.DataFrame]:
        """The frames; an exception among them is raised where it stands."""
        for item in self.items:
            if isinstance(item, BaseException):
                raise item
            self.given += 1
            yield item

    def cancel(self) -> None:
        """Note it."""
        assert not self.closed, "a reading is cancelled before its connection is closed"
        self.cancelled = True


@dataclass
class FakeSource:
    """A store whose every statement returns ``items``."""

    items: Sequence[pl.DataFrame | BaseException] = ()
    readings: list[FakeReading] = field(default_factory=list)
    asked: list[tuple[str, Binds, str]] = field(default_factory=list)
    state: SourceState = PRIMARY

    def expected(self, _statement: Statement, _binds: Binds, _owner: str) -> None:
        """Nobody knows."""

    def now(self) -> None:
        """The state says what is shown."""

    @contextmanager
    def read(
        self, statement: Statement, binds: Binds, owner: str, tables: Sequence[str] = ()
    ) -> Iterator[FakeReading]:
        """Open a reading, after the check of binds that the real stores make."""
        statement.check(binds)
        assert tables, "a scan says which tables it reads"
        self.asked.append((statement.name, dict(binds), owner))
        snapshot = f"snapshot {len(self.readings) + 1}"
        reading = FakeReading(self.items, snapshot=snapshot, state=self.state)
        self.readings.append(reading)
        try:
            yield reading
        finally:
            reading.closed = True


@dataclass
class FakeLock:
    """A lock that may be lost: it can be verified ``lasts`` times."""

    scopes: Sequence[Scope]
    lasts: float
    verified: int = 0
    living: frozenset[str] = frozenset()

    def is_alive(self, attempt: str) -> bool:
        """Whether a dry run is among the living."""
        return attempt in self.living

    def verify(self) -> None:
        """Raise BusyError once the lock is gone."""
        if self.verified >= self.lasts:
            raise BusyError(f"{self.scopes[0].label}: lost the lock of this partition")
        self.verified += 1


@dataclass
class FakeLocks:
    """Holds pairs and ranges; ``held`` are those of other attempts, ``living`` other dry runs."""

    held: set[tuple[str, str, str]] = field(default_factory=set)
    lasts: float = float("inf")
    acquired: list[FakeLock] = field(default_factory=list)
    watches: list[FakeLock] = field(default_factory=list)
    living: frozenset[str] = frozenset()

    @contextmanager
    def acquire(self, *scopes: Scope) -> Iterator[FakeLock]:
        """Take every pair of the scopes, or none."""
        keys = {key for scope in scopes for key in self._free(scope)}
        self.held |= keys
        lock = FakeLock(scopes, self.lasts, living=self.living)
        self.acquired.append(lock)
        try:
            yield lock
        finally:
            self.held -= keys

    @contextmanager
    def watch(self, attempt: str, *scopes: Scope) -> Iterator[FakeLock]:
        """Take nothing; refused where somebody holds a pair of the scopes."""
        for scope in scopes:
            self._free(scope)
        lock = FakeLock(scopes, self.lasts, living=self.living | {attempt})
        self.watches.append(lock)
        yield lock

    def _free(self, scope: Scope) -> set[tuple[str, str, str]]:
        keys = {(scope.entity, metric, scope.ids.key) for metric in scope.metrics}
        taken = sorted(keys & self.held)
        if taken:
            raise BusyError(f"{'/'.join(taken[0])}: another run is materializing this partition")
        return keys


def _nobody(target: FakeTarget) -> None:
    """Nobody else writes."""
    del target


def _is_dead(name: str, is_alive: Callable[[str], bool], *, dry_run: bool) -> bool:
    attempt = name.partition("dry run ")[2]
    return not is_alive(attempt) if attempt else not dry_run


class FakeTarget:
    """A table that keeps a multiset of rows, and the stages of attempts beside it.

    ``writes`` names every step that reached the table. ``after_write`` is called with the target
    after each of them: somebody else who writes. ``stage_loses`` rows vanish on their way into the
    stage. ``leftovers`` is what dead attempts left: clean_up() ends it. With ``insert_hangs`` an insert
    ends, as an error, only when the attempt is cancelled.
    """

    def __init__(self, mode: Mode = Mode.REPLACE, rows: Sequence[Event] = ()) -> None:
        self.mode = mode
        self.rows: Counter[Event] = Counter(rows)
        self.writes: list[str] = []
        self.stages: list[FakeStage] = []
        self.leftovers: list[str] = []
        self.cleanings = 0
        self.stage_loses = 0
        self.insert_fails: BaseException | None = None
        self.insert_hangs = False
        self.cancelled = threading.Event()
        self.after_write: Callable[[FakeTarget], None] = _nobody
        self.bounds = Bounds()
        self.memory_rows = 0
        #: What attempts kept for their second looks, by attempt.
        self.kept: dict[str, Kept] = {}
        self.columns = {"entityId": "Int32", "metricValue": "Int32"}

    @property
    def open_stages(self) -> int:
        """Stages nobody has dropped."""
        return sum(not stage.dropped for stage in self.stages)

    def clean_up(
        self,
        scopes: Sequence[Scope],
        is_alive: Callable[[str], bool],
        *,
        dry_run: bool = False,
        spare: Collection[str] = (),
    ) -> list[str]:
        """End the leftovers of the dead: "dry run x" is that of dry run x, all else of dead runs."""
        del scopes, spare
        self.cleanings += 1
        ended = [name for name in self.leftovers if _is_dead(name, is_alive, dry_run=dry_run)]
        self.leftovers = [name for name in self.leftovers if name not in ended]
        return ended

    def rows_of(self, _scopes: Sequence[Scope]) -> dict[Scope, pl.DataFrame]:
        """Nothing is read beforehand."""
        return {}

    @contextmanager
    def stage(
        self,
        scope: Scope,
        attempt: str,
        *,
        dry_run: bool = False,
        seen: pl.DataFrame | None = None,
    ) -> Iterator[FakeStage]:
        """An empty stage, dropped on the way out."""
        del dry_run, seen
        stage = FakeStage(self, scope, attempt)
        self.stages.append(stage)
        try:
            yield stage
        finally:
            stage.dropped = True

    def still_kept(self, attempts: Sequence[str]) -> set[str]:
        """Those attempts of which what they kept is still there."""
        return set(attempts) & self.kept.keys()

    def forget(self, attempt: str) -> None:
        """Drop what an attempt kept."""
        self.kept.pop(attempt, None)

    def newest_live(
        self, entity: str, cutoff: datetime, *, fresh: bool = False
    ) -> dict[str, datetime]:
        """The newest live event of each metric."""
        del fresh
        found: dict[str, datetime] = {}
        for event in self.rows:
            if event.entity == entity and event.created >= cutoff:
                found[event.metric] = max(found.get(event.metric, cutoff), event.created)
        return found

    def write_down(
        self,
        scope: Scope,
        metric: str,
        known: Known,
        changes: Mapping[Key, tuple[tuple[int, int], tuple[int, int]]] | None,
        copies: tuple[int, int],
    ) -> None:
        """Changes are not recorded here; see fake_repairs."""

    def add(self, event: Event, copies: int) -> None:
        """Add copies of an event, or take them away."""
        self.rows[event] += copies

    def wrote(self, step: str) -> None:
        """Account for a step that reached the table, then let others write."""
        self.rows = +self.rows
        self.writes.append(step)
        self.after_write(self)

    def totals_until(
        self,
        entity: str,
        metrics: Sequence[str],
        ids: Sequence[int],
        sure: datetime,
        until: datetime,
    ) -> pl.DataFrame:
        """Sums of events dated before ``sure``; what those up to ``until`` add and take off."""
        sums: dict[tuple[int, str], list[int]] = {}
        for event, copies in self.rows.items():
            if event.entity == entity and event.metric in metrics and event.entity_id in ids:
                if event.created > until:
                    continue
                found = sums.setdefault((event.entity_id, event.metric), [0, 0, 0])
                place = 0 if event.created < sure else 1 if event.value > 0 else 2
                found[place] += (abs(event.value) if place == 2 else event.value) * copies
        return pl.DataFrame(
            [(*key, *values) for key, values in sums.items()],
            schema={
                "entityId": pl.Int64,
                "metricType": pl.String,
                "total": pl.Int64,
                "plus": pl.Int64,
                "minus": pl.Int64,
            },
            orient="row",
        )

    def live_since(self, entity: str, metrics: Sequence[str], since: datetime) -> bool:
        """Whether any event of the metrics is dated at or after an instant."""
        return any(
            event.entity == entity and event.metric in metrics and event.created >= since
            for event in self.rows
        )

    def totals(self, entity: str, metrics: Sequence[str], ids: IdRange) -> pl.DataFrame:
        """Sums of all events, whatever their time."""
        sums: Counter[tuple[int, str]] = Counter()
        for event, copies in self.rows.items():
            inside = ids.start <= event.entity_id < ids.stop
            if event.entity == entity and event.metric in metrics and inside:
                sums[event.entity_id, event.metric] += event.value * copies
        return pl.DataFrame(
            [(entity_id, metric, total) for (entity_id, metric), total in sums.items()],
            schema={"entityId": pl.Int64, "metricType": pl.String, "total": pl.Int64},
            orient="row",
        )


@dataclass
class Kept:
    """What an attempt keeps for its second look: keys, what was held of them, and source rows."""

    keys: set[tuple[str, int, int]]
    earlier: dict[tuple[str, int, int], int]
    rows: Counter[Event]


class FakeStage:
    """The private tables of one attempt. Live events are judged by the rule in plain Python."""

    def __init__(self, target: FakeTarget, scope: Scope, attempt: str) -> None:
        self._target = target
        self._scope = scope
        self._guard = threading.Lock()
        self._difference: dict[Key, Change] = {}
        self._loses = target.stage_loses
        self.attempt = attempt
        self._judged: dict[str, Found] = {}
        self._recalled: Kept | None = None
        self._only: set[tuple[str, int]] | None = None
        self.coarse = False
        self.memory_rows = target.memory_rows
        self.asked_whether_occupied = False
        self.rows: Counter[Event] = Counter()
        self.after: Counter[Event] = Counter()
        self.inserts: list[int] = []
        self.dropped = False
        self.mode = target.mode
        self.bounds = target.bounds

    def occupied(self) -> bool:
        """Whether the table holds anything in the scope."""
        self.asked_whether_occupied = True
        return bool(self._in_scope())

    def fingerprints(self, prints: Prints) -> pl.DataFrame:
        """What the table holds, by bucket."""
        sums = Accumulator(prints)
        rows = [
            event
            for event in self._target.rows.elements()
            if self._inside(event)
            and (event.created < self._scope.cutoff or event.metric in prints.judged)
            and event.created <= prints.until
        ]
        columns = ("metricType", "entityId", "userId", "createdAt", "metricValue")
        kinds = (pl.String, pl.Int64, pl.Int64, pl.Datetime("ms", "UTC"), pl.Int64)
        frame = pl.DataFrame(
            [row[1:] for row in rows], schema=dict(zip(columns, kinds, strict=True)), orient="row"
        )
        sums.add(frame)
        held = pl.col("createdAt") < self._scope.cutoff
        late = held & (pl.col("createdAt") >= prints.exact)
        value = pl.col("metricValue")
        hashes = row_hashes(frame.rename({"metricValue": "value"})).alias("hash")
        beside = (
            frame.with_columns(hashes)
            .group_by("metricType", bucket().alias("bucket"))
            .agg(
                held.sum().cast(pl.Int64).alias("held"),
                value.filter(held).sum().alias("held_total"),
                pl.col("hash").filter(held).sum().alias("digest"),
                late.sum().cast(pl.Int64).alias("adjustments"),
                value.filter(late & (value > 0)).sum().alias("up"),
                (-value.filter(late & (value < 0))).sum().alias("down"),
            )
        )
        return sums.result().join(beside, on=["metricType", "bucket"])

    def restrict(self, buckets: pl.DataFrame) -> None:
        """Look at these buckets only."""
        self._only = set(buckets.iter_rows())

    def cancel(self) -> None:
        """End an insert that hangs."""
        self._target.cancelled.set()

    def insert(self, events: pl.DataFrame) -> None:
        """Keep the rows, but for those the test wants lost."""
        assert not self.dropped, "a stage takes no rows after it was dropped"
        if self._target.insert_fails is not None:
            raise self._target.insert_fails
        if self._target.insert_hangs:
            assert self._target.cancelled.wait(30), "nobody cancelled"
            raise TargetError("query was cancelled")
        columns = ("metricType", "entityId", "userId", "createdAt", "metricValue")
        with self._guard:
            self.inserts.append(events.height)
            for row in events.select(columns).iter_rows():
                if self._loses:
                    self._loses -= 1
                    continue
                event = Event(self._scope.entity, *row)
                kept = self.rows if event.created < self._scope.cutoff else self.after
                kept[event] += 1

    def staged(self) -> dict[str, Summary]:
        """What the stage holds."""
        return self._summaries(self.rows)

    def beside(self) -> dict[str, Summary]:
        """What was inserted from the cutoff on."""
        return self._summaries(self.after)

    def present(self) -> dict[str, Summary]:
        """What the table holds in the scope."""
        return self._summaries(self._in_scope())

    def sees_live(self, judging: Judging) -> LiveSeen:
        """Whether the scope holds live events, and recent ones."""
        found = [event.created for event in self._live(judging)]
        return LiveSeen(bool(found), any(at >= judging.horizon.recent for at in found))

    def recall(self, attempt: str, judging: Judging) -> bool:
        """Take up what an attempt kept, with keys that show a recent event only now."""
        kept = self._target.kept.get(attempt)
        if kept is None:
            return False
        late = {
            self._key(event, judging)
            for event in self._live(judging)
            if event.created >= judging.horizon.recent
        } - kept.keys
        rows = Counter(kept.rows)
        for event, copies in self._target.rows.items():
            old = event.created < max(self._scope.cutoff, judging.horizon.recent)
            if self._inside(event) and self._key(event, judging) in late and old:
                rows[event] += copies
        self._recalled = Kept(kept.keys | late, kept.earlier, rows)
        self._judging = judging
        for event, copies in rows.items():
            (self.rows if event.created < self._scope.cutoff else self.after)[event] += copies
        return True

    def judge(self, judging: Judging, fresh: Sequence[str]) -> dict[str, Judged]:
        """Judge by the rule in plain Python."""
        self._judging = judging
        found: dict[str, Judged] = {}
        for metric in judging.metrics:
            keys = self._keys(metric, judging)
            kind = Kind(
                metric in judging.signed, metric in judging.absorbing, metric in judging.by_entity
            )
            sure, until = judging.horizon.sure, judging.horizon.until
            unloaded = metric in fresh or metric not in judging.loaded
            one = judge(keys.values(), kind, sure, until, unloaded=unloaded)
            self._judged[metric] = one
            found[metric] = Judged(
                LiveFigures(
                    one.withdrawn,
                    one.overlap,
                    one.unsettled,
                    one.width,
                    one.moved,
                    one.missing,
                    one.phantom,
                    one.untold,
                ),
                one.changes,
                max(map(abs, one.adjustments.values()), default=0),
            )
        return found

    def keep(self, judging: Judging) -> None:
        """Keep the keys that were written down or show a recent event, and their rows."""
        keys = {
            self._key(event, judging)
            for event in self._live(judging)
            if event.created >= judging.horizon.recent
        }
        earlier = {}
        for metric, found in self._judged.items():
            for one in found.judgements:
                if one.written:
                    earlier[metric, one.key.entity, one.key.user] = one.present
        keys |= earlier.keys()
        both = self.rows + self.after
        rows = {event: n for event, n in both.items() if self._key(event, judging) in keys}
        self._target.kept[self.attempt] = Kept(keys, earlier, Counter(rows))

    def adjust(self, judging: Judging) -> None:
        """Put the adjustments beside the source's rows."""
        for metric, found in self._judged.items():
            for (entity, user), value in found.adjustments.items():
                key = (metric, entity, user)
                wanted, held = (
                    [
                        (event.user_id, event.created, event.value)
                        for event in rows.elements()
                        if self._key(event, judging) == key
                    ]
                    for rows in (Counter(self.rows), self._in_scope())
                )
                before = self._scope.cutoff - timedelta(milliseconds=1)
                right = Counter(wanted) + adjustment_rows(value, wanted, held, user, before)
                cancel_out(right, before)
                for who, at, size in {*wanted, *right}:
                    event = Event(self._scope.entity, metric, entity, who, at, size)
                    self.rows[event] = right[who, at, size]

    def drift_hours(self, judging: Judging) -> dict[str, tuple[DriftHour, ...]]:
        """Not told by the fake."""
        del judging
        return {}

    def gone_entities(self) -> dict[str, dict[int, int]]:
        """Entities of which something is gone untold."""
        return {metric: found.gone for metric, found in self._judged.items() if found.gone}

    def examine(self, metric: str, most: int) -> Examined:
        """The rows of the metric on all sides; nothing is judged here that would be told."""
        del most

        def frame(rows: Counter[Event]) -> pl.DataFrame:
            own = [one for one in rows.elements() if one.metric == metric]
            columns = [(one.entity_id, one.user_id, one.value, one.created) for one in own]
            return pl.DataFrame(columns, schema=COLUMNS, orient="row")

        return Examined(frame(self.rows), frame(self._in_scope()), frame(self.after))

    def looked(self, fresh: Sequence[str]) -> dict[str, tuple[int, int, int]]:
        """The part of the difference that lies in the keys that were kept."""
        keys = self._target.kept[self.attempt].keys
        found: dict[str, tuple[int, int, int]] = {}
        for key, change in self._difference.items():
            event = Event(
                self._scope.entity, key.metric, key.entity_id, key.user_id, key.created, 0
            )
            if self._key(event, self._judging) in keys:
                inserted, removed, compensated = found.get(key.metric, (0, 0, 0))
                found[key.metric] = (
                    inserted + change.add_positive + change.add_negative,
                    removed + change.remove_positive + change.remove_negative,
                    compensated + change.compensating,
                )
        for metric in fresh:
            staged = sum(
                copies
                for event, copies in self.rows.items()
                if event.metric == metric and self._key(event, self._judging) in keys
            )
            found[metric] = (staged, 0, 0)
        return found

    def _keys(self, metric: str, judging: Judging) -> dict[tuple[int, int], KeySums]:
        keys: dict[tuple[int, int], KeySums] = {}

        def of(event: Event) -> KeySums:
            _, entity, user = self._key(event, judging)
            return keys.setdefault((entity, user), KeySums(entity, user))

        for event, copies in self.rows.items():
            if event.metric == metric:
                of(event).before += event.value * copies
        for event, copies in self.after.items():
            if event.metric == metric:
                of(event).after += event.value * copies
                of(event).recent |= event.created >= judging.horizon.recent
        for event, copies in self._in_scope().items():
            if event.metric == metric:
                of(event).held += event.value * copies
                of(event).held_rows += copies
        for event in self._live(judging):
            if event.metric == metric and self._kept(event):
                of(event).live.append((event.created, event.value))
        for (name, entity, user), held in (
            self._recalled.earlier if self._recalled else {}
        ).items():
            if name == metric:
                keys.setdefault((entity, user), KeySums(entity, user)).earlier = held
        return keys

    def _key(self, event: Event, judging: Judging) -> tuple[str, int, int]:
        whole = event.metric in judging.by_entity
        return event.metric, event.entity_id, 0 if whole else event.user_id

    def _kept(self, event: Event) -> bool:
        """Whether the attempt looks at an event: it may be restricted to buckets, or to keys."""
        if self._only is not None and (event.metric, event.entity_id // 16) not in self._only:
            return False
        return self._recalled is None or self._key(event, self._judging) in self._recalled.keys

    def _live(self, judging: Judging) -> list[Event]:
        return [
            event
            for event in self._target.rows.elements()
            if self._inside(event)
            and self._scope.cutoff <= event.created <= judging.horizon.until
            and event.metric in judging.metrics
        ]

    def _inside(self, event: Event) -> bool:
        scope = self._scope
        return (
            event.entity == scope.entity
            and event.metric in scope.metrics
            and scope.ids.start <= event.entity_id < scope.ids.stop
        )

    def difference(self, metrics: Sequence[str]) -> dict[str, tuple[int, int, int]]:
        """The arithmetic of sql/clickhouse/difference.sql and difference_summary.sql."""
        wanted = self._signs(self.rows, metrics)
        present = self._signs(self._in_scope(), metrics)
        self._difference = {}
        found: dict[str, tuple[int, int, int]] = {}
        for key in wanted.keys() | present.keys():
            change = signed_difference(
                wanted.get(key, (0, 0)), present.get(key, (0, 0)), key.magnitude, self.mode
            )
            if change is not None:
                self._difference[key] = change
                inserted, removed, compensated = found.get(key.metric, (0, 0, 0))
                found[key.metric] = (
                    inserted + change.add_positive + change.add_negative,
                    removed + change.remove_positive + change.remove_negative,
                    compensated + change.compensating,
                )
        return found

    def publish(self, metrics: Sequence[str], known: Known, *, alone: bool) -> None:
        """Attach everything where the stage holds nothing else, else copy; the stage keeps it."""
        for metric in metrics:
            mine = [one for one in self.rows.elements() if one.metric == metric]
            plus = sum(one.value >= 0 for one in mine)
            copies = (plus, len(mine) - plus)
            counts = None if metric in known.empty else self._signs(self.rows, [metric])
            changes = None
            if counts is not None:
                changes = {key: ((0, 0), after) for key, after in counts.items()}
            self._target.write_down(self._scope, metric, known, changes, copies)
        if alone and self.mode is Mode.REPLACE:
            others = {event.metric for event in self.rows} - set(metrics)
            assert not others, f"attaching a partition would take {others} along"
        for event, count in self.rows.items():
            if event.metric in metrics:
                self._target.add(event, count)
        attaches = alone and self.mode is Mode.REPLACE
        self._target.wrote(f"{'move' if attaches else 'insert'} {'+'.join(metrics)}")

    def apply_difference(self, metrics: Sequence[str], known: Known) -> None:
        """Write the last difference."""
        held = self._signs(self._in_scope(), metrics)
        for metric in metrics:
            changes = {}
            for key, change in self._difference.items():
                if key.metric == metric:
                    plus, minus = held.get(key, (0, 0))
                    after = (
                        plus + change.add_positive - change.remove_positive,
                        minus + change.add_negative - change.remove_negative,
                    )
                    changes[key] = ((plus, minus), after)
            both = [(after[0] - old[0], after[1] - old[1]) for old, after in changes.values()]
            copies = (sum(one for one, _ in both), sum(one for _, one in both))
            self._target.write_down(self._scope, metric, known, changes, copies)
        for key, change in self._difference.items():
            positive, negative = self._events(key)
            self._target.add(positive, change.add_positive)
            self._target.add(negative, change.add_negative)
            if key.metric not in metrics and change.remove_positive + change.remove_negative:
                raise TargetError(f"{key.metric}: its surplus is removed without being named")
            self._target.add(positive, -change.remove_positive)
            self._target.add(negative, -change.remove_negative)
        self._target.wrote(f"apply {'+'.join(metrics)}")

    def _in_scope(self) -> Counter[Event]:
        return Counter(
            {
                event: copies
                for event, copies in self._target.rows.items()
                if self._inside(event) and event.created < self._scope.cutoff and self._kept(event)
            }
        )

    def _summaries(self, rows: Counter[Event]) -> dict[str, Summary]:
        found = {metric: Summary() for metric in self._scope.metrics}
        for event, copies in rows.items():
            old = found[event.metric]
            signed = copies if event.value >= 0 else -copies
            found[event.metric] = Summary(
                old.events + copies,
                old.total + event.value * copies,
                (old.hash + _hash(event) * copies) % 2**64,
                old.net + signed,
            )
        return found

    def _events(self, key: Key) -> tuple[Event, Event]:
        row = (self._scope.entity, key.metric, key.entity_id, key.user_id, key.created)
        return Event(*row, key.magnitude), Event(*row, -key.magnitude)

    @staticmethod
    def _signs(rows: Counter[Event], metrics: Sequence[str]) -> dict[Key, tuple[int, int]]:
        found: dict[Key, tuple[int, int]] = {}
        for event, copies in rows.items():
            if event.metric in metrics:
                key = Key(
                    event.metric, event.entity_id, event.user_id, event.created, abs(event.value)
                )
                positive, negative = found.get(key, (0, 0))
                if event.value >= 0:
                    found[key] = (positive + copies, negative)
                else:
                    found[key] = (positive, negative + copies)
        return found


@dataclass
class FakeRows:
    """The source as checks see it, by table: legacy rows, living ids, and for ids whether they were
    made at or after the cutoff.
    """

    legacy: Mapping[str, pl.DataFrame] = field(default_factory=dict)
    existing: Mapping[str, set[int]] = field(default_factory=dict)
    made: Mapping[str, Mapping[int, bool]] = field(default_factory=dict)
    asked: list[tuple[str, Binds]] = field(default_factory=list)
    #: What its clock says, UTC without zone, and what a reading shows where that is something else.
    clock: datetime = datetime(2026, 6, 1)
    shown: datetime | None = None

    def __enter__(self) -> FakeRows:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is open."""

    def frame(self, statement: Statement, binds: Binds) -> pl.DataFrame:
        """The answer to a statement of sql/legacy or sql/entities."""
        statement.check(binds)
        self.asked.append((statement.name, dict(binds)))
        folder, _, question = statement.name.partition("/")
        if folder == "postgres":
            return pl.DataFrame({"shown": [self.shown or self.clock], "clock": [self.clock]})
        table = str(binds["table"])
        if folder == "legacy":
            return self._legacy(question, table, binds)
        if question == "existing":
            ids = binds["ids"]
            assert isinstance(ids, list)
            found = sorted({int(one) for one in ids} & self.existing.get(table, set()))
            return pl.DataFrame({"id": found}, schema={"id": pl.Int32})
        made = sorted(self.made.get(table, {}).items())
        if question == "next":
            most = _whole(binds, "most")
            rows = [(one, new) for one, new in made if one >= _whole(binds, "first")][:most]
            return pl.DataFrame(rows, schema={"id": pl.Int64, "after": pl.Boolean}, orient="row")
        old = [one for one, new in made if not new]
        if question == "outside":
            first, last = _whole(binds, "first"), _whole(binds, "last")
            return _cells([one for one in old if first <= one <= last], binds)
        found = [one for one in old if one < _whole(binds, "below")][-1:]
        return pl.DataFrame({"id": found}, schema={"id": pl.Int64})

    def _legacy(self, question: str, table: str, binds: Binds) -> pl.DataFrame:
        """Legacy rows have their column of ids under its alias, entityId."""
        rows = self.legacy.get(table)
        if question == "columns":
            known = [] if rows is None else ["tagId", *rows.drop("entityId").columns]
            return pl.DataFrame({"column": known}, schema={"column": pl.String})
        columns = binds["columns"]
        assert isinstance(columns, list)
        if rows is None or binds["id"] != "tagId" or not set(columns) <= set(rows.columns):
            raise SchemaDriftError(f"legacy/counters ({table}): relation or column does not exist")
        if not rows["entityId"].dtype.is_integer():
            return rows.select("entityId", *columns)
        start, stop = pl.lit(binds["start"]), pl.lit(binds["stop"])
        inside = pl.col("entityId").is_between(start, stop, closed="left")
        return rows.filter(inside).select("entityId", *columns)


def _whole(binds: Binds, name: str) -> int:
    """A bind that is a whole number."""
    value = binds[name]
    assert isinstance(value, int)
    return value


def _cells(ids: Sequence[int], binds: Binds) -> pl.DataFrame:
    """What sql/entities/outside.sql says of ids: number, count, lowest and highest of a cell."""
    size = _whole(binds, "size")
    cells: dict[int, list[int]] = {}
    for one in ids:
        cells.setdefault(math.floor(Fraction(one, size)), []).append(one)
    return pl.DataFrame(
        [(cell, len(inside), min(inside), max(inside)) for cell, inside in cells.items()],
        schema=dict.fromkeys(("cell", "count", "lowest", "highest"), pl.Int64),
        orient="row",
    )


@cache
def _hash(event: Event) -> int:
    """The hash of an event, as the target has it."""
    row = {
        "entityId": [event.entity_id],
        "userId": [event.user_id],
        "value": [event.value],
        "createdAt": [event.created],
    }
    kinds = {"createdAt": pl.Datetime("ms", "UTC")}
    return int(row_hashes(pl.DataFrame(row, schema_overrides=kinds))[0])


def signed_difference(
    wanted: tuple[int, int], present: tuple[int, int], magnitude: int, mode: Mode
) -> Change | None:
    """One key of difference.sql: (events, negations) wanted and present; None if in sync."""
    net = wanted[0] - wanted[1] - present[0] + present[1]
    if mode is Mode.APPEND:
        negations = 0 if magnitude == 0 else max(-net, 0)
        compensating = min(negations, max(present[0] - wanted[0], 0)) + min(
            max(net, 0), max(present[1] - wanted[1], 0)
        )
        change = Change(max(net, 0), negations, 0, 0, compensating)
    else:
        change = Change(
            max(wanted[0] - present[0], 0),
            max(wanted[1] - present[1], 0),
            max(present[0] - wanted[0], 0),
            max(present[1] - wanted[1], 0),
            0,
        )
    return change if net != 0 and any(change[:4]) else None


if TYPE_CHECKING:
    _rows: Rows = FakeRows()
    _totals: Totals = FakeTarget()
    # The fakes are what the ports ask for, or mypy says so.
    _reading: Reading = FakeReading(())
    _source: Source = FakeSource()
    _locks: PartitionLocks = FakeLocks()
    _lock: PartitionLock = FakeLock.__new__(FakeLock)
    _target: Target = FakeTarget()
    _stage: Stage = FakeStage.__new__(FakeStage)
