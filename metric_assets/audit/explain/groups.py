"""Groups of units that one cause explains, and what is told of each.

Belongs here: the answer as values. Does not belong here: how a cause is found (below, live,
legacy), or how an answer is printed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import polars as pl

from metric_assets.audit.explain.cures import cure
from metric_assets.explanation import Cause, Finding

#: Rows shown of each side, entities named, hours told.
SAMPLES = 10
WORST = 10
HOURS = 24

#: How sure a cause is: VERIFIED by the arithmetic of digests or by what is on record, or CONSISTENT
#: with every row while nothing else fits.
VERIFIED, CONSISTENT, OPEN = "verified", "consistent", "open"


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


def span(milliseconds: int) -> str:
    """A span of time with its sign: ``+1:00:00``."""
    sign = "-" if milliseconds < 0 else "+"
    return f"{sign}{timedelta(milliseconds=abs(milliseconds))}"
