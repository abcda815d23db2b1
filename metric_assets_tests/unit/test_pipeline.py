from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timezone

import polars as pl
import pytest

from metric_assets import events
from metric_assets.catalog import CATALOG
from metric_assets.catalog.model import Legacy, Pair
from metric_assets.catalog.scan import Scan
from metric_assets.errors import (
    BusyError,
    RejectedRowsError,
    RemovalRefusedError,
    SchemaDriftError,
    SourceError,
    StageMismatchError,
    TargetError,
    VerificationError,
)
from metric_assets.load import filling, reading
from metric_assets.load.load_results import code_version
from metric_assets.load.loading import Stores
from metric_assets.load.pipeline import materialize
from metric_assets.load.side_by_side import Stop, StoppedError
from metric_assets.load_result import LoadResult
from metric_assets.operations import report
from metric_assets.plan import Mode, RemovalGuard
from metric_assets.ranges import IdRange
from metric_assets.source_state import Loaded, Position, SourceState
from metric_assets_tests.fakes import Event, FakeLocks, FakeSource, FakeStage, FakeTarget

pytestmark = pytest.mark.unit

# Scans of our own on statements that exist: the text is only hashed, its binds are checked.
LEGACY = Legacy("UserMetric.x")
NET = Pair("User", "Net", "Signed.", LEGACY, value=pl.col("value"))
SIGNED = Scan("user/reactions", (NET,), ("reactions",))
UP = Pair("User", "Up", "Raised.", LEGACY, where=pl.col("type") == "up")
DOWN = Pair("User", "Down", "Lowered.", LEGACY, where=pl.col("type") == "down")
SIDE = Pair("User", "Side", "Moved.", LEGACY, where=pl.col("type") == "side")
TYPED = Scan("user/engaged", (UP, DOWN, SIDE), ("UserEngagement",))

IDS = IdRange(0, 1000)
CUTOFF = datetime(2025, 10, 1, tzinfo=timezone.utc)
MODES = pytest.mark.parametrize("mode", [Mode.REPLACE, Mode.APPEND])


