"""Ranges side by side: how many at once, who is told, and what stops them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timezone

import pytest

from metric_assets.load.side_by_side import Stop, StoppedError, Walk
from metric_assets.ranges import IdRange
from metric_assets.stores.ports import Scope
from metric_assets_tests.fakes import FakeLock

pytestmark = pytest.mark.unit

SCOPE = Scope("Tag", ("Hidden",), IdRange(0, 10), datetime(2025, 10, 1, tzinfo=timezone.utc))
#: Seconds after which something that should have happened has not.
LONG = 20


@dataclass
class Told:
    """What is told, and in which threads."""

    said: list[tuple[str, object]] = field(default_factory=list)
    threads: set[threading.Thread] = field(default_factory=set)

    def saying(self, what: str) -> Callable[[object], None]:
        """A callback."""

        def say(about: object) -> None:
            self.said.append((what, about))
            self.threads.add(threading.current_thread())

        return say

    def of(self, what: str) -> list[object]:
        """What was said of a kind."""
        return [about for kind, about in self.said if kind == what]


def walk_with(told: Told, do: Callable[[int, Stop, Callable[[int], None]], str]) -> Walk[int, str]:
    """A walk that tells."""
    return Walk(do, told.saying("began"), told.saying("read"), told.saying("ended"))


def test_one_at_a_time_is_done_in_the_callers_thread() -> None:
    """In order, each told before the next begins; an error ends it at once."""
    told, threads = Told(), set()

    def do(piece: int, stop: Stop, read: Callable[[int], None]) -> str:
        threads.add(threading.current_thread())
        stop.check()
        read(10 * piece)
        if piece == 3:
            raise ValueError("three")
        return f"done {piece}"

    with pytest.raises(ValueError, match="three"):
        walk_with(told, do).over([1, 2, 3, 4], 1)
    assert told.said == [
        ("began", 1), ("read", 10), ("ended", "done 1"),
        ("began", 2), ("read", 20), ("ended", "done 2"),
        ("began", 3), ("read", 30),
    ]  # fmt: skip
    assert threads == {threading.current_thread()}


def test_several_are_under_way_and_never_more_than_asked_for() -> None:
    """Three of six meet at a barrier, twice; each that ends is told whole, in the caller's thread."""
    told, meeting = Told(), threading.Barrier(3, timeout=LONG)
    now, most, counting = [0], [0], threading.Lock()

    def do(piece: int, stop: Stop, read: Callable[[int], None]) -> str:
        stop.check()
        with counting:
            now[0] += 1
            most[0] = max(most[0], now[0])
        meeting.wait()
        read(5)
        read(10 * piece)
        with counting:
            now[0] -= 1
        return f"done {piece}"

    walk_with(told, do).over(range(6), 3)
    assert most == [3]
    assert sorted(map(str, told.of("ended"))) == [f"done {piece}" for piece in range(6)]
    assert told.threads == {threading.current_thread()}
    for place, (what, about) in enumerate(told.said):
        if what == "ended":
            piece = int(str(about).removeprefix("done "))
            assert told.said[place - 1] == ("read", 10 * piece)
            assert told.said[place - 2] == ("began", piece)


def test_a_failure_begins_no_more_and_lets_the_others_end() -> None:
    """Of two under way the first fails: the second is told, the third is never begun."""
    told, failed, begun = Told(), threading.Event(), []

    def do(piece: int, stop: Stop, read: Callable[[int], None]) -> str:
        del read
        begun.append(piece)
        if piece == 0:
            failed.set()
            raise ValueError("zero")
        assert failed.wait(LONG)
        stop.check()
        return f"done {piece}"

    with pytest.raises(ValueError, match="zero"):
        walk_with(told, do).over(range(10), 2)
    # The one whose failure was not seen yet when a place was free may have been followed by one.
    assert len(begun) <= 3
    assert sorted(map(str, told.of("ended"))) == [f"done {piece}" for piece in sorted(begun)[1:]]


def test_an_interruption_ends_all_that_wait_and_tells_what_was_done() -> None:
    """Two wait for a server when the caller is interrupted: both are cancelled there, their threads
    end, and one that had ended is told all the same.
    """
    told, waiting = Told(), threading.Semaphore(0)
    ends = {piece: threading.Event() for piece in (1, 2)}

    def do(piece: int, stop: Stop, read: Callable[[int], None]) -> str:
        if piece == 0:
            for _ in ends:
                assert waiting.acquire(timeout=LONG)
            read(1)
            return "done 0"
        with stop.ending(ends[piece].set):
            waiting.release()
            assert ends[piece].wait(LONG)
        stop.check()
        raise AssertionError("went on")

    signals = iter([KeyboardInterrupt])

    def interrupted(_rows: int) -> None:
        for signal in signals:
            raise signal

    walk = Walk(do, told.saying("began"), interrupted, told.saying("ended"))
    before = threading.active_count()
    with pytest.raises(KeyboardInterrupt):
        walk.over(range(3), 3)
    assert all(end.is_set() for end in ends.values())
    assert told.of("ended") == ["done 0"]
    assert threading.active_count() == before


def test_after_a_stop_nothing_is_begun_and_no_lock_is_verified() -> None:
    """What is written comes after a verified lock."""
    stop, lock = Stop(), FakeLock([SCOPE], float("inf"), living=frozenset({"alive"}))
    held = stop.guarding(lock)
    held.verify()
    assert (lock.verified, held.is_alive("alive"), held.is_alive("dead")) == (1, True, False)
    stop.ask()
    for late in (stop.check, held.verify):
        with pytest.raises(StoppedError):
            late()
    with pytest.raises(StoppedError), stop.ending(lambda: None):
        raise AssertionError("was begun")
    assert lock.verified == 1
