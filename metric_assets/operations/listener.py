"""Callbacks of whoever waits for a load, a dry run or checks, called inside its process.

Belongs here: what is told. Does not belong here: what becomes of it (cli/console).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from metric_assets.load_result import LoadResult
from metric_assets.ranges import IdRange


@dataclass(frozen=True)
class Retry:
    """A failed step that is tried again: in ``seconds``, as ``attempt`` of ``attempts``."""

    step: str
    cause: str
    seconds: float
    attempt: int
    attempts: int

    @property
    def sentence(self) -> str:
        """In words."""
        return (
            f"{self.step}: {self.cause}; trying again in {self.seconds:.0f} s, attempt"
            f" {self.attempt} of {self.attempts}"
        )

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {**asdict(self), "seconds": round(self.seconds, 1)}


class Listener:
    """Listens to nothing: for runs that Dagster launches, whose events the UI has."""

    def began(self, scan: str, ids: IdRange) -> None:
        """A range of a scan is being read."""

    def read(self, rows: int) -> None:
        """So many rows of it have been read."""

    def ended(self, load_results: list[LoadResult]) -> None:
        """It is done."""

    def looked(self, load_results: list[LoadResult]) -> None:
        """A second look was taken; what it came to replaces the results that were given."""

    def retrying(self, retry: Retry) -> None:
        """A step failed and will be tried again."""

    def remarked(self, sentences: list[str]) -> None:
        """Something besides the work should be known."""
