"""Interruptions: the first signal ends the work, those that follow must not end its cleaning up.

Belongs here: SIGINT and SIGTERM of a process of ours. Does not belong here: what is cleaned up, or
Dagster, whose own handlers (one raises at every signal) are put aside while a step of ours runs.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, NoReturn

SIGNALS = (signal.SIGINT, signal.SIGTERM)
#: Seconds after the first signal from which on another one ends the process at once: cleaning up
#: is bounded (stores/bounded), so that by then it hangs.
CLEANUP_SECONDS = 30.0
#: The exit code of a command that was interrupted.
INTERRUPTED = 130

_state: dict[str, float | bool | None] = {"first": None, "installed": False}


@contextmanager
def handled() -> Iterator[None]:
    """Within, SIGINT and SIGTERM raise KeyboardInterrupt, once; for a command's main thread."""
    _state.update(first=None, installed=True)
    before = {number: signal.getsignal(number) for number in SIGNALS}
    try:
        for number in SIGNALS:
            signal.signal(number, _interrupt)
        yield
    finally:
        _state.update(first=None, installed=False)
        for number, known in before.items():
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, known)


def ignore_signals() -> None:
    """From now on signals do nothing: a process that has stopped only has to leave."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def asked() -> bool:
    """Whether this process was asked to stop."""
    return _state["first"] is not None


@contextmanager
def one_interruption() -> Iterator[None]:
    """Within, the first signal does what the handler in force would do; later ones do nothing.

    Elsewhere than in the main thread, which alone handles signals, this does nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    if not _state["installed"]:
        _state["first"] = None
    elif asked():
        # Dagster has swallowed it: what would begin now must not.
        raise KeyboardInterrupt
    before: dict[int, Any] = {number: signal.getsignal(number) for number in SIGNALS}

    def handle(number: int, frame: FrameType | None) -> None:
        if _is_first():
            known = before[number]
            if callable(known):
                known(number, frame)
            else:
                raise KeyboardInterrupt

    try:
        for number in SIGNALS:
            signal.signal(number, handle)
        yield
    finally:
        for name, known in before.items():
            signal.signal(name, known)


def _interrupt(number: int, frame: FrameType | None) -> None:
    del number, frame
    if _is_first():
        raise KeyboardInterrupt


def _is_first() -> bool:
    """Whether this is the first signal; ends the process if the first one was long ago."""
    first = _state["first"]
    if not isinstance(first, float):
        _state["first"] = time.monotonic()
        return True
    if time.monotonic() - first > CLEANUP_SECONDS:
        _leave()
    # Not print: the signal may have come in the middle of another one.
    os.write(2, b"metric-assets: stopping; what is under way is cleaned up\n")
    return False


def _leave() -> NoReturn:
    os._exit(INTERRUPTED)
