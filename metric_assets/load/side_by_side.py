"""Ranges side by side: several are under way, each in a thread of its own.

Belongs here: how many there are at once, telling one listener of all, and stopping all. Does not
belong here: what is done with a range (pipeline).
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Generic, TypeVar

from metric_assets.stores.bounded import PULSE
from metric_assets.stores.ports import PartitionLock

_P = TypeVar("_P")
_R = TypeVar("_R")


class StoppedError(Exception):
    """A range that is to end before it has written: whoever asked for it has another error."""


class Stop:
    """Whether work in other threads is to end, and what servers have to be told then."""

    def __init__(self) -> None:
        self._asked = threading.Event()
        self._cancels: dict[object, Callable[[], object]] = {}
        self._changing = threading.Lock()

    def check(self) -> None:
        """Raise StoppedError once it is asked for."""
        if self._asked.is_set():
            raise StoppedError

    @contextmanager
    def ending(self, cancel: Callable[[], object]) -> Iterator[None]:
        """Within, ``cancel`` ends in a server what this thread waits for; it must not raise."""
        one = object()
        with self._changing:
            self._cancels[one] = cancel
        try:
            self.check()
            yield
        finally:
            with self._changing:
                del self._cancels[one]

    def ask(self) -> None:
        """Have all of it end, from any thread; again, if something was begun meanwhile."""
        self._asked.set()
        with self._changing:
            cancels = list(self._cancels.values())
        for cancel in cancels:
            cancel()

    def guarding(self, lock: PartitionLock) -> PartitionLock:
        """The lock, which is not verified any more once this is asked for: nothing is written."""
        return _Guarded(lock, self)


@dataclass(frozen=True)
class _Guarded:
    lock: PartitionLock
    stop: Stop

    def verify(self) -> None:
        """Raise StoppedError or, if the lock was lost, BusyError."""
        self.stop.check()
        self.lock.verify()

    def is_alive(self, attempt: str) -> bool:
        """Whether the dry run of an attempt still lives."""
        return self.lock.is_alive(attempt)


@dataclass(frozen=True)
class Walk(Generic[_P, _R]):
    """What is done with each piece of some work, and who is told; always in the caller's thread.

    ``do`` is given a piece, when to stop, and whom to tell how many rows it has read. ``began``,
    ``read`` and ``ended`` are called in turn for one piece after another: of several that are under
    way, ``read`` is about the one that began last.
    """

    do: Callable[[_P, Stop, Callable[[int], None]], _R]
    began: Callable[[_P], object]
    read: Callable[[int], None]
    ended: Callable[[_R], object]

    def over(self, pieces: Iterable[_P], most: int) -> None:
        """Do all pieces, at most ``most`` at once; with one, in this thread.

        Once one fails no other is begun; those under way come to their end and are told, then the
        error of the first that failed is raised. Whatever else ends this ends all of them.
        """
        if most < 2:
            for piece in pieces:
                self.began(piece)
                self.ended(self.do(piece, Stop(), self.read))
            return
        with ThreadPoolExecutor(most, "range") as pool:
            _Several(self, pool, most).run(pieces)


class _Several(Generic[_P, _R]):
    """Pieces under way in threads of a pool."""

    def __init__(self, walk: Walk[_P, _R], pool: ThreadPoolExecutor, most: int) -> None:
        self._walk = walk
        self._pool = pool
        self._most = most
        self._stop = Stop()
        #: What is under way, with the last number of rows that it has told.
        self._pieces: dict[Future[_R], tuple[_P, deque[int]]] = {}
        self._told: Future[_R] | None = None
        self._errors: list[BaseException] = []

    def run(self, pieces: Iterable[_P]) -> None:
        """Do all of them."""
        try:
            for piece in pieces:
                self._settle(self._most - 1)
                if self._errors:
                    break
                self._begin(piece)
            self._settle(0)
        except BaseException:
            while wait(self._pieces, PULSE).not_done:
                self._stop.ask()
            self._take_finished()
            raise
        if self._errors:
            raise self._errors[0]

    def _begin(self, piece: _P) -> None:
        rows: deque[int] = deque(maxlen=1)
        future = self._pool.submit(self._walk.do, piece, self._stop, rows.append)
        self._pieces[future] = piece, rows

    def _settle(self, left: int) -> None:
        """Wait until so many are left under way; tell of those that end, and of progress."""
        while len(self._pieces) > left:
            wait(self._pieces, PULSE, FIRST_COMPLETED)
            self._take_finished()
            if self._pieces:
                self._tell(next(reversed(self._pieces)))

    def _take_finished(self) -> None:
        for future in [one for one in self._pieces if one.done()]:
            self._tell(future)
            self._told = None
            del self._pieces[future]
            error = future.exception()
            if error is None:
                self._walk.ended(future.result())
            else:
                self._errors.append(error)

    def _tell(self, future: Future[_R]) -> None:
        piece, told = self._pieces[future]
        if future is not self._told:
            self._told = future
            self._walk.began(piece)
        for rows in list(told):
            self._walk.read(rows)
