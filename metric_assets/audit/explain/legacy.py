"""Legacy counters that differ while the counter equals its source: stale, frozen or changed.

What the counter was at an earlier time is the sum of its events up to then. A legacy counter that
equals it as of its own update time was right when it was computed.

Belongs here: the hypotheses. Does not belong here: the comparison itself (reconcile).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from metric_assets.audit.explain.cures import cure
from metric_assets.audit.explain.groups import (
    CONSISTENT,
    OPEN,
    SAMPLES,
    VERIFIED,
    WORST,
)
from metric_assets.catalog.model import Pair
from metric_assets.explanation import Cause, Explanation, Finding, ordered
from metric_assets.ranges import IdRange

#: A counter is read up to so long before it is written down, and clocks differ.
READ_BEFORE, CLOCKS = timedelta(minutes=10), timedelta(seconds=10)
#: Nothing has moved for so long: frozen, not only late.
FROZEN = timedelta(days=1)
#: So many entities must share an instant before it says anything.
MANY = 3
#: Columns of what differs; ``updated`` is when the legacy counter was written, if that is known.
DIFFERING = pl.Schema(
    [
        ("entityId", pl.Int64()),
        ("events", pl.Float64()),
        ("legacy", pl.Float64()),
        ("updated", pl.Datetime("ms", "UTC")),
    ]
)


@dataclass(frozen=True)
class LegacyCase:
    """Entities of a range whose legacy counters differ (DIFFERING), and their events (``moves``:
    entityId, value, createdAt), live ones included.

    ``agreed`` is when the range was last seen to agree with legacy, ``unchanged`` whether the
    source has lost nothing since then without a live event. ``newest`` is the newest update time in
    the range. ``moved_after`` says how many entities of the range have an event after an instant.
    ``note`` is what was left unread; ``complete`` says that no event of them was.
    """

    pair: Pair
    ids: IdRange
    differing: pl.DataFrame
    moves: pl.DataFrame
    agreed: datetime | None = None
    unchanged: bool = False
    newest: datetime | None = None
    moved_after: Callable[[datetime], int] = field(default=lambda _instant: 0)
    note: str = ""
    complete: bool = True


def explain_legacy(case: LegacyCase) -> Explanation:
    """Why legacy counters differ; the largest group first."""
    if case.differing.is_empty():
        return Explanation(case.pair.key, case.ids.key)
    findings = [_finding(case, group) for group in _groups(case)]
    return Explanation(case.pair.key, case.ids.key, ordered(findings), case.note)


@dataclass(frozen=True)
class _Named:
    """Entities with one cause, as groups.Group."""

    cause: Cause
    rows: pl.DataFrame
    sure: str
    test: str
    detail: str = ""


def _groups(case: LegacyCase) -> Iterator[_Named]:
    if case.pair.legacy.average_over is not None:
        said = "legacy holds a mean, of which earlier states are not followed"
        yield _Named(Cause.UNKNOWN, case.differing, OPEN, said)
        return
    if not case.complete:
        yield _Named(Cause.UNKNOWN, case.differing, OPEN, "too many events to follow one by one")
        return
    states = _states(case)
    dated = case.differing.filter(_was(case.differing, states))
    rest = case.differing.join(dated, on="entityId", how="anti")
    if not dated.is_empty():
        test = "each equals the counter as of its own update time"
        yield _stale(case, dated, test, VERIFIED, case.newest)
    common = _common(rest, states) if dated.is_empty() else None
    if common is not None and case.moved_after(common) == rest.height:
        test = f"each equals the counter as of {common}, and nothing else of the range moved since"
        yield _stale(case, rest, test, CONSISTENT, common)
        return
    changed = _never(case, rest, states)
    if not changed.is_empty():
        test = f"since {case.agreed}, when both agreed, the counter was never what legacy holds"
        yield _Named(Cause.LEGACY_CHANGED, changed, VERIFIED, test)
    left = rest.join(changed, on="entityId", how="anti")
    if not left.is_empty():
        said = (
            "legacy equals the counter at no instant that its update times or one common time would"
            " explain"
        )
        if case.agreed is None or not case.unchanged:
            said += ", and no agreement with an unchanged source is on record"
        yield _Named(Cause.UNKNOWN, left, OPEN, said)


def _states(case: LegacyCase) -> pl.DataFrame:
    """What each counter was and from when until when: entityId, state, since, until."""
    moves = (
        case.moves.group_by("entityId", "createdAt").agg(pl.col("value").sum()).sort("createdAt")
    )
    sums = moves.with_columns(state=pl.col("value").cum_sum().over("entityId")).select(
        "entityId", "state", since="createdAt"
    )
    first = case.differing.select("entityId", pl.lit(0, pl.Int64).alias("state"), since=None).cast(
        {"since": moves.schema["createdAt"]}
    )
    states = pl.concat([first, sums]).sort("entityId", "since", nulls_last=False)
    until = pl.col("since").shift(-1).over("entityId")
    return states.with_columns(until=until, state=pl.col("state").cast(pl.Float64))


def _equal(rows: pl.DataFrame, states: pl.DataFrame) -> pl.DataFrame:
    """The states in which a counter was what legacy holds now."""
    both = rows.select("entityId", "legacy", "updated").join(states, on="entityId")
    return both.filter((pl.col("legacy") - pl.col("state")).abs() < 1e-6)


def _was(rows: pl.DataFrame, states: pl.DataFrame) -> pl.Series:
    """Whether legacy holds what the counter was at the time at which it was updated."""
    updated = pl.col("updated")
    then = _equal(rows, states).filter(
        updated.is_not_null()
        & (pl.col("since").is_null() | (pl.col("since") <= updated + CLOCKS))
        & (pl.col("until").is_null() | (pl.col("until") > updated - READ_BEFORE))
    )
    return rows["entityId"].is_in(then["entityId"].unique().to_list())


def _common(rows: pl.DataFrame, states: pl.DataFrame) -> datetime | None:
    """An instant as of which every counter was what legacy holds, if enough share one."""
    if rows.height < MANY:
        return None
    spans = _equal(rows, states).filter(pl.col("until").is_not_null())
    for at in spans["since"].drop_nulls().unique().sort(descending=True):
        holds = spans.filter(
            (pl.col("since").is_null() | (pl.col("since") <= at)) & (pl.col("until") > at)
        )
        if holds["entityId"].n_unique() == rows.height:
            return at  # type: ignore[no-any-return]
    return None


def _never(case: LegacyCase, rows: pl.DataFrame, states: pl.DataFrame) -> pl.DataFrame:
    """Entities whose legacy counter holds what the counter never was since both agreed."""
    if case.agreed is None or not case.unchanged:
        return rows.clear()
    since = case.agreed - READ_BEFORE
    found = _equal(rows, states).filter(pl.col("until").is_null() | (pl.col("until") > since))
    return rows.join(found, on="entityId", how="anti")


def _stale(
    case: LegacyCase, rows: pl.DataFrame, test: str, sure: str, since: datetime | None
) -> _Named:
    """Stale, or frozen: where for long nothing of the range was updated that moved."""
    moved = case.moves.filter(pl.col("entityId").is_in(rows["entityId"].to_list()))
    last = moved["createdAt"].max()
    updated = rows["updated"].max()
    if (
        rows.height >= MANY
        and since is not None
        and isinstance(last, datetime)
        and last - since >= FROZEN
        and (updated is None or case.newest is None or case.newest <= since)
        and case.moved_after(since) == rows.height
    ):
        detail = f"none was updated since {since}; the source last moved at {last}"
        return _Named(Cause.LEGACY_FROZEN, rows, sure, test, detail)
    detail = f"last updated at {updated}" if isinstance(updated, datetime) else ""
    return _Named(Cause.LEGACY_STALE, rows, sure, test, detail)


def _finding(case: LegacyCase, named: _Named) -> Finding:
    cause, rows = named.cause, named.rows
    apart = (pl.col("events") - pl.col("legacy")).abs()
    worst = rows.sort([apart, "entityId"], descending=[True, False])
    below = rows.filter(pl.col("events") > pl.col("legacy")).height
    sizes = [(int(one), round(size)) for one, size in worst.select("entityId", apart).rows()]
    samples: list[dict[str, Any]] = [
        {
            "entityId": row["entityId"],
            "events": row["events"],
            "legacy": row["legacy"],
            "updatedAt": row["updated"].isoformat() if row["updated"] else None,
        }
        for row in worst.head(SAMPLES).iter_rows(named=True)
    ]
    return Finding(
        cause=cause,
        sure=named.sure,
        test=named.test,
        detail=named.detail,
        counted="legacy counters of",
        missing=below,
        surplus=rows.height - below,
        entities=rows.height,
        worst=tuple(sizes[:WORST]),
        hours=(),
        samples=tuple(samples),
        cure=cure(cause, case.pair.key, case.ids.key)
        if cause is not Cause.UNKNOWN
        else "nothing to load: the counter equals its source; look at the legacy counter",
    )