@pytest.fixture(autouse=True)
def _frame_by_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each frame is worked on as it comes, whatever its size."""
    monkeypatch.setattr(reading, "GATHER_ROWS", 1)


def noon(day: int) -> datetime:
    """A time of January 2025."""
    return datetime(2025, 1, day, 12, tzinfo=timezone.utc)


def signed(*rows: tuple[int, int, int, int]) -> pl.DataFrame:
    """Source rows of (entity, user, day, value)."""
    return pl.DataFrame(
        [(entity, user, noon(day), value) for entity, user, day, value in rows],
        schema={
            "entityId": pl.Int32,
            "userId": pl.Int32,
            "createdAt": pl.Datetime("ms", "UTC"),
            "value": pl.Int32,
        },
        orient="row",
    )


def typed(*rows: tuple[int, int, int, str]) -> pl.DataFrame:
    """Source rows of (entity, user, day, type)."""
    return pl.DataFrame(
        [(entity, user, noon(day), kind) for entity, user, day, kind in rows],
        schema={
            "entityId": pl.Int32,
            "userId": pl.Int32,
            "createdAt": pl.Datetime("ms", "UTC"),
            "type": pl.String,
        },
        orient="row",
    )


def net(entity: int, user: int, day: int, value: int, metric: str = "Net") -> Event:
    """An event in the target."""
    return Event("User", metric, entity, user, noon(day), value)


#: Rows of the same metric that are none of our business: other entity type, ids, time, metric.
STRANGERS = [
    Event("Tag", "Net", 5, 1, noon(1), 1),
    Event("User", "Net", 1000, 1, noon(1), 1),
    Event("User", "Net", 5, 77, CUTOFF, 1),
    Event("User", "Other", 5, 1, noon(1), 1),
]


class Setup:
    """Stores, and materialize() on them."""

    def __init__(self, target: FakeTarget, *frames: pl.DataFrame | BaseException) -> None:
        self.source = FakeSource(frames)
        self.target = target
        self.locks = FakeLocks()

    def run(
        self, scan: Scan = SIGNED, pairs: Sequence[Pair] | None = None, **more: object
    ) -> list[LoadResult]:
        stores = Stores(self.source, self.target, self.locks)
        chosen = scan.pairs if pairs is None else pairs
        return materialize(scan, chosen, IDS, CUTOFF, stores, **more)  # type: ignore[arg-type]

    def closed(self) -> None:
        """Whatever happened: nothing is left behind."""
        assert self.target.open_stages == 0
        assert all(reading.closed for reading in self.source.readings)
        assert self.locks.held == set()


def figures(load_result: LoadResult) -> tuple[int, ...]:
    """Wanted, present, inserted, removed, unchanged, then events and total afterwards."""
    return (
        load_result.wanted,
        load_result.present,
        load_result.inserted,
        load_result.removed,
        load_result.unchanged,
        load_result.events,
        load_result.total,
    )


@MODES
def test_first_load(mode: Mode) -> None:
    """An empty scope gets all events in one write; the load result says so; strangers stay."""
    target = FakeTarget(mode, STRANGERS)
    setup = Setup(target, signed((5, 1, 1, 1), (6, 2, 2, 1)), signed((5, 3, 3, 4)))
    (load_result,) = setup.run()
    assert target.rows == Counter([*STRANGERS, net(5, 1, 1, 1), net(6, 2, 2, 1), net(5, 3, 3, 4)])
    assert figures(load_result) == (3, 0, 3, 0, 0, 3, 6)
    assert load_result.rows_read == 3
    assert len(target.writes) == 1
    setup.closed()


def test_a_first_load_moves_in_replace_and_copies_in_append() -> None:
    """Materialized views see inserts, but no moves: append never moves."""
    replacing, appending = FakeTarget(Mode.REPLACE), FakeTarget(Mode.APPEND)
    Setup(replacing, signed((5, 1, 1, 1))).run()
    Setup(appending, signed((5, 1, 1, 1))).run()
    assert replacing.writes == ["move Net"]
    assert appending.writes == ["insert Net"]


@MODES
def test_an_unchanged_rerun_writes_nothing(mode: Mode) -> None:
    """The second run finds everything in sync."""
    target = FakeTarget(mode)
    setup = Setup(target, signed((5, 1, 1, 1), (6, 2, 2, -1)))
    setup.run()
    target.writes.clear()
    (load_result,) = setup.run()
    assert target.writes == []
    assert figures(load_result) == (2, 2, 0, 0, 2, 2, 0)
    assert target.rows == Counter([net(5, 1, 1, 1), net(6, 2, 2, -1)])


def test_replace_writes_exactly_the_difference() -> None:
    """One row is missing, one is surplus, one stays: 1 inserted, 1 removed, 1 unchanged."""
    target = FakeTarget(rows=[*STRANGERS, net(5, 1, 1, 1), net(7, 9, 9, 1)])
    (load_result,) = Setup(target, signed((5, 1, 1, 1), (6, 2, 2, 1))).run()
    assert figures(load_result) == (2, 2, 1, 1, 1, 2, 2)
    assert target.writes == ["apply Net"]
    assert target.rows == Counter([*STRANGERS, net(5, 1, 1, 1), net(6, 2, 2, 1)])


def test_append_compensates_the_surplus() -> None:
    """What cannot be deleted is negated: sums are right, and the next run finds nothing to do."""
    target = FakeTarget(Mode.APPEND, [*STRANGERS, net(5, 1, 1, 1), net(7, 9, 9, 3)])
    setup = Setup(target, signed((5, 1, 1, 1), (6, 2, 2, 1)))
    (load_result,) = setup.run()
    assert figures(load_result) == (2, 2, 2, 0, 2, 4, 2)
    assert target.rows == Counter(
        [*STRANGERS, net(5, 1, 1, 1), net(7, 9, 9, 3), net(7, 9, 9, -3), net(6, 2, 2, 1)]
    )
    (again,) = setup.run()
    assert target.writes == ["apply Net"]
    assert figures(again) == (2, 4, 0, 0, 4, 4, 2)


@MODES
def test_a_compensated_target_is_level(mode: Mode) -> None:
    """An event and its negation weigh nothing, in either mode: nothing is written."""
    rows = [net(5, 1, 1, 1), net(7, 9, 9, 3), net(7, 9, 9, -3)]
    target = FakeTarget(mode, rows)
    (load_result,) = Setup(target, signed((5, 1, 1, 1))).run()
    assert target.writes == []
    assert target.rows == Counter(rows)
    assert figures(load_result) == (1, 3, 0, 0, 3, 3, 1)


@MODES
def test_twins_are_kept(mode: Mode) -> None:
    """Two events that agree in everything are two events."""
    target = FakeTarget(mode)
    setup = Setup(target, signed((5, 1, 1, 1), (5, 1, 1, 1)))
    setup.run()
    assert target.rows == Counter({net(5, 1, 1, 1): 2})
    target.rows[net(5, 1, 1, 1)] = 1
    (load_result,) = setup.run()
    assert (load_result.inserted, load_result.removed) == (1, 0)
    assert target.rows == Counter({net(5, 1, 1, 1): 2})


def test_a_twin_too_many_is_one_too_many() -> None:
    """Of three copies where two are wanted, one goes."""
    target = FakeTarget(rows=[net(5, 1, 1, 1)] * 3)
    (load_result,) = Setup(target, signed((5, 1, 1, 1), (5, 1, 1, 1))).run()
    assert (load_result.inserted, load_result.removed, load_result.unchanged) == (0, 1, 2)
    assert target.rows == Counter({net(5, 1, 1, 1): 2})


@MODES
def test_negative_events_keep_their_meaning(mode: Mode) -> None:
    """A withdrawn reaction is an event of -1: loaded, counted, and not taken for a compensation."""
    target = FakeTarget(mode, [net(5, 1, 1, 1)])
    (load_result,) = Setup(target, signed((5, 1, 1, 1), (5, 1, 2, -1))).run()
    assert target.rows == Counter([net(5, 1, 1, 1), net(5, 1, 2, -1)])
    assert figures(load_result) == (2, 1, 1, 0, 1, 2, 0)


def test_a_changed_value_is_another_event() -> None:
    """The same user and time with another amount: the old row goes, the new one comes."""
    target = FakeTarget(rows=[net(5, 1, 1, 3)])
    (load_result,) = Setup(target, signed((5, 1, 1, 4))).run()
    assert target.rows == Counter([net(5, 1, 1, 4)])
    assert (load_result.inserted, load_result.removed) == (1, 1)


@MODES
def test_a_dry_run_writes_nothing(mode: Mode) -> None:
    """It reads, validates, stages, plans, and tells what would be."""
    rows = [net(5, 1, 1, 1), net(7, 9, 9, 1)]
    target = FakeTarget(mode, rows)
    setup = Setup(target, signed((5, 1, 1, 1), (6, 2, 2, 1)))
    (load_result,) = setup.run(dry_run=True)
    assert load_result.dry_run
    assert target.writes == []
    assert target.rows == Counter(rows)
    assert figures(load_result)[:5] == (
        (2, 2, 1, 1, 1) if mode is Mode.REPLACE else (2, 2, 2, 0, 2)
    )
    assert load_result.events == 2
    assert setup.locks.acquired == []
    assert setup.locks.watches[0].verified == 1
    setup.closed()


def test_a_dry_run_of_a_first_load() -> None:
    """An empty scope is planned as a whole and stays empty."""
    target = FakeTarget()
    (load_result,) = Setup(target, signed((5, 1, 1, 1))).run(dry_run=True)
    assert figures(load_result) == (1, 0, 1, 0, 0, 1, 1)
    assert target.rows == Counter()


@pytest.mark.parametrize("place", [0, 1, 2])
def test_rejected_rows_leave_the_target_alone(place: int) -> None:
    """One bad row in any batch: nothing is written, nothing left behind, all batches counted."""
    frames = [signed((5, 1, 1, 1)), signed((6, 1, 1, 1)), signed((7, 1, 1, 1))]
    frames[place] = signed((5, 1, 1, 1), (1000, 1, 1, 1))
    target = FakeTarget(rows=STRANGERS)
    setup = Setup(target, *frames)
    with pytest.raises(RejectedRowsError, match=r"^User/0-999: 1 values") as refusal:
        setup.run()
    assert "entityId=1000" in str(refusal.value)
    assert target.rows == Counter(STRANGERS)
    assert target.writes == []
    assert setup.source.readings[0].given == 3
    setup.closed()


def test_all_failures_of_a_range_are_told_at_once() -> None:
    """Failures are gathered over the whole range, not raised at the first batch."""
    frames = [
        signed((1000, 1, 1, 1)),
        signed((1001, 1, 1, 1), (1002, 1, 1, 1)),
        signed((5, 1, 1, 1)),
    ]
    with pytest.raises(RejectedRowsError, match=r"^User/0-999: 3 values"):
        Setup(FakeTarget(), *frames).run()


def test_another_column_is_drift() -> None:
    """A source that no longer returns what the scan needs ends the run before anything is sent."""
    target = FakeTarget()
    setup = Setup(target, signed((5, 1, 1, 1)).rename({"value": "amount"}))
    with pytest.raises(SchemaDriftError, match=r"^User: sql/user/reactions\.sql returned columns"):
        setup.run()
    assert target.stages[0].inserts == []
    assert setup.source.readings[0].cancelled
    setup.closed()


@MODES
def test_a_removal_beyond_the_guard_is_refused(mode: Mode) -> None:
    """1001 of 1001 rows would go at a share of a half: nothing is written."""
    rows = [net(entity % 1000, entity, 1, 1) for entity in range(1001)]
    target = FakeTarget(mode, rows)
    setup = Setup(target, signed())
    with pytest.raises(RemovalRefusedError, match="removes 1001 of 1001 Net events"):
        setup.run()
    assert target.rows == Counter(rows)
    assert target.writes == []
    setup.closed()


@MODES
def test_a_removal_that_is_allowed_is_made(mode: Mode) -> None:
    """The same plan with a share of 1."""
    rows = [net(entity % 1000, entity, 1, 1) for entity in range(1001)]
    target = FakeTarget(mode, rows)
    Setup(target, signed()).run(max_removed_share=1.0)
    assert sum(event.value * copies for event, copies in target.rows.items()) == 0
    assert len(target.rows) == (0 if mode is Mode.REPLACE else 2002)


LAGGING = SourceState("replica", 90.0, position=Position("1:50:", "77"))


@MODES
def test_a_source_that_lags_removes_nothing(mode: Mode) -> None:
    """One row of the target is not in a source that is 90 s behind: refused with the reason, the
    target untouched. What only adds is loaded, and the load result says what was read.
    """
    target = FakeTarget(mode, [net(5, 1, 1, 1)])
    setup = Setup(target, signed((6, 2, 2, 1)))
    setup.source.state = LAGGING
    with pytest.raises(RemovalRefusedError, match=r"90\.0 s behind, at most 60 s.*SHARE=1"):
        setup.run()
    assert target.writes == []
    setup.closed()
    adding = Setup(target, signed((5, 1, 1, 1), (6, 2, 2, 1)))
    adding.source.state = LAGGING
    (load_result,) = adding.run()
    assert (load_result.inserted, load_result.source) == (1, "replica, 90.0 s behind")
    assert load_result.incomplete == ("the replica is 90.0 s behind, at most 60 s are allowed",)
    (allowed,) = setup.run(guard=RemovalGuard(0.5, 90.0))
    assert allowed.present - allowed.unchanged == (1 if mode is Mode.REPLACE else 0)
    assert sums(target) == {(6, 2): 1}


def test_a_command_says_what_it_read() -> None:
    """One sentence about all ranges that were read from a source that may show less; none where it
    shows all there is.
    """
    setup = Setup(FakeTarget(), signed((5, 1, 1, 1)))
    assert report.incomplete(setup.run()) == []
    setup.source.state = LAGGING
    (said,) = report.incomplete([*setup.run(), *setup.run()])
    assert "in 1 ranges, the last one User/Net/0-999 (read from: replica, 90.0 s behind)" in said
    assert "at most 60 s are allowed" in said


def test_a_mirror_of_a_source_that_lags_counts() -> None:
    """A scan of ClickHouse leaves out what its mirror of the versions lacks."""
    target = FakeTarget(rows=[net(5, 1, 1, 1)])
    setup = Setup(target, signed())
    copies = {"versions": FakeCopy("events__versions", LAGGING)}
    stores = Stores(setup.source, target, setup.locks, copies)
    with pytest.raises(RemovalRefusedError, match=r"90\.0 s behind"):
        materialize(SIGNED, SIGNED.pairs, IDS, CUTOFF, stores)
    assert target.writes == []


def test_a_state_older_than_the_one_that_was_loaded_removes_nothing() -> None:
    """The replica keeps up as far as it can tell, but the range was loaded from a later state."""
    target = FakeTarget(rows=[net(5, 1, 1, 1)])
    setup = Setup(target, signed())
    setup.source.state = SourceState("replica", 0.0, position=Position("1:50:", "77"))
    with pytest.raises(RemovalRefusedError, match="from a later state"):
        setup.run(loaded=lambda: {"Net": Loaded(Position("1:51:", "77"), CUTOFF)})
    assert target.writes == []
    setup.run(loaded=lambda: {"Net": Loaded(Position("1:50:", "77"), CUTOFF)})
    assert target.rows == Counter()


def test_the_guard_of_a_run_outlives_its_ranges() -> None:
    """Two ranges of 600 rows that are gone from the source: the second one is refused."""
    rows = [net(entity, user, 1, 1) for entity in (5, 2_005) for user in range(600)]
    target = FakeTarget(rows=rows)
    setup = Setup(target, signed())
    guard = RemovalGuard()
    setup.run(guard=guard)
    stores = Stores(setup.source, target, setup.locks)
    with pytest.raises(RemovalRefusedError, match="the run removes 1200 of 1200"):
        materialize(SIGNED, SIGNED.pairs, IdRange(2_000, 3_000), CUTOFF, stores, guard=guard)
    assert sum(target.rows.values()) == 600


@pytest.mark.parametrize("after", [1, 2], ids=["while it is read", "once all is read"])
def test_a_range_that_is_stopped_writes_nothing(after: int) -> None:
    """Asked for by another thread: both stores are told to end what is under way, at once."""
    target = FakeTarget()
    setup = Setup(target, signed((5, 1, 1, 1)), signed((6, 2, 2, 1)))
    stop, told = Stop(), []

    def progress(rows: int) -> None:
        told.append(rows)
        if len(told) == after:
            stop.ask()
            assert setup.source.readings[0].cancelled
            assert target.cancelled.is_set()

    with pytest.raises(StoppedError):
        setup.run(progress=progress, stop=stop)
    assert (len(told), target.writes) == (after, [])
    setup.closed()


def test_a_dry_run_holds_nobody_up() -> None:
    """It takes no lock, cleans up after dead dry runs only, and asks at its end whether a run has
    come; beside a run that is at work it is refused.
    """
    target = FakeTarget()
    target.leftovers = ["dry run dead", "dry run alive", "table of a run"]
    setup = Setup(target, signed((5, 1, 1, 1)))
    setup.locks.living = frozenset({"alive"})
    (load_result,) = setup.run(dry_run=True)
    assert load_result.cleaned_up == ("dry run dead",)
    assert setup.locks.acquired == []
    setup.locks.held = {("User", "Net", "0-999")}
    with pytest.raises(BusyError):
        setup.run(dry_run=True)
    setup.locks.held = set()
    setup.locks.lasts = 0
    with pytest.raises(BusyError, match="lost the lock"):
        setup.run(dry_run=True)
    setup.locks.lasts = float("inf")
    (loaded,) = setup.run()
    assert loaded.cleaned_up == ("table of a run",)
    assert target.leftovers == ["dry run alive"]
    setup.closed()


@MODES
def test_an_emptied_range_empties_the_target(mode: Mode) -> None:
    """The scope is made right, not only the rows that came back: none means none."""
    target = FakeTarget(mode, [*STRANGERS, net(5, 1, 1, 1), net(5, 2, 1, 4)])
    (load_result,) = Setup(target, signed()).run()
    left = Counter(STRANGERS)
    if mode is Mode.APPEND:
        left.update([net(5, 1, 1, 1), net(5, 2, 1, 4), net(5, 1, 1, -1), net(5, 2, 1, -4)])
    assert target.rows == left
    assert (load_result.wanted, load_result.present, load_result.total) == (0, 2, 0)


@pytest.mark.parametrize("frames", [[], [signed()], [signed(), signed()]])
def test_nothing_wanted_and_nothing_there(frames: list[pl.DataFrame]) -> None:
    """A source that gives no frame, or empty ones, and an empty scope: a load result of zeros."""
    target = FakeTarget()
    setup = Setup(target, *frames)
    (load_result,) = setup.run()
    assert figures(load_result) == (0, 0, 0, 0, 0, 0, 0)
    assert target.writes == []
    setup.closed()


def test_a_busy_scope_is_not_touched() -> None:
    """While another attempt holds a pair and range nothing is cleaned_up, read or staged."""
    target = FakeTarget(rows=STRANGERS)
    target.leftovers = ["table of the other attempt"]
    setup = Setup(target, signed((5, 1, 1, 1)))
    setup.locks.held = {("User", "Net", "0-999")}
    with pytest.raises(BusyError, match=r"^User/Net/0-999: another run"):
        setup.run()
    assert target.cleanings == 0
    assert target.leftovers == ["table of the other attempt"]
    assert target.stages == []
    assert setup.source.asked == []
    assert target.rows == Counter(STRANGERS)


def test_one_busy_pair_holds_back_all() -> None:
    """Pairs of one read are held together."""
    setup = Setup(FakeTarget(), typed((5, 1, 1, "up")))
    setup.locks.held = {("User", "Down", "0-999")}
    with pytest.raises(BusyError):
        setup.run(TYPED)
    assert setup.locks.held == {("User", "Down", "0-999")}


def test_orphans_are_ended_first_and_named() -> None:
    """What a dead attempt left is ended before reading begins; the load result names it."""
    target = FakeTarget()
    target.leftovers = ["query 1", "table x"]
    (load_result,) = Setup(target, signed((5, 1, 1, 1))).run()
    assert load_result.cleaned_up == ("query 1", "table x")
    assert target.leftovers == []


@pytest.mark.parametrize("rows", [[], [net(7, 9, 9, 1)]])
def test_a_lost_lock_writes_nothing(rows: list[Event]) -> None:
    """Whoever is not sure of the scope any more stops before the first write."""
    target = FakeTarget(rows=rows)
    setup = Setup(target, signed((5, 1, 1, 1)))
    setup.locks.lasts = 0
    with pytest.raises(BusyError, match="lost the lock"):
        setup.run()
    assert target.writes == []
    assert target.rows == Counter(rows)
    setup.closed()


def test_every_round_verifies_its_lock() -> None:
    """A second round asks again: a hold lost in between ends it."""
    target = FakeTarget(rows=[net(7, 9, 9, 1)])
    target.after_write = lambda other: other.rows.update([net(8, 8, 8, len(other.writes))])
    setup = Setup(target, signed((5, 1, 1, 1)))
    setup.locks.lasts = 1
    with pytest.raises(BusyError, match="lost the lock"):
        setup.run()
    assert len(target.writes) == 1
    setup.closed()


@pytest.mark.parametrize("present", [[], [net(5, 1, 1, 1)]])
def test_a_stage_that_loses_a_row_is_not_used(present: list[Event]) -> None:
    """Count and sum of the stage must be those sent; otherwise the target is not touched."""
    target = FakeTarget(rows=present)
    target.stage_loses = 1
    setup = Setup(target, signed((5, 1, 1, 1), (6, 2, 2, 4)))
    with pytest.raises(StageMismatchError) as refusal:
        setup.run()
    assert str(refusal.value).startswith(
        "User/Net/0-999: sent 2 events with sum 5, the stage holds 1 with sum 4"
    )
    assert target.writes == []
    assert target.rows == Counter(present)
    setup.closed()


def test_a_failing_insert_ends_the_run() -> None:
    """A stage that refuses an insert fails the attempt, though it is made in a thread."""
    target = FakeTarget()
    target.insert_fails = TargetError("no space left")
    setup = Setup(target, signed((5, 1, 1, 1)))
    with pytest.raises(TargetError, match="no space left"):
        setup.run()
    assert target.writes == []
    setup.closed()


def test_a_failing_insert_cancels_the_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    """When the stage refuses in the middle of the range, the source's statement is ended."""
    monkeypatch.setattr(filling, "CHUNK_ROWS", 1)
    target = FakeTarget()
    target.insert_fails = TargetError("no space left")
    setup = Setup(target, *[signed((5, user, 1, 1)) for user in range(20)])
    with pytest.raises(TargetError, match="no space left"):
        setup.run()
    assert setup.source.readings[0].cancelled
    assert setup.source.readings[0].given < 20
    setup.closed()


