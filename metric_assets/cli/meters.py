"""Meters of progress on stderr: a bar on a terminal, a line every so often elsewhere.

Belongs here: how far something is, as text. Does not belong here: what is counted (console).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

from rich.progress import Progress

#: Seconds between two lines where there is no terminal.
LINE_SECONDS = 10.0


class Meter(Protocol):
    """Shows how far something is."""

    def show(self, done: int, rows: int, what: str) -> None:
        """``done`` steps have ended, ``rows`` were read (0: not counted); ``what`` is at hand."""
        ...


class BarMeter:
    """A bar of rich over ``steps``."""

    def __init__(self, progress: Progress, steps: int) -> None:
        self._progress = progress
        self._task = progress.add_task("", total=steps, rate="")

    def show(self, done: int, rows: int, what: str) -> None:
        """Move the bar."""
        elapsed = self._progress.tasks[self._task].elapsed or 0
        rate = f"{rows / elapsed:,.0f} rows/s" if rows and elapsed > 0 else ""
        self._progress.update(self._task, completed=done, description=what, rate=rate)


class LineMeter:
    """A line every ``seconds``, and one at the end; for logs of CI and of services."""

    def __init__(
        self,
        write: Callable[[str], object],
        steps: int,
        *,
        seconds: float = LINE_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._write = write
        self._steps = steps
        self._seconds = seconds
        self._clock = clock
        self._began = self._last = clock()
        self._told = -1

    def show(self, done: int, rows: int, what: str) -> None:
        """Write a line if the last one is old enough, or if all is done."""
        now = self._clock()
        ended = done >= self._steps and done != self._told
        if now - self._last < self._seconds and not ended:
            return
        self._last, self._told = now, done
        elapsed = now - self._began
        share = f" ({100 * done // self._steps} %)" if self._steps else ""
        said = [f"{done:,} of {self._steps:,} ranges{share}"]
        if rows:
            said.append(f"{rows:,} rows")
        if rows and elapsed > 0:
            said.append(f"{rows / elapsed:,.0f} rows/s")
        said.append(f"{_span(elapsed)} so far")
        if 0 < done < self._steps:
            said.append(f"about {_span(elapsed / done * (self._steps - done))} left")
        self._write(f"{', '.join(said)}; at {what}" if done < self._steps else ", ".join(said))


def _span(seconds: float) -> str:
    """A stretch of time in words: 40 s, 3 min, 2.5 h."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    if seconds < 100 * 60:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
