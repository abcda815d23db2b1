"""Hypotheses about what was done to the target: times that moved, a border that is off by one, live
events from before the cutoff.

Belongs here: hypotheses over units of which it is known that the target changed. Does not belong
here: how that is known (sides), or the order in which they are asked (below).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import polars as pl

from metric_assets.audit.explain.case import Case
from metric_assets.audit.explain.groups import CONSISTENT, OPEN, VERIFIED, Group, span
from metric_assets.explanation import Cause

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


def named(units: pl.DataFrame, cause: Cause, test: str, detail: str = "") -> Iterator[Group]:
    """The units as a group, if there are any."""
    if not units.is_empty():
        yield Group(cause, units, VERIFIED, test, detail)


def unknown(units: pl.DataFrame, test: str, *candidates: Cause) -> Iterator[Group]:
    """The units as a group that nobody can name, if there are any."""
    if not units.is_empty():
        yield Group(Cause.UNKNOWN, units, OPEN, test, candidates=candidates)


def times(units: pl.DataFrame, test: str) -> Iterator[Group]:
    """Times that were cut to seconds; times that moved by one span; and all others."""
    wanted, held = pl.col("wantedAt"), pl.col("heldAt")
    offset = (held - wanted).dt.total_milliseconds()
    marked = units.with_columns(
        offset=offset, cut=(wanted.dt.truncate("1s") == held) & (wanted != held)
    )
    cut = marked.filter("cut")
    if cut["offset"].n_unique() > 1:
        yield from named(cut.select(units.columns), Cause.MILLISECONDS_CUT, test)
    else:
        said = "the span is the fraction of a second that all of these rows have: " + test
        yield from unknown(
            cut.select(units.columns), said, Cause.MILLISECONDS_CUT, Cause.TIME_SHIFT
        )
    rest = marked.filter(~pl.col("cut"))
    counts = rest.group_by("offset").len().filter(pl.col("len") >= SHIFTED)
    for by, _ in counts.sort(["len", "offset"], descending=[True, False]).iter_rows():
        detail = f"the target's times lie {span(by)} beside the source's"
        shifted = rest.filter(pl.col("offset") == by).select(units.columns)
        yield from named(shifted, Cause.TIME_SHIFT, test, detail)
    single = rest.join(counts, on="offset", how="anti").select(units.columns)
    said = f"times differ, by no span that {SHIFTED} rows share: {test}"
    yield from unknown(single, said, Cause.TIME_SHIFT)


def border(case: Case, units: pl.DataFrame, test: str) -> Split:
    """Missing or doubled rows that are exactly those of a border of the range."""
    if units.is_empty() or min(case.around.entities, case.around.rows) < MANY:
        return [], units
    ids, wanted, at = case.result.ids, case.examined.wanted, pl.coalesce("wantedAt", "heldAt")
    borders = {ids.start, ids.stop - 1}
    touched = set(units["entityId"])
    if touched <= borders and units.height >= BORDER_ROWS:
        names = {ids.start: "the first id", ids.stop - 1: "the last id"}
        which = " and ".join(names[one] for one in sorted(touched))
        exactly = wanted.filter(pl.col("entityId").is_in(list(touched)))
        if exactly.height == units.height:
            return [_on_border(units, f"{which} of the range", test)], units.clear()
    # A source of whole seconds has its last instant a second before the cutoff.
    for first in (case.last, case.cutoff - timedelta(seconds=1)):
        exactly = wanted.filter(pl.col("createdAt") >= first)
        late = bool(units.select((at >= first).all()).item())
        if late and exactly.height == units.height:
            return [_on_border(units, "the last instant before the cutoff", test)], units.clear()
    return [], units


def _on_border(units: pl.DataFrame, which: str, test: str) -> Group:
    said = f"these are all rows of {which}, and no others; {test}"
    return Group(Cause.BORDER, units, VERIFIED, said, f"it is {which}")


def overlap(case: Case, units: pl.DataFrame, test: str) -> Split:
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
        return list(unknown(units, said, Cause.WRONG_CUTOFF, Cause.DOUBLED)), units.clear()
    detail = f"live events begin before it: right would be {_instant(first)} or a little earlier"
    sure = CONSISTENT if exact else VERIFIED
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
