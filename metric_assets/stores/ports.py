"""What the pipeline asks of a store, as small Protocols.

Belongs here: the shapes both stores and the tests' fakes agree on. Does not belong here: anything
that knows a driver.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import polars as pl

from metric_assets.events import Bounds
from metric_assets.examined import Examined
from metric_assets.fingerprint import Prints
from metric_assets.live import DriftHour, Judged, Judging
from metric_assets.plan import Mode, Summary
from metric_assets.ranges import IdRange
from metric_assets.source_state import SourceState
from metric_assets.sql import Statement

#: A value that may be bound into a statement.
Bind = int | bool | str | datetime | Sequence[str] | Sequence[int] | None
Binds = Mapping[str, Bind]


@dataclass(frozen=True)
class Scope:
    """The part of the target that is ours: one entity, some metrics, ids, a cutoff."""

    entity: str
    metrics: tuple[str, ...]
    ids: IdRange
    cutoff: datetime

    @property
    def label(self) -> str:
        """How messages name it."""
        return f"{self.entity}/{'+'.join(self.metrics)}/{self.ids.key}"


@dataclass(frozen=True)
class LiveSeen:
    """Whether a scope holds live events (``some``), and recent ones."""

    some: bool = False
    recent: bool = False


class Reading(Protocol):
    """One statement's rows, in frames of bounded size, all of one snapshot."""

    @property
    def snapshot(self) -> str:
        """What identifies the state of the source that is read; for the load result."""
        ...

    @property
    def state(self) -> SourceState:
        """What the source is, how far behind, and what it may leave out."""
        ...

    def frames(self) -> Iterator[pl.DataFrame]:
        """The rows, in frames of bounded size; none at all if there are none."""
        ...

    def cancel(self) -> None:
        """End the statement in the server, from any thread; never raises."""
        ...


class Source(Protocol):
    """A store that can be read."""

    def read(
        self, statement: Statement, binds: Binds, owner: str, tables: Sequence[str] = ()
    ) -> AbstractContextManager[Reading]:
        """Open a reading; leaving the context ends its statement in the server.

        ``tables`` are the source tables that the statement reads; its state is found out for them.
        """
        ...

    def now(self) -> datetime | None:
        """The server's instant, UTC, where a reading is told up to when to read; None where its
        snapshot says.
        """
        ...


class Rows(Protocol):
    """A store that answers small statements."""

    def frame(self, statement: Statement, binds: Binds) -> pl.DataFrame:
        """All rows of a statement."""
        ...


class PartitionLocks(Protocol):
    """Partition locks: one attempt at a time works on a scope, on any machine."""

    def acquire(self, scope: Scope) -> AbstractContextManager[PartitionLock]:
        """Lock all pairs of the scope; raises BusyError if a living attempt has locked one."""
        ...

    def watch(self, scope: Scope, attempt: str) -> AbstractContextManager[PartitionLock]:
        """For a dry run: lock nothing, but say that the attempt lives.

        Raises BusyError if a living attempt has locked a pair of the scope, now or at verify().
        """
        ...


class PartitionLock(Protocol):
    """The lock that an attempt has on its scope."""

    def verify(self) -> None:
        """Raise BusyError if the lock was lost (its connection broke) in the meantime."""
        ...

    def is_alive(self, attempt: str) -> bool:
        """Whether the dry run of an attempt still lives."""
        ...


