"""What undoing a run asks of the target, as small Protocols; the tests' fakes conform to them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol

from metric_assets.changes import ChangedRange, LaterRun, UndoPlan
from metric_assets.ranges import IdRange
from metric_assets.stores.ports import Scope


class Undoing(Protocol):
    """One attempt to put back what a pair and range held before a run."""

    def later(self) -> list[LaterRun]:
        """Runs that changed the pair and range since, and stand; undoings of the run apart."""
        ...

    def portions(self) -> list[IdRange]:
        """The range, cut into pieces that can be put back in one go."""
        ...

    def compare(self, portion: IdRange) -> UndoPlan:
        """What differs in a portion from what was held before the run."""
        ...

    def record(self, number: int, previous: datetime | None) -> None:
        """Write down what put_back() will change; ``number`` counts the changes of the attempt,
        ``previous`` (UTC) is the cutoff recorded for the range now, None if none is.
        """
        ...

    def put_back(self) -> None:
        """Write what the last compare() found."""
        ...


class UndoTarget(Protocol):
    """A target whose changes are written down."""

    def clean_up(
        self,
        scopes: Sequence[Scope],
        is_alive: Callable[[str], bool],
        *,
        dry_run: bool = False,
    ) -> list[str]:
        """End what dead attempts at these pairs still run, and drop what they left."""
        ...

    def undoing(
        self, changed: ChangedRange, attempt: str, *, dry_run: bool = False
    ) -> AbstractContextManager[Undoing]:
        """An attempt at a pair and range; leaving the context drops its private tables."""
        ...