@pytest.mark.parametrize("error", [SourceError("gone"), KeyboardInterrupt()])
def test_a_source_that_breaks_off(error: BaseException) -> None:
    """An error between two frames cancels the statement, drops the stage and writes nothing."""
    target = FakeTarget(rows=STRANGERS)
    setup = Setup(target, signed((5, 1, 1, 1)), error, signed((6, 1, 1, 1)))
    with pytest.raises(type(error)):
        setup.run()
    assert setup.source.readings[0].cancelled
    assert target.rows == Counter(STRANGERS)
    assert target.writes == []
    setup.closed()


def test_a_reading_that_ends_well_is_not_cancelled() -> None:
    """Nothing is ended that has ended by itself."""
    setup = Setup(FakeTarget(), signed((5, 1, 1, 1)))
    setup.run()
    assert not setup.source.readings[0].cancelled


def test_an_interruption_while_reading() -> None:
    """A termination (no Exception, a BaseException) cancels, drops and lets go as well."""

    class Interruption(BaseException):
        pass

    def interrupt(rows: int) -> None:
        raise Interruption(rows)

    setup = Setup(FakeTarget(), signed((5, 1, 1, 1)), signed((6, 1, 1, 1)))
    with pytest.raises(Interruption):
        setup.run(progress=interrupt)
    assert setup.source.readings[0].cancelled
    assert setup.target.writes == []
    setup.closed()


