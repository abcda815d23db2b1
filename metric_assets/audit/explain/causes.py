"""The causes of a difference: a code and a sentence each, and what cures it."""

from __future__ import annotations

from enum import Enum


class Cause(str, Enum):
    """Why a group of rows differs. ``UNKNOWN`` is an answer: no hypothesis held."""

    LOST = "lost_block"
    DOUBLED = "doubled_block"
    FOREIGN = "foreign_rows"
    TIME_SHIFT = "time_shift"
    MILLISECONDS_CUT = "milliseconds_cut"
    WRONG_VALUE = "wrong_value"
    WRONG_USER = "wrong_user"
    BORDER = "border_off_by_one"
    WRONG_CUTOFF = "wrong_cutoff"
    NEVER_LOADED = "never_loaded"
    DELETED = "deleted_at_source"
    ADDED = "added_at_source"
    REDATED = "redated_at_source"
    VALUE_CHANGED = "value_changed_at_source"
    USER_CHANGED = "user_changed_at_source"
    ENTITY_DELETED = "entity_deleted"
    TOLD_BY_LIVE = "told_by_live_events"
    LIVE_LOST = "live_events_lost"
    LIVE_DOUBLED = "live_events_doubled"
    LEGACY_STALE = "legacy_stale"
    LEGACY_FROZEN = "legacy_frozen"
    LEGACY_CHANGED = "legacy_changed"
    UNKNOWN = "unknown"

    @property
    def sentence(self) -> str:
        """What it means."""
        return SENTENCES[self]


SENTENCES = {
    Cause.LOST: "events that were verified to be there are gone from the target",
    Cause.DOUBLED: "events were written to the target once more since they were verified",
    Cause.FOREIGN: "somebody else wrote events below the cutoff that the source never had",
    Cause.TIME_SHIFT: "the times of events were moved in the target, all by the same span",
    Cause.MILLISECONDS_CUT: "times were cut to whole seconds in the target",
    Cause.WRONG_VALUE: "values of events were changed in the target",
    Cause.WRONG_USER: "users of events were changed in the target",
    Cause.BORDER: "a border is off by one: the first or last id of the range, or the last instant"
    " before the cutoff",
    Cause.WRONG_CUTOFF: "the cutoff is not where live events begin",
    Cause.NEVER_LOADED: "the range was never loaded",
    Cause.DELETED: "rows were deleted at the source since the range was verified",
    Cause.ADDED: "rows dated before the cutoff were added to the source since the range was"
    " verified",
    Cause.REDATED: "rows were given another time at the source since the range was verified",
    Cause.VALUE_CHANGED: "values were changed at the source since the range was verified",
    Cause.USER_CHANGED: "rows were given another user at the source since the range was verified",
    Cause.ENTITY_DELETED: "entities were deleted at the source, and their rows with them",
    Cause.TOLD_BY_LIVE: "the source changed, live events tell of it, and the counter is right; only"
    " the form of what is held changes",
    Cause.LIVE_LOST: "the source has rows since the cutoff for which there is no live event",
    Cause.LIVE_DOUBLED: "live events were written more than once",
    Cause.LEGACY_STALE: "legacy counters were last computed at an earlier time and were right then",
    Cause.LEGACY_FROZEN: "no legacy counter of the range has moved since an instant, while the"
    " source has",
    Cause.LEGACY_CHANGED: "legacy counters hold numbers that the counter never had",
    Cause.UNKNOWN: "no hypothesis was found to hold",
}

#: What happened to the target itself: somebody or something wrote to it.
IN_TARGET = frozenset(
    {
        Cause.LOST,
        Cause.DOUBLED,
        Cause.FOREIGN,
        Cause.TIME_SHIFT,
        Cause.MILLISECONDS_CUT,
        Cause.WRONG_VALUE,
        Cause.WRONG_USER,
    }
)
#: The source went on.
AT_SOURCE = frozenset(
    {
        Cause.DELETED,
        Cause.ADDED,
        Cause.REDATED,
        Cause.VALUE_CHANGED,
        Cause.USER_CHANGED,
        Cause.ENTITY_DELETED,
        Cause.TOLD_BY_LIVE,
    }
)
LIVE = frozenset({Cause.LIVE_LOST, Cause.LIVE_DOUBLED})
LEGACY = frozenset({Cause.LEGACY_STALE, Cause.LEGACY_FROZEN, Cause.LEGACY_CHANGED})


def cure(cause: Cause, pair: str, key: str, *, live: bool = False) -> str:
    """What to do about a cause in a range; ``live``: it is about live events."""
    load = f"metric-assets backfill {pair} --range {key}"
    if live:
        return _live_cure(cause, load)
    if cause in LEGACY:
        return "nothing to load: compute the legacy counter again"
    if cause is Cause.WRONG_CUTOFF:
        return f"let the platform write from the cutoff on only; `{load}` takes the overlap out"
    if cause in IN_TARGET or cause is Cause.BORDER:
        return f"`{load}` repairs it; find who writes to the target below the cutoff"
    return f"`{load}` repairs it"


def _live_cure(cause: Cause, load: str) -> str:
    heal = f"if that will never be done, `{load} --heal-live` makes the counter right"
    match cause:
        case Cause.LIVE_LOST:
            return f"replay the live events of these hours; {heal}"
        case Cause.WRONG_CUTOFF:
            first = "set METRIC_ASSETS_CUTOFFS to the instant at which live events begin"
            return f"{first}, then `{load}`"
        case Cause.UNKNOWN:
            return "look at the rows: no load changes what live events lack or have too many"
        case _:
            return f"take the copies out of the live events; {heal}"
