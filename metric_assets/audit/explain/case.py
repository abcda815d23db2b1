"""What is known of a range whose counter differs: everything that a hypothesis may look at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from metric_assets.catalog.model import Pair
from metric_assets.examined import Around, Examined
from metric_assets.load_result import LoadResult
from metric_assets.ranges import IdRange


@dataclass(frozen=True)
class Verified:
    """What a range held when it was last seen to hold what its source says.

    ``digest`` is that of its load result, ``instant`` (UTC) what the source showed. ``withdrawn``
    and ``overlap`` were held, or left out, because of live events (see live.LiveFigures).
    """

    digest: int | None
    cutoff: datetime | None = None
    instant: datetime | None = None
    events: int = 0
    total: int = 0
    withdrawn: int = 0
    overlap: int = 0


class Evidence(Protocol):
    """Where earlier verifications are on record."""

    def last_verified(
        self, pair: Pair, ids: IdRange, by: datetime | None = None
    ) -> Verified | None:
        """The newest one of a range, or the newest until ``by`` (UTC); None if there is none."""
        ...

    def last_agreed(self, pair: Pair, ids: IdRange) -> datetime | None:
        """When its legacy counters were last seen to agree, UTC."""
        ...


class NoEvidence:
    """Nothing is on record."""

    def last_verified(
        self, pair: Pair, ids: IdRange, by: datetime | None = None
    ) -> Verified | None:
        """None."""
        del pair, ids, by
        return None

    def last_agreed(self, pair: Pair, ids: IdRange) -> datetime | None:
        """None."""
        del pair, ids
        return None


@dataclass(frozen=True)
class LiveBegin:
    """The first live event of a pair in the whole target, and of its entity type; UTC."""

    pair: datetime | None = None
    entity: datetime | None = None


@dataclass(frozen=True)
class Case:
    """A range as a dry run found it (``result``), and what is known beside it.

    ``wanted_digest`` is the digest of what must be held. ``loaded`` says that a load is on record,
    ``loaded_cutoff`` and ``same_scan`` by which cutoff it was, and whether by the same statement.
    ``held_from`` says how many rows of the range the target holds from an instant on, below the
    cutoff. ``gone`` are entities of the frames that the source no longer has. From ``recent`` on
    live events may still arrive. ``last`` is the last instant before the cutoff that the target
    holds.
    """

    result: LoadResult
    examined: Examined
    wanted_digest: int
    last: datetime
    verified: Verified | None = None
    loaded: bool = False
    loaded_cutoff: datetime | None = None
    same_scan: bool = True
    gone: frozenset[int] = frozenset()
    around: Around = field(default_factory=Around)
    begin: LiveBegin = field(default_factory=LiveBegin)
    recent: datetime | None = None
    held_from: Callable[[datetime], int] = lambda _instant: 0

    @property
    def live_may_be_lost(self) -> bool:
        """Whether live events that explained what was held may be gone since: then rows look
        deleted at the source that had been withdrawn long before.
        """
        then, now = self.verified, self.result.live
        if then is None or then.withdrawn == then.overlap == 0:
            return False
        fewer = now.withdrawn < then.withdrawn or now.overlap < then.overlap
        return fewer or self.result.drifts

    @property
    def cutoff(self) -> datetime:
        """The cutoff of the range."""
        return self.result.cutoff
