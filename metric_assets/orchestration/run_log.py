"""Progress lines in the log of a run.

Belongs here: when a line is written. Does not belong here: what it says.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

#: Seconds between two entries of a run's log.
LOG_SECONDS = 2.0


class RunLog:
    """Sentences for the run's log, some seconds' worth in one: each is an event in a database."""

    def __init__(self, write: Callable[[str], object]) -> None:
        self._write = write
        self._waiting: list[str] = []
        self._last = float("-inf")

    def add(self, sentences: Iterable[str]) -> None:
        """Log them now, or with those that follow."""
        self._waiting += sentences
        if time.monotonic() - self._last >= LOG_SECONDS:
            self.flush()

    def flush(self) -> None:
        """Log what waits."""
        if self._waiting:
            self._write("\n".join(self._waiting))
            self._waiting.clear()
            self._last = time.monotonic()
