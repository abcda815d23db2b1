"""Calls into a driver that may never come back, made so that their caller always does.

Belongs here: the thread in which a connection's calls are made, and how long they are waited for.
Does not belong here: what is called, or what a silence means.
"""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Callable
from concurrent.futures import Future, wait
from contextlib import suppress
from queue import SimpleQueue
from typing import Any, TypeVar

#: Seconds after which waiting looks up: whether it was given up, and whether a signal has come.
#: Polars' handler of SIGINT lets a wait without an end go on.
PULSE = 0.2

_T = TypeVar("_T")
_Work = tuple[Callable[[], Any], "Future[Any]"]


class Caller:
    """Makes calls one after another in a thread of its own, each waited for within a bound.

    A server that is stopped, or a network that swallows what is sent, can hold a driver for ever.
    The thread is a daemon: stuck in such a call, it keeps neither its caller nor the process from
    ending. What was asked before it was given up is still done if the call ever comes back.
    """

    def __init__(self, name: str) -> None:
        self._queue: SimpleQueue[_Work | None] = SimpleQueue()
        self._lost = threading.Event()
        threading.Thread(target=_serve, args=[self._queue], name=name, daemon=True).start()
        # The thread knows the queue only, so that a caller nobody ended can still be collected.
        self._leave = weakref.finalize(self, self._queue.put, None)

    @property
    def lost(self) -> bool:
        """Whether a call was given up: nothing more can be asked."""
        return self._lost.is_set()

    def call(self, work: Callable[[], _T], limit: float) -> _T:
        """What ``work`` returns or raises; TimeoutError after ``limit`` seconds, or once lost."""
        if self.lost:
            raise TimeoutError("the connection was given up")
        future = self._ask(work)
        deadline = time.monotonic() + limit
        while not wait([future], PULSE).done:
            if self.lost:
                raise TimeoutError("the connection was given up")
            if time.monotonic() > deadline:
                self.lose()
                raise TimeoutError(f"no answer within {limit:g} s")
        try:
            return future.result()
        finally:
            del future  # An error would hold the future that holds the error.

    def settled(self, limit: float) -> bool:
        """Whether all that was asked has come to an end within ``limit`` seconds."""
        return bool(wait([self._ask(lambda: None)], limit).done)

    def lose(self) -> None:
        """Give up: whoever waits for a call stops waiting."""
        self._lost.set()

    def end(self, work: Callable[[], Any], limit: float) -> None:
        """Make the last call and let the thread go; neither its error nor its end is of interest
        beyond ``limit`` seconds.
        """
        last = self._ask(work)
        self._leave()
        if not self.lost and not wait([last], limit).done:
            self.lose()

    def _ask(self, work: Callable[[], _T]) -> Future[_T]:
        future: Future[_T] = Future()
        self._queue.put((work, future))
        return future


def briefly(work: Callable[[], Any], limit: float) -> None:
    """Make a call whose outcome is of no interest, and wait for it ``limit`` seconds at most."""

    def quiet() -> None:
        with suppress(Exception):
            work()

    thread = threading.Thread(target=quiet, name="briefly", daemon=True)
    thread.start()
    thread.join(limit)


def _serve(queue: SimpleQueue[_Work | None]) -> None:
    while (asked := queue.get()) is not None:
        work, future = asked
        try:
            future.set_result(work())
        except BaseException as error:
            future.set_exception(error)
        # Nothing of the last call may live on while the next one is waited for.
        del asked, work, future