def test_an_interruption_ends_the_insert_under_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """An insert into the stage that does not come back is ended in the server, not waited for."""
    monkeypatch.setattr(filling, "CHUNK_ROWS", 1)
    target = FakeTarget()
    target.insert_hangs = True
    setup = Setup(target, signed((5, 1, 1, 1)), KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        setup.run()
    assert target.cancelled.is_set()
    assert target.writes == []
    setup.closed()


@pytest.mark.promise(
    "The other is ended, not waited for.", when="one of two running inserts fails", area="kills"
)
def test_a_failing_insert_ends_the_one_beside_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two inserts are under way at once: when one fails, the other is ended, not waited for."""
    monkeypatch.setattr(filling, "CHUNK_ROWS", 1)
    target = FakeTarget()
    target.insert_hangs = True
    begun = threading.Event()
    hang = FakeStage.insert

    def insert(stage: FakeStage, events: pl.DataFrame) -> None:
        if begun.is_set():
            raise TargetError("no space left")
        begun.set()
        hang(stage, events)

    monkeypatch.setattr(FakeStage, "insert", insert)
    setup = Setup(target, *[signed((5, user, 1, 1)) for user in range(20)])
    with pytest.raises(TargetError, match="no space left"):
        setup.run()
    assert target.cancelled.is_set()
    assert target.writes == []
    setup.closed()


@pytest.mark.promise(
    "The second plan finds it; the load fails.",
    when="somebody else keeps writing our metric below the cutoff",
    area="races",
)
@MODES
def test_somebody_who_keeps_writing_is_found_out(mode: Mode) -> None:
    """When every round finds new rows below the cutoff, the attempt says so and gives up."""
    target = FakeTarget(mode, [net(7, 9, 9, 1)])
    target.after_write = lambda other: other.rows.update([net(8, 8, 8, len(other.writes))])
    setup = Setup(target, signed((5, 1, 1, 1)))
    with pytest.raises(VerificationError, match=r"^User/Net/0-999: after 3 rounds") as refusal:
        setup.run()
    assert "2025-10-01T00:00:00+00:00" in str(refusal.value)
    assert target.rows[net(5, 1, 1, 1)] == 1
    setup.closed()


@pytest.mark.promise(
    "The load takes it away again.",
    when="somebody else writes our metric below the cutoff, once",
    area="races",
)
@MODES
def test_somebody_who_wrote_once_is_put_right(mode: Mode) -> None:
    """A row that came in while the plan was applied costs one more round; the end is exact."""
    target = FakeTarget(mode, [net(7, 9, 9, 1)])
    target.after_write = write_once(net(8, 8, 8, 1))
    Setup(target, signed((5, 1, 1, 1))).run()
    assert sums(target) == {(5, 1): 1}
    assert len(target.writes) == 2


@MODES
def test_somebody_who_wrote_once_into_a_first_load_is_put_right(mode: Mode) -> None:
    """A row that came in while a first load was published is taken out, and only that row."""
    target = FakeTarget(mode)
    target.after_write = write_once(net(8, 8, 8, 1))
    Setup(target, signed((5, 1, 1, 1), (6, 1, 1, 1))).run()
    assert sums(target) == {(5, 1): 1, (6, 1): 1}


@MODES
def test_a_first_load_is_never_taken_back(mode: Mode) -> None:
    """Whatever others write meanwhile, events that were published stay published."""
    target = FakeTarget(mode)
    target.after_write = lambda other: other.rows.update([net(8, 8, 8, len(other.writes))])
    with pytest.raises(VerificationError):
        Setup(target, signed((5, 1, 1, 1), (6, 1, 1, 1))).run()
    assert target.rows[net(5, 1, 1, 1)] == 1
    assert target.rows[net(6, 1, 1, 1)] == 1


def write_once(event: Event):  # type: ignore[no-untyped-def]
    """Somebody who adds one row after the first write."""

    def write(target: FakeTarget) -> None:
        if len(target.writes) == 1:
            target.rows[event] += 1

    return write


def sums(target: FakeTarget) -> dict[tuple[int, int], int]:
    """What entities and users sum up to, zeros left out."""
    found: Counter[tuple[int, int]] = Counter()
    for event, copies in target.rows.items():
        found[event.entity_id, event.user_id] += event.value * copies
    return {key: total for key, total in found.items() if total}


@MODES
def test_pairs_of_one_read_are_each_made_right(mode: Mode) -> None:
    """One is in sync, one empty, one has a row too many: one read, a load result each."""
    up = net(5, 1, 1, 1, "Up")
    down = net(6, 2, 2, 1, "Down")
    side = [net(7, 3, 3, 1, "Side"), net(7, 4, 4, 1, "Side")]
    target = FakeTarget(mode, [up, *side])
    setup = Setup(target, typed((5, 1, 1, "up"), (6, 2, 2, "down"), (7, 3, 3, "side")))
    load_results = setup.run(TYPED)
    assert [load_result.pair.key for load_result in load_results] == [
        "User/Up",
        "User/Down",
        "User/Side",
    ]
    assert len(setup.source.readings) == 1
    assert all(load_result.rows_read == 3 for load_result in load_results)
    assert figures(load_results[0]) == (1, 1, 0, 0, 1, 1, 1)
    assert figures(load_results[1]) == (1, 0, 1, 0, 0, 1, 1)
    assert target.writes == ["insert Down", "apply Side"]
    if mode is Mode.REPLACE:
        assert figures(load_results[2]) == (1, 2, 0, 1, 1, 1, 1)
        assert target.rows == Counter([up, down, side[0]])
    else:
        assert figures(load_results[2]) == (1, 2, 1, 0, 2, 3, 1)
        assert target.rows == Counter([up, down, *side, net(7, 4, 4, -1, "Side")])
    setup.closed()


def test_only_the_selected_pairs_are_touched() -> None:
    """A read for one pair of a scan neither loads nor removes events of the others."""
    other = net(5, 1, 1, 1, "Down")
    target = FakeTarget(rows=[other])
    setup = Setup(target, typed((5, 1, 1, "up"), (6, 2, 2, "down"), (7, 3, 3, "sideways")))
    (load_result,) = setup.run(TYPED, [UP])
    assert target.rows == Counter([other, net(5, 1, 1, 1, "Up")])
    assert target.writes == ["move Up"]
    assert (load_result.rows_read, load_result.wanted) == (3, 1)


def test_several_fresh_pairs_are_moved_together() -> None:
    """When the stage holds nothing else, its partitions are attached in one step."""
    target = FakeTarget()
    Setup(target, typed((5, 1, 1, "up"), (6, 2, 2, "down"))).run(TYPED)
    assert target.writes == ["move Up+Down"]


def test_the_source_is_asked_for_the_scope() -> None:
    """One statement, with the range's ends and the cutoff bound, named by the scope."""
    setup = Setup(FakeTarget(), signed((5, 1, 1, 1)))
    setup.run()
    assert setup.source.asked == [
        ("user/reactions", {"start": 0, "stop": 1000, "until": CUTOFF}, "User/Net/0-999")
    ]


AT_REST = SourceState("mirror", None)


@dataclass
class FakeCopy:
    """The copy of a dimension."""

    name: str
    source: SourceState = AT_REST

    def state(self) -> SourceState:
        """What its source was."""
        return self.source


@pytest.mark.parametrize(
    "scan", [scan for scan in CATALOG.scans if scan.dimensions], ids=lambda scan: scan.name
)
def test_a_scan_that_asks_for_the_mirror_gets_its_name(scan: Scan) -> None:
    """The mirror's table is bound for scans whose row says so."""
    source = FakeSource()
    copies = {"versions": FakeCopy("events__versions")}
    stores = Stores(source, FakeTarget(), FakeLocks(), copies)
    materialize(scan, scan.pairs, IDS, CUTOFF, stores)
    assert source.asked[0][1] == {
        "start": 0,
        "stop": 1000,
        "until": CUTOFF,
        "versions": "events__versions",
    }


def test_a_scan_that_does_not_ask_for_the_mirror_gets_none() -> None:
    """Nothing is bound that a text does not ask for."""
    source = FakeSource()
    copies = {"versions": FakeCopy("events__versions")}
    stores = Stores(source, FakeTarget(), FakeLocks(), copies)
    materialize(SIGNED, SIGNED.pairs, IDS, CUTOFF, stores)
    assert set(source.asked[0][1]) == {"start", "stop", "until"}


def test_chunks_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Events are sent in inserts of about CHUNK_ROWS, the rest at the end, none twice."""
    monkeypatch.setattr(filling, "CHUNK_ROWS", 4)
    target = FakeTarget()
    setup = Setup(target, *[signed((5, user, 1, 1), (6, user, 1, 1)) for user in range(5)])
    setup.run()
    assert target.stages[0].inserts == [4, 4, 2]
    assert sum(target.rows.values()) == 10
    assert set(target.rows.values()) == {1}


def test_small_frames_are_put_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """Frames of few rows are validated together, and none is lost."""
    monkeypatch.setattr(reading, "GATHER_ROWS", 4)
    heights: list[int] = []

    def counting(frame: pl.DataFrame, pairs: Sequence[Pair]) -> pl.DataFrame:
        heights.append(frame.height)
        return events.derive(frame, pairs)

    monkeypatch.setattr(reading, "derive", counting)
    frames = [signed((5, user, 1, 1), (6, user, 1, 1), (7, user, 1, 1)) for user in range(3)]
    target = FakeTarget()
    Setup(target, *frames).run()
    assert heights == [6, 3]
    assert sum(target.rows.values()) == 9


@pytest.mark.parametrize(("rows", "inserts"), [(4, [4]), (3, [4])], ids=["few", "many"])
def test_few_events_are_staged_at_once(rows: int, inserts: list[int]) -> None:
    """Up to what the stage keeps in memory; more of them are sent on in chunks."""
    target = FakeTarget()
    target.memory_rows = rows
    Setup(target, *[signed((5, user, 1, 1), (6, user, 1, 1)) for user in range(2)]).run()
    assert target.stages[0].inserts == inserts
    assert target.stages[0].asked_whether_occupied == (rows == 3)
    assert sum(target.rows.values()) == 4


def test_sums_are_wider_than_the_source() -> None:
    """Columns of 32 bits stay so on their way; what they sum to does not wrap."""
    most = 2**31 - 1
    rows = signed((5, 1, 1, most), (5, 2, 1, most), (6, 1, 1, 2))
    target = FakeTarget()
    (load_result,) = Setup(target, rows).run()
    assert (load_result.events, load_result.total) == (3, 4_294_967_296)
    assert target.rows[net(5, 2, 1, most)] == 1


def test_progress_is_told() -> None:
    """After every frame: the rows read so far."""
    told: list[int] = []
    frames = [signed((5, 1, 1, 1), (6, 1, 1, 1)), signed(), signed((7, 1, 1, 1))]
    Setup(FakeTarget(), *frames).run(progress=told.append)
    assert told == [2, 2, 3]


def test_every_attempt_has_a_stage_of_its_own() -> None:
    """Two attempts never share a stage's name."""
    setup = Setup(FakeTarget(), signed((5, 1, 1, 1)))
    setup.run()
    setup.run()
    names = [stage.attempt for stage in setup.target.stages]
    assert len(set(names)) == 2
    assert all(re.fullmatch("[0-9a-f]{16}", name) for name in names)


def test_a_load_result_tells_where_it_comes_from() -> None:
    """Range, snapshot, cutoff, mode and code version; plain values for JSON."""
    (load_result,) = Setup(FakeTarget(Mode.APPEND), signed((5, 1, 1, 1))).run()
    assert (load_result.pair.key, load_result.ids, load_result.cutoff) == ("User/Net", IDS, CUTOFF)
    assert (load_result.snapshot, load_result.mode, load_result.rejected) == (
        "snapshot 1",
        "append",
        0,
    )
    assert load_result.code_version == code_version(SIGNED, NET)
    plain = load_result.as_dict()
    assert plain["ids"] == "0-999"
    assert plain["cutoff"] == "2025-10-01T00:00:00+00:00"


def test_the_code_version_follows_text_and_row() -> None:
    """Another text, where or value is another version; another description is not."""
    version = code_version(SIGNED, NET)
    assert re.fullmatch("[0-9a-f]{12}", version)
    assert code_version(SIGNED, replace(NET, description="Other words.")) == version
    assert code_version(TYPED, NET) != version
    assert code_version(SIGNED, replace(NET, value=pl.col("value") * 2)) != version
    assert code_version(SIGNED, replace(NET, where=pl.col("value") > 0)) != version
    assert code_version(SIGNED, replace(NET, metric="Gross")) != version
