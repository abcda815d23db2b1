"""How far a walk over ranges is, in words: within a range, and over all of them.

Belongs here: the arithmetic of it. Does not belong here: where it is written (run_log).
"""

from __future__ import annotations

import time
from collections.abc import Callable

#: Seconds between two sentences about one range.
PROGRESS_SECONDS = 15.0


class Progress:
    """A walk over ranges; ``clock`` gives seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._steps = self._done = 0
        self._started = self._began = self._told = clock()
        self._place = ""

    def expects(self, steps: int) -> None:
        """So many ranges are walked over from now on."""
        self._steps, self._done = steps, 0
        self._started = self._began = self._clock()

    def began(self, place: str) -> None:
        """A range is being read; ``place`` names it."""
        self._place = place
        self._began = self._told = self._clock()

    def read(self, rows: int) -> str:
        """So many rows of it have been read; a sentence if it is time for one."""
        now = self._clock()
        if now - self._told < PROGRESS_SECONDS:
            return ""
        self._told = now
        seconds = now - self._began
        rate = f"{rows / seconds:,.0f} a second"
        where = f"; {self.whole}" if self.whole else ""
        return f"{self._place}: {rows:,} rows read in {seconds:.0f} s, {rate}{where}"

    def ended(self) -> None:
        """It is done."""
        self._done += 1
        self._began = self._clock()

    @property
    def whole(self) -> str:
        """How many ranges are done, and about how long the others take; empty if none are left, or
        if there is only one.
        """
        left = self._steps - self._done
        if self._steps < 2 or left < 1:
            return ""
        said = f"{self._done} of {self._steps} ranges are done"
        if not self._done:
            return said
        each = (self._began - self._started) / self._done
        seconds = max(each * left - (self._clock() - self._began), 0.0)
        return f"{said}, about {_span(seconds)} left"


def _span(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = seconds / 60
    return f"{minutes:.0f} min" if minutes < 90 else f"{minutes / 60:.1f} h"