class Stage(Protocol):
    """The private tables of one attempt and what can be done with them."""

    @property
    def bounds(self) -> Bounds:
        """What the target's columns can hold."""
        ...

    @property
    def mode(self) -> Mode:
        """How surplus is repaired."""
        ...

    def cancel(self) -> None:
        """End in the server what this attempt runs there, from any thread; never raises."""
        ...

    def insert(self, events: pl.DataFrame) -> None:
        """Send events; they are durable when this returns.

        Those before the cutoff go into the staging table, later ones beside it: they are judged by,
        never published.
        """
        ...

    @property
    def coarse(self) -> bool:
        """Whether the target keeps whole seconds."""
        ...

    @property
    def memory_rows(self) -> int:
        """Up to how many events are kept in memory if they are inserted at once; 0 if none."""
        ...

    def occupied(self) -> bool:
        """Whether the target holds anything in the scope."""
        ...

    def fingerprints(self, prints: Prints) -> pl.DataFrame:
        """What the target holds of the scope, by metricType and bucket: net, dated, recent, and
        held, held_total, up and down below the cutoff.
        """
        ...

    def restrict(self, buckets: pl.DataFrame) -> None:
        """Look at these buckets only (metricType, bucket): of the rest source and target agree."""
        ...

    def recall(self, attempt: str, judging: Judging) -> bool:
        """Fill the stage for a second look, from what ``attempt`` kept; restricts it to those keys.

        False if it was cleaned up, by a later load of the scope.
        """
        ...

    def staged(self) -> dict[str, Summary]:
        """What the staging table holds, a summary for every metric of the scope."""
        ...

    def beside(self) -> dict[str, Summary]:
        """What was inserted from the cutoff on, likewise."""
        ...

    def present(self) -> dict[str, Summary]:
        """What the target holds in the scope, likewise."""
        ...

    def sees_live(self, judging: Judging) -> LiveSeen:
        """Whether the scope holds live events, and whether some are recent."""
        ...

    def judge(self, judging: Judging, fresh: Sequence[str]) -> dict[str, Judged]:
        """Judge the keys of the scope by live events; ``fresh`` metrics hold nothing below the
        cutoff.
        """
        ...

    def keep(self, judging: Judging) -> None:
        """Keep what a second look needs; it outlives the stage, until the target forgets it."""
        ...

    def adjust(self, judging: Judging) -> None:
        """Put the adjustments that judge() found into the staging table."""
        ...

    def drift_hours(self, judging: Judging) -> dict[str, tuple[DriftHour, ...]]:
        """The hours of live drift that judge() found, by metric."""
        ...

    def gone_entities(self) -> dict[str, dict[int, int]]:
        """By metric: entities of which something held is gone untold, and how much."""
        ...

    def difference(self, metrics: Sequence[str]) -> dict[str, tuple[int, int, int]]:
        """Compare key by key; (inserted, removed, compensated) rows of the metrics that differ."""
        ...

    def examine(self, metric: str, most: int) -> Examined:
        """After a plan: the rows of entities that differ, or whose live events do; about ``most``
        rows, of whole entities.
        """
        ...

    def looked(self, fresh: Sequence[str]) -> dict[str, tuple[int, int, int]]:
        """The part of the difference that a second look will find anew, likewise."""
        ...

    def publish(self, metrics: Sequence[str], *, alone: bool) -> None:
        """Insert staged events of metrics the scope has none of into the target.

        ``alone`` says that the stage holds nothing else, so that whole partitions may be attached.
        The stage keeps what it holds.
        """
        ...

    def apply_difference(self, metrics: Sequence[str]) -> None:
        """Write what the last difference() found."""
        ...


class Target(Protocol):
    """A store that events are loaded into."""

    @property
    def columns(self) -> Mapping[str, str]:
        """The columns of an event, and their types in the store's own words."""
        ...

    def clean_up(
        self,
        scope: Scope,
        is_alive: Callable[[str], bool],
        *,
        dry_run: bool = False,
        spare: str = "",
    ) -> list[str]:
        """End what dead attempts at these pairs still run, drop what they left; names of both.

        ``is_alive`` is asked of dry runs, which hold no lock; a dry run cleans up only after them.
        What the attempt ``spare`` keeps for its second look stays.
        """
        ...

    def forget(self, attempt: str) -> None:
        """Drop what an attempt kept for its second look."""
        ...

    def newest_live(
        self, entity: str, cutoff: datetime, *, fresh: bool = False
    ) -> dict[str, datetime]:
        """The newest live event, UTC, of each metric of an entity type that has any.

        The answer may be some seconds old, unless ``fresh``.
        """
        ...

    def stage(
        self, scope: Scope, attempt: str, *, dry_run: bool = False
    ) -> AbstractContextManager[Stage]:
        """Make the attempt's stage; leaving the context drops it."""
        ...
