"""What the pipeline asks of sources, locks and the target, as small Protocols.

Belongs here: the shapes both stores and the tests' fakes agree on. Does not belong here: anything
that knows a driver, or what is asked of a stage (stage_port).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Protocol

import polars as pl

from metric_assets.ranges import IdRange
from metric_assets.source_state import SourceState
from metric_assets.sql import Statement
from metric_assets.stores.stage_port import Stage

#: A value that may be bound into a statement.
Bind = int | bool | str | datetime | Sequence[str] | Sequence[int] | None
Binds = Mapping[str, Bind]


@dataclass(frozen=True)
class Scope:
    """The part of the target that is ours: one entity, some metrics, ids, a cutoff.

    ``parts`` are neighbouring ranges, in their order, that make up ``ids`` and are loaded together;
    empty where there is one. What is told of a metric is told of each part then, under a name that
    says both.
    """

    entity: str
    metrics: tuple[str, ...]
    ids: IdRange
    cutoff: datetime
    parts: tuple[IdRange, ...] = ()

    @classmethod
    def together(
        cls, entity: str, metrics: tuple[str, ...], parts: Sequence[IdRange], cutoff: datetime
    ) -> Scope:
        """The scope of neighbouring ranges that are loaded together."""
        ids = IdRange(parts[0].start, parts[-1].stop)
        return cls(entity, metrics, ids, cutoff, tuple(parts))

    @property
    def label(self) -> str:
        """How messages name it."""
        return f"{self.entity}/{'+'.join(self.metrics)}/{self.ids.key}"

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The names by which metrics are told apart: those of the first part, of the second …"""
        if not self.parts:
            return self.metrics
        return tuple(self.name(metric, part) for part in self.parts for metric in self.metrics)

    @staticmethod
    def name(metric: str, part: IdRange) -> str:
        """The name of a metric in a part."""
        return f"{metric}/{part.key}"

    @property
    def stored(self) -> tuple[str, ...]:
        """The metric, as it is stored, that each of the names stands for."""
        return self.metrics * max(len(self.parts), 1)

    def key_of(self, name: str) -> str:
        """The pair and range that a name stands for, as in ``User/Follower/0-999``."""
        place = f"{self.entity}/{name}"
        return place if self.parts else f"{place}/{self.ids.key}"

    def part(self, ids: IdRange) -> Scope:
        """One of the parts as a scope of its own."""
        return Scope(self.entity, self.metrics, ids, self.cutoff)


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

    def expected(self, statement: Statement, binds: Binds, owner: str) -> int | None:
        """About how many rows a statement will take in hand, at its largest step; it is not run.

        None where the store cannot say.
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

    def acquire(self, *scopes: Scope) -> AbstractContextManager[PartitionLock]:
        """Lock all pairs of the scopes; raises BusyError if a living attempt has locked one."""
        ...

    def watch(self, attempt: str, *scopes: Scope) -> AbstractContextManager[PartitionLock]:
        """For a dry run: lock nothing, but say that the attempt lives.

        Raises BusyError if a living attempt has locked a pair of the scopes, now or at verify().
        """
        ...


class PartitionLock(Protocol):
    """The lock that an attempt has on its scopes."""

    def verify(self) -> None:
        """Raise BusyError if the lock was lost (its connection broke) in the meantime."""
        ...

    def is_alive(self, attempt: str) -> bool:
        """Whether the dry run of an attempt still lives."""
        ...


class Target(Protocol):
    """A store that events are loaded into."""

    @property
    def columns(self) -> Mapping[str, str]:
        """The columns of an event, and their types in the store's own words."""
        ...

    def clean_up(
        self,
        scopes: Sequence[Scope],
        is_alive: Callable[[str], bool],
        *,
        dry_run: bool = False,
        spare: Collection[str] = (),
    ) -> list[str]:
        """End what dead attempts at these pairs still run, drop what they left; names of both.

        ``is_alive`` is asked of dry runs, which hold no lock; a dry run cleans up only after them.
        What the attempts ``spare`` keep for their second look stays.
        """
        ...

    def still_kept(self, attempts: Sequence[str]) -> set[str]:
        """Those attempts of which what they kept for their second look is still there."""
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

    def rows_of(self, scopes: Sequence[Scope]) -> Mapping[Scope, pl.DataFrame]:
        """What the store holds in scopes of one entity type, live events too; empty where that is
        too much to be read at once.
        """
        ...

    def stage(
        self,
        scope: Scope,
        attempt: str,
        *,
        dry_run: bool = False,
        seen: pl.DataFrame | None = None,
    ) -> AbstractContextManager[Stage]:
        """Make the attempt's stage; leaving the context drops it. ``seen`` is what rows_of() has
        just found in the scope.
        """
        ...
