"""Live events that are missing or too many: which rows lack one, and which events are copies.

Belongs here: hypotheses about live drift. Does not belong here: what differs below the cutoff
(below), or the judgement that finds drift (judge).
"""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from metric_assets.audit.explain.case import Case
from metric_assets.audit.explain.groups import CONSISTENT, OPEN, Group
from metric_assets.audit.explain.units import UNITS, belongs
from metric_assets.explanation import Cause

#: How far a live event may be dated from its row to be that row's.
NEAR = "1h"
#: So many rows of so many entities lack a live event before it is said that none was written yet.
BEGIN_ROWS, BEGIN_ENTITIES = 3, 2


def explain_live(case: Case) -> list[Group]:
    """The groups of live events that are missing or too many; nothing where there is no drift."""
    drifting = _drifting(case.examined.judged)
    if not case.result.drifts or drifting.is_empty():
        return []
    lost, others = _missing(case, drifting)
    return [*lost, *_phantom(case, others)]


def _drifting(judged: pl.DataFrame) -> pl.DataFrame:
    """Keys that lack live events or have too many, of entities whose counter is wrong by them."""
    rest = pl.col("rest")
    keys = judged.filter(rest != 0)
    return keys.filter(rest.sum().over("entityId") != 0)


def _keyed(rows: pl.DataFrame, keys: pl.DataFrame) -> pl.DataFrame:
    """The rows of some keys."""
    return rows.filter(belongs(rows, keys))


def explain_adjusted(case: Case, units: pl.DataFrame) -> tuple[list[Group], pl.DataFrame]:
    """Units of keys with an adjustment that live events ask for because some are missing or there
    twice; and the units of which that is not so.
    """
    worth = pl.col("wantedValue").fill_null(0) - pl.col("heldValue").fill_null(0)
    user = pl.coalesce("wantedUser", "heldUser").alias("user")
    whole = bool(case.examined.judged["whole"].any())
    key = pl.lit(0, pl.Int64).alias("user") if whole else user
    keys = units.group_by("entityId", key).agg(rest=worth.sum()).filter(pl.col("rest") != 0)
    keys = keys.with_columns(whole=pl.lit(whole))
    after, live = (_keyed(rows, keys) for rows in (case.examined.after, case.examined.live))
    lost, others = _exactly(_unmatched(after, live, keys), keys)
    doubled, _ = _exactly(_copies(_keyed(live, others)), others)
    groups = []
    if not lost.is_empty():
        groups.append(_lost(case, lost))
    if not doubled.is_empty():
        groups.append(_doubled(case, doubled))
    named = pl.concat([lost, doubled]).select("entityId", pl.col("userId").alias("user"))
    if whole:
        rest = units.filter(~pl.col("entityId").is_in(named["entityId"].to_list()))
    else:
        rest = units.with_columns(user).join(named, on=["entityId", "user"], how="anti")
    return groups, rest.select(units.columns)


def _missing(case: Case, keys: pl.DataFrame) -> tuple[list[Group], pl.DataFrame]:
    """Rows from the cutoff on without a live event, where they are exactly what is lacking; and
    the keys of which that is not so.
    """
    after, live = (_keyed(rows, keys) for rows in (case.examined.after, case.examined.live))
    lacking, others = _exactly(_unmatched(after, live, keys), keys)
    recent = pl.lit(value=False) if case.recent is None else pl.col("createdAt") >= case.recent
    late, lost = lacking.filter(recent), lacking.filter(~recent)
    groups = []
    if not late.is_empty():
        said = f"they are dated from {case.recent} on: their live events may still arrive"
        groups.append(Group(Cause.UNKNOWN, _units(late, "wanted"), OPEN, said, live=True))
    if not lost.is_empty():
        groups.append(_lost(case, lost))
    return groups, others


def _unmatched(after: pl.DataFrame, live: pl.DataFrame, keys: pl.DataFrame) -> pl.DataFrame:
    """Rows that have no live event of their own near them: each event goes with the nearest of
    the rows that it is nearest to.
    """
    key = ["entityId", "user", "value"]
    events = _whose(live, keys).select(*key, "createdAt", at="createdAt").sort("createdAt")
    near = (
        _whose(after, keys)
        .sort("createdAt")
        .join_asof(
            events,
            on="createdAt",
            by=key,
            strategy="nearest",
            tolerance=NEAR,
            check_sortedness=False,
        )
    )
    apart = (pl.col("createdAt") - pl.col("at")).abs()
    taken = apart.rank("ordinal").over([*key, "at"]) == 1
    return near.filter(pl.col("at").is_null() | ~taken).select(after.columns)


