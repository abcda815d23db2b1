"""What differs below the cutoff, by the side that changed: each hypothesis names some units.

Belongs here: the order of the hypotheses, and those about the source. Does not belong here: how
units come about (units), which side they are of (sides), or those about the target (in_target).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import polars as pl

from metric_assets.audit.explain.case import Case
from metric_assets.audit.explain.groups import CONSISTENT, VERIFIED, Group
from metric_assets.audit.explain.in_target import (
    SHIFTED,
    Split,
    border,
    named,
    overlap,
    times,
    unknown,
)
from metric_assets.audit.explain.live import explain_adjusted
from metric_assets.audit.explain.sides import Side, sides
from metric_assets.audit.explain.units import units as units_of
from metric_assets.explanation import Cause


def explain_below(case: Case) -> list[Group]:
    """The groups of what differs below the cutoff; nothing where nothing does."""
    seen = case.examined
    found = units_of(seen.wanted, seen.held, seen.judged)
    if found.is_empty():
        return []
    if case.result.present == 0 and not case.loaded and case.verified is None:
        test = "the target holds nothing of it below the cutoff, and no load is on record"
        return [Group(Cause.NEVER_LOADED, found, VERIFIED, test)]
    moved, found = _moved_cutoff(case, found)
    verified = case.verified
    comparable = verified is not None and verified.cutoff in (None, case.cutoff)
    digest = verified.digest if verified is not None and comparable else None
    present = case.result.digest or 0
    side = sides(found, present, case.wanted_digest, digest, complete=seen.complete)
    told = found.with_columns(side.alias("side"))

    def of(which: Side) -> pl.DataFrame:
        return told.filter(pl.col("side") == which.value).drop("side")

    return [
        *moved,
        *_in_target(case, of(Side.TARGET)),
        *_at_source(case, of(Side.SOURCE)),
        *_in_both(case, of(Side.BOTH)),
        *_open(case, of(Side.UNKNOWN)),
    ]


def _moved_cutoff(case: Case, units: pl.DataFrame) -> Split:
    """What lies between the cutoff of the last load and that of now."""
    before = case.loaded_cutoff
    if before is None or not before < case.cutoff:
        return [], units
    late = pl.min_horizontal("wantedAt", "heldAt") >= before
    between = units.filter(late)
    if between.is_empty():
        return [], units
    test = f"all of it is dated from {before.isoformat()} on, the cutoff of the last load"
    detail = f"the cutoff was moved to {case.cutoff.isoformat()} and the range not loaded since"
    return [Group(Cause.WRONG_CUTOFF, between, VERIFIED, test, detail)], units.filter(~late)


def _verified_at(case: Case) -> str:
    at = case.verified.instant if case.verified else None
    return f"verified as of {at.isoformat(timespec='seconds')}" if at else "verified last"


def _in_target(case: Case, units: pl.DataFrame) -> Iterator[Group]:
    """Units that were undone to come to what was verified: the target itself was changed."""
    test = (
        f"undone in the arithmetic, the target holds exactly what was {_verified_at(case)}:"
        " the target was changed since"
    )

    def of(kind: str) -> pl.DataFrame:
        return units.filter(pl.col("kind") == kind)

    yield from times(of("time"), test)
    yield from named(of("value"), Cause.WRONG_VALUE, test)
    yield from named(of("user"), Cause.WRONG_USER, test)
    overlaps, surplus = overlap(case, pl.concat([of("copy"), of("surplus")]), test)
    yield from overlaps
    copies = surplus.filter(pl.col("kind") == "copy")
    # Of a key that live events adjust, rows that are missing alone are lost like any other. The
    # adjustment lies at the border by itself, so nothing is told by where it lies.
    lost = pl.col("heldAt").is_null().all().over("entityId")
    adjusted = of("adjusted")
    borders, missing = border(case, of("missing"), test)
    yield from borders
    yield from named(pl.concat([missing, adjusted.filter(lost)]), Cause.LOST, test)
    borders, doubled = border(case, copies, test)
    yield from borders
    yield from named(doubled, Cause.DOUBLED, test)
    yield from named(surplus.filter(pl.col("kind") == "surplus"), Cause.FOREIGN, test)
    for rows in (of("tangled"), adjusted.filter(~lost)):
        said = "rows of one user were both lost and added, or moved onto another: " + test
        yield from unknown(rows, said)


def _at_source(case: Case, units: pl.DataFrame) -> Iterator[Group]:
    """Units that undoing does not explain: the target is as it was verified, the source is not."""
    test = f"the target still holds of these rows what was {_verified_at(case)}: the source changed"
    if not case.same_scan:
        said = "the statement of the scan, or the row of the pair, is another than at the last load"
        yield from unknown(units, said)
        return
    rules: tuple[tuple[str, Cause, Callable[[pl.DataFrame], pl.Series] | None], ...] = (
        ("missing", Cause.ADDED, None),
        ("value", Cause.VALUE_CHANGED, None),
        ("user", Cause.USER_CHANGED, _distinct),
        ("time", Cause.REDATED, _redated),
    )
    for kind, cause, holds in rules:
        own = units.filter(pl.col("kind") == kind)
        sure = own.with_columns(holds(own).alias("sure")) if holds and own.height else None
        if sure is None:
            yield from named(own, cause, test)
            continue
        yield from named(sure.filter("sure").drop("sure"), cause, test)
        said = f"another row of the source has the same key, so that it may be two changes: {test}"
        yield from unknown(sure.filter(~pl.col("sure")).drop("sure"), said, cause)
    surplus = units.filter(pl.col("kind").is_in(["surplus", "copy"]))
    orphaned = pl.col("entityId").is_in(list(case.gone))
    yield from named(surplus.filter(orphaned), Cause.ENTITY_DELETED, test)
    yield from _deleted(case, surplus.filter(~orphaned), test)
    adjusted, rest = explain_adjusted(case, units.filter(pl.col("kind") == "adjusted"))
    yield from adjusted
    yield from _told(rest, test)
    said = "rows of one user both came and went: " + test
    yield from unknown(units.filter(pl.col("kind") == "tangled"), said)


def _deleted(case: Case, units: pl.DataFrame, test: str) -> Iterator[Group]:
    """Rows that the source no longer has, unless a live event that took them off may be gone."""
    if not case.live_may_be_lost:
        yield from named(units, Cause.DELETED, test)
        return
    said = f"live events that took rows off may be gone as well: {test}"
    yield from unknown(units, said, Cause.DELETED, Cause.LIVE_LOST)


def _in_both(case: Case, units: pl.DataFrame) -> Iterator[Group]:
    """Surplus rows that moved in the target with the others and were deleted at the source."""
    test = (
        "moved back with the others, the target holds of them what was"
        f" {_verified_at(case)}; the source no longer has them"
    )
    orphaned = pl.col("entityId").is_in(list(case.gone))
    yield from named(units.filter(orphaned), Cause.ENTITY_DELETED, test)
    yield from named(units.filter(~orphaned), Cause.DELETED, test)


def _distinct(units: pl.DataFrame) -> pl.Series:
    return units["distinct"]


def _redated(units: pl.DataFrame) -> pl.Series:
    """Whether rows have a key of their own, or moved by a span that others share."""
    offset = (pl.col("heldAt") - pl.col("wantedAt")).dt.total_milliseconds()
    shared = pl.len().over(offset) >= SHIFTED
    return units.select(pl.col("distinct") | shared).to_series()


def _told(units: pl.DataFrame, test: str) -> Iterator[Group]:
    """Keys with an adjustment: the sum of each is what it was, or nothing is known of it."""
    worth = pl.col("wantedValue").fill_null(0) - pl.col("heldValue").fill_null(0)
    if units.is_empty():
        return
    marked = units.with_columns(net=worth.sum().over("entityId"))
    even = marked.filter(pl.col("net") == 0).drop("net")
    if not even.is_empty():
        said = f"what each entity holds sums to what it did; {test}"
        yield Group(Cause.TOLD_BY_LIVE, even, CONSISTENT, said)
    odd = marked.filter(pl.col("net") != 0).drop("net")
    yield from unknown(odd, f"live events ask for another sum: {test}")


#: By kind: what a unit could be if nobody knows which side changed.
_CANDIDATES = {
    "missing": (Cause.LOST, Cause.ADDED),
    "surplus": (Cause.DELETED, Cause.FOREIGN),
    "copy": (Cause.DOUBLED, Cause.DELETED),
    "time": (Cause.REDATED, Cause.TIME_SHIFT),
    "value": (Cause.WRONG_VALUE, Cause.VALUE_CHANGED),
    "user": (Cause.WRONG_USER, Cause.USER_CHANGED),
    "tangled": (),
    "adjusted": (),
}


def _open(case: Case, units: pl.DataFrame) -> Iterator[Group]:
    """Units of which nobody knows which side changed: what can be said, and why not more."""
    if case.verified is None:
        why = "no earlier verification is on record, so that target and source cannot be told apart"
    elif case.verified.digest is None:
        why = "the last verification on record has no digest"
    elif case.verified.cutoff not in (None, case.cutoff):
        why = "the range was verified with another cutoff"
    else:
        why = (
            f"no part of the difference, undone, leads to what was {_verified_at(case)}: both sides"
            " changed, or more than once"
        )
    for kind, candidates in _CANDIDATES.items():
        own = units.filter(pl.col("kind") == kind)
        gone = bool(case.gone) and kind in {"surplus", "copy"}
        more = (*candidates, Cause.ENTITY_DELETED) if gone else candidates
        yield from unknown(own, why, *more)
