"""Why a counter differs, as values: causes, what is told of each, and all of them of a range.

Belongs here: codes, sentences and figures. Does not belong here: how a cause is found
(audit/explain), or how it is shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any


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
    def words(self) -> str:
        """Its name in words."""
        return self.value.replace("_", " ")

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


@dataclass(frozen=True)
class Finding:
    """What is told of a group: rows of both sides, entities and hours, and what cures it.

    ``counted`` says in words how much it is. ``worst`` are entities and how many rows of each,
    ``hours`` hours (UTC) likewise. A sample has ``entityId``, and ``userId``, ``value`` and
    ``createdAt`` as wanted and as held.
    """

    cause: Cause
    sure: str
    test: str
    detail: str
    counted: str
    missing: int
    surplus: int
    entities: int
    worst: tuple[tuple[int, int], ...]
    hours: tuple[tuple[str, int], ...]
    samples: tuple[dict[str, Any], ...]
    cure: str
    candidates: tuple[Cause, ...] = ()
    live: bool = False

    @property
    def size(self) -> int:
        """Rows of both sides."""
        return self.missing + self.surplus

    @property
    def known(self) -> bool:
        """Whether a hypothesis held."""
        return self.cause is not Cause.UNKNOWN

    @property
    def headline(self) -> str:
        """The cause, how much of it there is, and what it means."""
        entities = "1 entity" if self.entities == 1 else f"{self.entities:,} entities"
        return f"{self.cause.words}: {self.counted} {entities}: {self.cause.sentence}"

    @property
    def sentence(self) -> str:
        """The cause in words, with its figures."""
        text = self.headline
        if self.detail:
            text += f"; {self.detail}"
        if self.candidates:
            text += f"; could be {' or '.join(one.words for one in self.candidates)}"
        return f"{text} ({self.sure}: {self.test})"

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {
            "cause": self.cause.value,
            "sentence": self.sentence,
            "sure": self.sure,
            "test": self.test,
            "detail": self.detail,
            "candidates": [one.value for one in self.candidates],
            "missing": self.missing,
            "surplus": self.surplus,
            "live": self.live,
            "entities": self.entities,
            "worst": [{"entityId": one, "rows": rows} for one, rows in self.worst],
            "hours": [{"hour": hour, "rows": rows} for hour, rows in self.hours],
            "samples": list(self.samples),
            "cure": self.cure,
        }


@dataclass(frozen=True)
class Explanation:
    """Why the counters of a pair and range differ: findings, the largest first; none where nothing
    does.

    ``note`` says what was left unread.
    """

    pair: str
    ids: str
    findings: tuple[Finding, ...] = ()
    note: str = ""

    @property
    def place(self) -> str:
        """Pair and range."""
        return f"{self.pair}/{self.ids}"

    @property
    def codes(self) -> tuple[str, ...]:
        """The codes of the causes, the largest first."""
        return tuple(dict.fromkeys(one.cause.value for one in self.findings))

    @property
    def summary(self) -> str:
        """The headlines of all causes; empty where nothing differs."""
        return "; ".join(one.headline for one in self.findings)

    @property
    def sentence(self) -> str:
        """All causes in words; empty where nothing differs."""
        said = [one.sentence for one in self.findings]
        return "; ".join([*said, self.note] if self.note and said else said)

    @property
    def cures(self) -> tuple[str, ...]:
        """What is to be done, in the order of the causes; none that another says as well."""
        found = dict.fromkeys(one.cure for one in self.findings)
        return tuple(
            one for one in found if not any(one in other for other in found if other != one)
        )

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {
            "pair": self.pair,
            "ids": self.ids,
            "causes": list(self.codes),
            "sentence": self.sentence,
            "note": self.note,
            "findings": [one.as_dict() for one in self.findings],
            "cures": list(self.cures),
        }


def ordered(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """The largest first, what is unknown last."""
    return tuple(sorted(findings, key=lambda one: (one.cause is Cause.UNKNOWN, -one.size)))
