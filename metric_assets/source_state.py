"""What a source was and showed while it was read, and whether that may be less than there is.

Belongs here: the facts of one reading and what they mean for a removal. Does not belong here: any
I/O; the stores find the facts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

_SNAPSHOT = re.compile(r"(\d+):(\d+):[\d,]*")


@dataclass(frozen=True)
class Position:
    """How far a source had come when it was read, as a materialization records it.

    ``snapshot`` is Postgres' own notation; snapshots are comparable within one ``system`` (the
    system identifier), which a primary and its physical replicas share.
    """

    snapshot: str = ""
    system: str = ""

    @property
    def ceiling(self) -> int | None:
        """The first transaction that had not begun; None for a source that names none."""
        found = _SNAPSHOT.fullmatch(self.snapshot)
        return int(found[2]) if found else None

    def behind(self, other: Position) -> bool:
        """Whether ``other``, of the same system, had come further."""
        here, there = self.ceiling, other.ceiling
        comparable = self.system == other.system != ""
        return comparable and here is not None and there is not None and here < there


@dataclass(frozen=True)
class Loaded:
    """What was recorded when a pair and range was last loaded: the source's position, and the
    exclusive cutoff (UTC) and the version of statement and row of that load.
    """

    position: Position
    cutoff: datetime
    code_version: str = ""


#: What was recorded of a range, by metric; nothing of a metric that was never loaded.
Records = Callable[[], Mapping[str, Loaded]]


@dataclass(frozen=True)
class SourceState:
    """A source at one reading.

    ``lag`` is by how many seconds it is behind: 0 for a primary and a replica that has caught up,
    None where it cannot be told. ``partial`` are other reasons to see only part of the rows.
    ``instant`` (UTC) is what it shows, None where it does not say. ``open_since`` is when the
    oldest transaction began whose rows it did not show yet; ``writers_unknown`` says that this
    cannot be told.
    """

    kind: str = "primary"
    lag: float | None = 0.0
    partial: tuple[str, ...] = ()
    position: Position = Position()
    instant: datetime | None = None
    open_since: datetime | None = None
    writers_unknown: bool = False

    @property
    def sentence(self) -> str:
        """In words, for load results: "replica, 2.1 s behind"."""
        if self.kind == "primary" or (self.kind == "ClickHouse" and self.lag == 0):
            return self.kind
        if self.lag is None:
            return f"{self.kind}, lag unknown"
        return f"{self.kind}, {self.lag:.1f} s behind" if self.lag else f"{self.kind}, caught up"

    def incomplete(self, max_lag: float) -> tuple[str, ...]:
        """Reasons why it may show less than there is, where a lag up to ``max_lag`` s is none."""
        if self.lag is None:
            lag: tuple[str, ...] = (f"the {self.kind} does not tell how far behind it is",)
        elif self.lag > max_lag:
            lag = (
                f"the {self.kind} is {self.lag:.1f} s behind, at most {max_lag:g} s are allowed",
            )
        else:
            lag = ()
        return (*lag, *self.partial)

    def overtaken(self, loaded: Iterable[Position]) -> tuple[str, ...]:
        """The reason given by a load that was made from a later state than this one, if any was."""
        for position in loaded:
            if self.position.behind(position):
                return (
                    f"the range was last loaded from a later state of the source (snapshot"
                    f" {position.snapshot}) than the {self.kind} shows now"
                    f" ({self.position.snapshot})",
                )
        return ()