def _whose(rows: pl.DataFrame, keys: pl.DataFrame) -> pl.DataFrame:
    """Rows with the user of their key: nobody where it is an entity."""
    whole = keys.filter("whole").select("entityId", all=pl.lit(value=True)).unique()
    marked = rows.join(whole, on="entityId", how="left", maintain_order="left")
    nobody = pl.col("all").fill_null(value=False)
    return marked.with_columns(user=pl.when(nobody).then(0).otherwise("userId")).drop("all")


def _exactly(rows: pl.DataFrame, keys: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rows of keys whose rows sum to what the key lacks, and the keys where they do not."""
    marked = _whose(rows, keys)
    key = ["entityId", "user"]
    sums = marked.group_by(key).agg(pl.col("value").sum().alias("sum"))
    right = keys.join(sums, on=key).filter(pl.col("sum") == pl.col("rest"))
    return (
        marked.join(right, on=key, how="semi").select(rows.columns),
        keys.join(right, on=key, how="anti"),
    )


def _lost(case: Case, lost: pl.DataFrame) -> Group:
    """Rows without live events: lost, or from before the platform wrote any."""
    units = _units(lost, "wanted")
    test = "for each of these rows of the source there is no live event of its entity and user"
    begin = case.begin
    if begin.pair is None or not (lost["createdAt"] < begin.pair).all():
        return Group(Cause.LIVE_LOST, units, CONSISTENT, test, live=True)
    many = lost.height >= BEGIN_ROWS and lost["entityId"].n_unique() >= BEGIN_ENTITIES
    if many and begin.entity == begin.pair:
        at = begin.pair.isoformat(timespec="milliseconds")
        said = f"{test}, and in the whole target none of its entity type before {at}"
        detail = f"live events begin later than the cutoff: right would be {at}"
        return Group(Cause.WRONG_CUTOFF, units, CONSISTENT, said, detail, live=True)
    said = f"{test}, nor any of the pair in the whole target before {begin.pair}"
    candidates = (Cause.LIVE_LOST, Cause.WRONG_CUTOFF)
    return Group(Cause.UNKNOWN, units, OPEN, said, candidates=candidates, live=True)


def _phantom(case: Case, drifting: pl.DataFrame) -> Iterator[Group]:
    """Live events that are copies of others, where they are exactly what is too many."""
    if drifting.is_empty():
        return
    live = _keyed(case.examined.live, drifting)
    doubled, others = _exactly(_copies(live), drifting)
    if not doubled.is_empty():
        yield _doubled(case, doubled)
    if others.is_empty():
        return
    said = (
        "rows and live events of these users are not simply one to one: a row was deleted or"
        " re-dated, a live event is missing, or somebody else wrote one"
    )
    rows, events = (_keyed(rows, others) for rows in (case.examined.after, case.examined.live))
    units = pl.concat([_units(rows, "wanted"), _units(events, "held")])
    yield Group(Cause.UNKNOWN, units, OPEN, said, live=True)


def _copies(live: pl.DataFrame) -> pl.DataFrame:
    """Live events that are copies of others, as what would take them back."""
    again = live.filter(pl.int_range(pl.len()).over(*live.columns) > 0)
    return again.with_columns(-pl.col("value"))


def _doubled(case: Case, doubled: pl.DataFrame) -> Group:
    """Copies of live events: written twice, or a border that is off by one."""
    copies = doubled.with_columns(-pl.col("value"))
    test = "each is a copy of another live event, and the source has one row for both"
    on_border = (copies["createdAt"] == case.cutoff).all()
    cause = Cause.BORDER if on_border else Cause.LIVE_DOUBLED
    detail = "they are of the instant of the cutoff itself" if on_border else ""
    return Group(cause, _units(copies, "held"), CONSISTENT, test, detail, live=True)


def _units(rows: pl.DataFrame, side: str) -> pl.DataFrame:
    """Rows of one side as units."""
    found = rows.select(
        pl.lit("live").alias("kind"),
        "entityId",
        pl.col("userId").alias(f"{side}User"),
        pl.col("value").alias(f"{side}Value"),
        pl.col("createdAt").alias(f"{side}At"),
        pl.lit(value=True).alias("distinct"),
        pl.lit(0).cast(pl.UInt64).alias("hash"),
    )
    return pl.concat([pl.DataFrame(schema=UNITS), found], how="diagonal").cast(UNITS)
