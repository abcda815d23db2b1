"""Live events: what a load has to know of them, and what it found.

Belongs here: the settings of the rule and its figures, as values. Does not belong here: the rule
itself, which the target computes (sql/clickhouse/judge.sql), or any I/O.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

from metric_assets import defaults

#: Reading to here reads every row of a source, whenever it was created.
FOREVER = datetime.fromisoformat("9999-01-01T00:00:00+00:00")
EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


class Stream(str, Enum):
    """What the platform's live events of a pair are, as a load found them.

    NONE: the whole target has no live event of the pair, so that rows after the cutoff are left
    unread. BEHIND: the source has rows that are newer than the newest live event and older than
    the lag. IGNORED: the catalog says that live events have no say.
    """

    LIVE = "live"
    BEHIND = "behind"
    NONE = "none"
    IGNORED = "ignored"


@dataclass(frozen=True)
class LiveRules:
    """How far live events are trusted.

    ``lag`` (seconds) is how late a live event may arrive. ``skew`` (seconds) is by how much the
    clocks of source and platform may differ. With ``heal`` a counter is made equal to its source
    whatever live events explain, for events that will never be replayed.
    """

    lag: float = defaults.LIVE_LAG
    skew: float = defaults.CLOCK_SKEW
    heal: bool = False


@dataclass(frozen=True)
class Horizon:
    """The instants, UTC, by which live events of one snapshot are judged.

    ``instant`` is what the snapshot shows. Events dated before ``sure`` count, those up to
    ``until`` (inclusive) are ambiguous, later ones are not looked at. ``recent`` is where late
    events may still arrive.
    """

    instant: datetime
    sure: datetime
    until: datetime
    recent: datetime

    @classmethod
    def of(cls, instant: datetime, rules: LiveRules, open_since: datetime | None = None) -> Horizon:
        """The instants of a snapshot; ``open_since`` is when its oldest open writer began."""
        skew, lag = timedelta(seconds=rules.skew), timedelta(seconds=rules.lag)
        oldest = min(instant, open_since or instant)
        return cls(instant, oldest - skew, instant + skew, oldest - max(lag, skew))


@dataclass(frozen=True)
class Judging:
    """What the target is told to judge keys by.

    ``metrics`` are those whose live events have a say. ``signed`` ones have values of either sign,
    ``absorbing`` ones are made equal to the source whatever live events explain, ``by_entity`` ones
    have a key an entity instead of one an entity and user. ``loaded`` were loaded before.
    """

    metrics: tuple[str, ...]
    horizon: Horizon
    signed: tuple[str, ...] = ()
    absorbing: tuple[str, ...] = ()
    by_entity: tuple[str, ...] = ()
    loaded: tuple[str, ...] = ()


@dataclass(frozen=True)
class DriftHour:
    """Counter units that live events of one hour (its start, UTC) lack or have too many."""

    hour: datetime
    missing: int
    phantom: int


@dataclass(frozen=True)
class LiveFigures:
    """What the live events of a pair and range meant for the load, in counter units.

    ``withdrawn`` stays below the cutoff although the source no longer has it, because a live event
    takes it back; ``overlap`` is taken off because a live event counts it too. ``unsettled`` keys
    have events so near to the snapshot that their base lies within a span; the spans add up to
    ``unsettled_width``. ``moved`` is named for one user by the source and another by its event.
    ``live_missing`` and ``live_phantom`` are the live drift: reported, never written.
    ``gone_untold`` was held and is gone from the source without a live event, ``orphaned`` the
    part of it whose entity is gone as well.
    """

    withdrawn: int = 0
    overlap: int = 0
    unsettled: int = 0
    unsettled_width: int = 0
    moved: int = 0
    live_missing: int = 0
    live_phantom: int = 0
    gone_untold: int = 0
    orphaned: int = 0
    drift_hours: tuple[DriftHour, ...] = ()

    @property
    def drift(self) -> int:
        """Counter units of live drift, either way."""
        return self.live_missing + self.live_phantom

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        hours = [
            {"hour": one.hour.isoformat(), "missing": one.missing, "phantom": one.phantom}
            for one in self.drift_hours
        ]
        return {**asdict(replace(self, drift_hours=())), "drift_hours": hours}


@dataclass(frozen=True)
class Judged:
    """The judgement of one metric of a scope.

    ``changes`` are keys that late live events could still change; ``largest`` is the largest
    adjustment, as a positive number.
    """

    figures: LiveFigures
    changes: int = 0
    largest: int = 0
