"""What differs below the cutoff: each hypothesis takes units whose side is known, and names some.

Belongs here: the hypotheses. Does not belong here: how units come about (units), or which side they
are of (sides).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import polars as pl

from metric_assets.audit.explain.case import Case
from metric_assets.audit.explain.causes import Cause
from metric_assets.audit.explain.groups import CONSISTENT, OPEN, PROVEN, Group, span
from metric_assets.audit.explain.sides import Side, sides
from metric_assets.audit.explain.units import units as units_of

#: So many rows must share a span before it is a shift: one or two may have it by chance.
SHIFTED = 3
#: A range must hold so many rows, and entities, before its border is told from its middle.
MANY = 10
#: Rows of a border that is off by one.
BORDER_ROWS = 2
#: Milliseconds by which a live event and its row may be dated apart.
APART = 60_000

#: Some units that a hypothesis explains, and the rest.
Split = tuple[list[Group], pl.DataFrame]


def explain_below(case: Case) -> list[Group]:
    """The groups of what differs below the cutoff; nothing where nothing does."""
    seen = case.examined
    found = units_of(seen.wanted, seen.held, seen.judged)
    if found.is_empty():
        return []
    if case.result.present == 0 and not case.loaded and case.verified is None:
        test = "the target holds nothing of it below the cutoff, and no load is on record"
        return [Group(Cause.NEVER_LOADED, found, PROVEN, test)]
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
    return [Group(Cause.WRONG_CUTOFF, between, PROVEN, test, detail)], units.filter(~late)


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

    yield from _times(of("time"), test)
    yield from _named(of("value"), Cause.WRONG_VALUE, test)
    yield from _named(of("user"), Cause.WRONG_USER, test)
    overlap, surplus = _overlap(case, pl.concat([of("copy"), of("surplus")]), test)
    yield from overlap
    copies = surplus.filter(pl.col("kind") == "copy")
    for rows, cause in ((of("missing"), Cause.LOST), (copies, Cause.DOUBLED)):
        border, rest = _border(case, rows, test)
        yield from border
        yield from _named(rest, cause, test)
    yield from _named(surplus.filter(pl.col("kind") == "surplus"), Cause.FOREIGN, test)
    for kind in ("tangled", "adjusted"):
        said = "rows of one user were both lost and added, or moved onto another: " + test
        yield from _unknown(of(kind), said)


def _named(units: pl.DataFrame, cause: Cause, test: str, detail: str = "") -> Iterator[Group]:
    if not units.is_empty():
        yield Group(cause, units, PROVEN, test, detail)


def _unknown(units: pl.DataFrame, test: str, *candidates: Cause) -> Iterator[Group]:
    if not units.is_empty():
        yield Group(Cause.UNKNOWN, units, OPEN, test, candidates=candidates)


def _times(units: pl.DataFrame, test: str) -> Iterator[Group]:
    """Times that were cut to seconds; times that moved by one span; and all others."""
    wanted, held = pl.col("wantedAt"), pl.col("heldAt")
    offset = (held - wanted).dt.total_milliseconds()
    marked = units.with_columns(
        offset=offset, cut=(wanted.dt.truncate("1s") == held) & (wanted != held)
    )
    cut = marked.filter("cut")
    if cut["offset"].n_unique() > 1:
        yield from _named(cut.select(units.columns), Cause.MILLISECONDS_CUT, test)
    else:
        said = "the span is the fraction of a second that all of these rows have: " + test
        yield from _unknown(
            cut.select(units.columns), said, Cause.MILLISECONDS_CUT, Cause.TIME_SHIFT
        )
    rest = marked.filter(~pl.col("cut"))
    counts = rest.group_by("offset").len().filter(pl.col("len") >= SHIFTED)
    for by, _ in counts.sort(["len", "offset"], descending=[True, False]).iter_rows():
        detail = f"the target's times lie {span(by)} beside the source's"
        shifted = rest.filter(pl.col("offset") == by).select(units.columns)
        yield from _named(shifted, Cause.TIME_SHIFT, test, detail)
    single = rest.join(counts, on="offset", how="anti").select(units.columns)
    said = f"times differ, by no span that {SHIFTED} rows share: {test}"
    yield from _unknown(single, said, Cause.TIME_SHIFT)


def _border(case: Case, units: pl.DataFrame, test: str) -> Split:
    """Missing or doubled rows that are exactly those of a border of the range."""
    if units.is_empty() or min(case.around.entities, case.around.rows) < MANY:
        return [], units
    ids, wanted, at = case.result.ids, case.examined.wanted, pl.coalesce("wantedAt", "heldAt")
    borders = {ids.start, ids.stop - 1}
    touched = set(units["entityId"])
    if touched <= borders and units.height >= BORDER_ROWS:
        named = "the last id" if touched == {ids.stop - 1} else "the first id"
        exactly = wanted.filter(pl.col("entityId").is_in(list(touched)))
        if exactly.height == units.height:
            return [_on_border(units, f"{named} of the range", test)], units.clear()
    # A source of whole seconds has its last instant a second before the cutoff.
    for first in (case.last, case.cutoff - timedelta(seconds=1)):
        exactly = wanted.filter(pl.col("createdAt") >= first)
        late = bool(units.select((at >= first).all()).item())
        if late and exactly.height == units.height:
            return [_on_border(units, "the last instant before the cutoff", test)], units.clear()
    return [], units


def _on_border(units: pl.DataFrame, named: str, test: str) -> Group:
    said = f"these are all rows of {named}, and no others; {test}"
    return Group(Cause.BORDER, units, PROVEN, said, f"it is {named}")


def _overlap(case: Case, units: pl.DataFrame, test: str) -> Split:
    """Live events from before the cutoff: each is dated beside a row that is held as well, and
    from the first of them on every row of the range has one.

    Copies to the millisecond could be a block from midnight on, written twice: then nobody knows.
    """
    seen = case.examined
    if units.height < SHIFTED or case.begin.pair is None or not seen.complete:
        return [], units
    beside = _beside(units, seen.wanted)
    if beside is None:
        return [], units
    first = min(earliest(beside["at"]), earliest(beside["createdAt"]))
    earlier = seen.wanted.filter(pl.col("createdAt") < first)
    entities = min(one["entityId"].n_unique() for one in (units, earlier))
    if entities < SHIFTED or case.held_from(first) != 2 * units.height:
        return [], units
    said = (
        "each is dated beside a row that is held as well, and from the first of them on every row"
        f" of the range has one; {test}"
    )
    exact = (beside["at"] == beside["createdAt"]).all()
    midnight = first.replace(hour=0, minute=0, second=0, microsecond=0)
    if exact and (earlier["createdAt"] < midnight).all():
        return list(_unknown(units, said, Cause.WRONG_CUTOFF, Cause.DOUBLED)), units.clear()
    detail = f"live events begin before it: right would be {_instant(first)} or a little earlier"
    sure = CONSISTENT if exact else PROVEN
    return [Group(Cause.WRONG_CUTOFF, units, sure, said, detail)], units.clear()


def _beside(units: pl.DataFrame, wanted: pl.DataFrame) -> pl.DataFrame | None:
    """Surplus rows with the time (``at``) of the wanted row that each is dated beside; None if one
    of them has none of its own.
    """
    key = ["entityId", "userId", "value"]
    surplus = units.select("entityId", userId="heldUser", value="heldValue", createdAt="heldAt")
    found = surplus.sort("createdAt").join_asof(
        wanted.with_columns(at="createdAt").sort("createdAt"),
        on="createdAt",
        by=key,
        strategy="nearest",
        tolerance=f"{APART}ms",
        check_sortedness=False,
    )
    shared = found.n_unique([*key, "at"]) < found.height
    return None if found["at"].null_count() or shared else found


def earliest(times: pl.Series) -> datetime:
    """The first of some times."""
    found = times.min()
    assert isinstance(found, datetime)  # noqa: S101 - a column of times that is not empty
    return found


def _instant(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds")


def _at_source(case: Case, units: pl.DataFrame) -> Iterator[Group]:
    """Units that undoing does not explain: the target is as it was verified, the source is not."""
    test = f"the target still holds of these rows what was {_verified_at(case)}: the source changed"
    if not case.same_scan:
        said = "the statement of the scan, or the row of the pair, is another than at the last load"
        yield from _unknown(units, said)
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
            yield from _named(own, cause, test)
            continue
        yield from _named(sure.filter("sure").drop("sure"), cause, test)
        said = f"another row of the source has the same key, so that it may be two changes: {test}"
        yield from _unknown(sure.filter(~pl.col("sure")).drop("sure"), said, cause)
    surplus = units.filter(pl.col("kind").is_in(["surplus", "copy"]))
    orphaned = pl.col("entityId").is_in(list(case.gone))
    yield from _named(surplus.filter(orphaned), Cause.ENTITY_DELETED, test)
    yield from _named(surplus.filter(~orphaned), Cause.DELETED, test)
    yield from _told(units.filter(pl.col("kind") == "adjusted"), test)
    said = "rows of one user both came and went: " + test
    yield from _unknown(units.filter(pl.col("kind") == "tangled"), said)


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
    marked = units.with_columns(net=worth.sum().over("entityId"))
    even = marked.filter(pl.col("net") == 0).drop("net")
    if not even.is_empty():
        said = f"what each entity holds sums to what it did; {test}"
        yield Group(Cause.TOLD_BY_LIVE, even, CONSISTENT, said)
    odd = marked.filter(pl.col("net") != 0).drop("net")
    yield from _unknown(odd, f"live events ask for another sum: {test}")


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
        yield from _unknown(own, why, *more)
