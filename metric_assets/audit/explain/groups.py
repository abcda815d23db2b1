"""Groups of units that one cause explains, and what is told of each.

Belongs here: the answer as values. Does not belong here: how a cause is found (below, live,
legacy), or how an answer is printed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import polars as pl

from metric_assets.audit.explain.causes import Cause, cure

#: Rows shown of each side, entities named, hours told.
SAMPLES = 10
WORST = 10
HOURS = 24

#: How sure a cause is: PROVEN by the arithmetic of digests or by what is on record, or CONSISTENT
#: with every row while nothing else fits.
PROVEN, CONSISTENT, OPEN = "proven", "consistent", "open"


@dataclass(frozen=True)
class Group:
    """Units with one cause: how ``sure`` it is and by which ``test``, in words.

    ``detail`` is what else the data say: a span, an instant. Of what is unknown ``candidates`` are
    the causes that it could be. ``live``: the rows are live events, or lack them.
    """

    cause: Cause
    units: pl.DataFrame
    sure: str
    test: str
    detail: str = ""
    candidates: tuple[Cause, ...] = ()
    live: bool = False


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
    def sentence(self) -> str:
        """The cause in words, with its figures."""
        entities = "1 entity" if self.entities == 1 else f"{self.entities:,} entities"
        text = f"{self.cause.value}: {self.counted} {entities}: {self.cause.sentence}"
        if self.detail:
            text += f"; {self.detail}"
        if self.candidates:
            text += f"; could be {' or '.join(one.value for one in self.candidates)}"
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


def _counted(missing: int, surplus: int, *, live: bool) -> str:
    what = "live events" if live else "events"
    if missing and surplus:
        return f"{missing:,} {what} missing and {surplus:,} surplus in"
    return f"{missing:,} {what} missing in" if missing else f"{surplus:,} {what} surplus in"


def finding(group: Group, pair: str, key: str) -> Finding:
    """What is told of a group of a pair and partition."""
    units = group.units
    at = pl.coalesce("wantedAt", "heldAt")
    worst = units.group_by("entityId").len().sort(["len", "entityId"], descending=[True, False])
    hours = units.group_by(at.dt.truncate("1h").alias("hour")).len()
    hours = hours.sort(["len", "hour"], descending=[True, False]).head(HOURS).sort("hour")
    missing, surplus = (int(units[f"{side}At"].is_not_null().sum()) for side in ("wanted", "held"))
    return Finding(
        cause=group.cause,
        sure=group.sure,
        test=group.test,
        detail=group.detail,
        counted=_counted(missing, surplus, live=group.live),
        missing=missing,
        surplus=surplus,
        entities=worst.height,
        worst=tuple((int(one), int(rows)) for one, rows in worst.head(WORST).iter_rows()),
        hours=tuple((hour.isoformat(), int(rows)) for hour, rows in hours.iter_rows()),
        samples=tuple(_samples(units)),
        cure=cure(group.cause, pair, key, live=group.live),
        candidates=group.candidates,
        live=group.live,
    )


def _samples(units: pl.DataFrame) -> list[dict[str, Any]]:
    """Some units as plain values: what is wanted of each, and what is held."""
    found = []
    shown = units.sort("entityId", pl.coalesce("wantedAt", "heldAt")).head(SAMPLES)
    for row in shown.iter_rows(named=True):
        sample: dict[str, Any] = {"entityId": row["entityId"]}
        for side in ("wanted", "held"):
            at = row[f"{side}At"]
            sample[side] = (
                None
                if at is None
                else {
                    "userId": row[f"{side}User"],
                    "value": row[f"{side}Value"],
                    "createdAt": at.isoformat(timespec="milliseconds"),
                }
            )
        found.append(sample)
    return found


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
    def sentence(self) -> str:
        """All causes in words; empty where nothing differs."""
        said = [one.sentence for one in self.findings]
        return "; ".join([*said, self.note] if self.note and said else said)

    @property
    def cures(self) -> tuple[str, ...]:
        """What is to be done, in the order of the causes."""
        return tuple(dict.fromkeys(one.cure for one in self.findings))

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


def span(milliseconds: int) -> str:
    """A span of time with its sign: ``+1:00:00``."""
    sign = "-" if milliseconds < 0 else "+"
    return f"{sign}{timedelta(milliseconds=abs(milliseconds))}"
