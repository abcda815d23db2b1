"""Progress lines in the log of a run, beside what its listener is told.

Belongs here: when a line is written. Does not belong here: what it says.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from metric_assets.load_result import LoadResult
from metric_assets.operations.listener import Listener
from metric_assets.orchestration.progress import Progress
from metric_assets.ranges import IdRange

#: Seconds between two entries of a run's log.
LOG_SECONDS = 2.0


class RunLog:
    """Sentences for the run's log, some seconds' worth in one: each is an event in a database.

    ``closing`` gives what is said below them, if it gives anything.
    """

    def __init__(
        self, write: Callable[[str], object], closing: Callable[[], str] = lambda: ""
    ) -> None:
        self._write = write
        self._closing = closing
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
            self._write("\n".join(filter(None, [*self._waiting, self._closing()])))
            self._waiting.clear()
            self._last = time.monotonic()


class LoggedListener(Listener):
    """Passes on what it is told; results, remarks and progress go into the run's log as well.

    ``place`` begins every remark, ``sentence`` says a load result in words.
    """

    def __init__(
        self,
        listener: Listener,
        write: Callable[[str], object],
        place: str,
        sentence: Callable[[LoadResult], str],
    ) -> None:
        self._progress = Progress()
        self.log = RunLog(write, lambda: self._progress.whole)
        self._listener = listener
        self._write = write
        self._place = place
        self._sentence = sentence

    def expects(self, ranges: int) -> None:
        """So many ranges are walked over: what progress is told by."""
        self._progress.expects(ranges)

    def began(self, scan: str, ids: IdRange) -> None:
        """Pass it on."""
        self._progress.began(f"{scan} {ids.key}")
        self._listener.began(scan, ids)

    def read(self, rows: int) -> None:
        """Pass it on, and log it now and then."""
        self._listener.read(rows)
        if said := self._progress.read(rows):
            self._write(said)

    def ended(self, load_results: list[LoadResult]) -> None:
        """Log what was done or found."""
        self._progress.ended()
        self._listener.ended(load_results)
        self.log.add(map(self._sentence, load_results))

    def looked(self, load_results: list[LoadResult]) -> None:
        """Pass it on."""
        self._listener.looked(load_results)

    def remarked(self, sentences: list[str]) -> None:
        """Log them at once: somebody may be waiting."""
        placed = [f"{self._place}: {sentence}" for sentence in sentences]
        self._write("\n".join(placed))
        self._listener.remarked(placed)

    def announce(self, sentence: str) -> None:
        """Remark one sentence."""
        self.remarked([sentence])
