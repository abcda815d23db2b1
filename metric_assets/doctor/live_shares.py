"""What a sample of live events means for a pair's ``live_key`` and ``live`` in the catalog."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from metric_assets.catalog.model import LiveKey, Pair
from metric_assets.doctor.findings import REMARK, Finding

#: Keys from which on a share says something, and shares below and above which it is low and high.
ENOUGH = 20
LOW, HIGH = 0.5, 0.9


@dataclass(frozen=True)
class Measured:
    """What a sample says of one pair.

    ``keys`` are those of source rows after the cutoff; ``by_user`` and ``by_entity`` the shares of
    them that live events have. ``told`` is the share of live keys, with their user, that the source
    has on either side of the cutoff. Of ``pairs_of_signs`` users with both a +1 and a -1,
    ``same_time`` have one of each at the same time.
    """

    keys: int
    by_user: float
    by_entity: float
    told: float
    pairs_of_signs: int
    same_time: int


def measure(rows: pl.DataFrame, live: pl.DataFrame, cutoff: datetime) -> Measured:
    """Compare source rows (entity, user, created) with keys of live events (entity, user, both,
    same).
    """
    key = ["entity", "user"]
    after = rows.filter(pl.col("created") >= cutoff).select(key).unique()
    both = live.filter(pl.col("both"))
    return Measured(
        after.height,
        _share(after.join(live, on=key, how="semi").height, after.height),
        _share(after.join(live, on="entity", how="semi").height, after.height),
        _share(live.join(rows, on=key, how="semi").height, live.height),
        both.height,
        both.filter(pl.col("same")).height,
    )


def judge(pair: Pair, found: Measured) -> Iterator[Finding]:
    """Where the catalog's choice fits the sample worse than another."""
    # Lost events are missing by user as well, but those that came name users of the source.
    others = found.by_user < LOW and found.told < LOW <= found.by_entity
    if found.keys >= ENOUGH and pair.live_key is LiveKey.USER and others:
        yield Finding(
            f"{pair.key}: live key",
            f"of {found.keys:,} keys after the cutoff live events have {found.by_user:.0%} by user,"
            f" {found.by_entity:.0%} by entity: they name other users than the source",
            "Set live_key to LiveKey.ENTITY in the pair's row of the catalog",
            REMARK,
        )
    same = found.by_user >= HIGH * found.by_entity and found.by_user >= HIGH
    if found.keys >= ENOUGH and pair.live_key is LiveKey.ENTITY and same:
        yield Finding(
            f"{pair.key}: live key",
            f"of {found.keys:,} keys after the cutoff live events have {found.by_user:.0%} by user:"
            " they name the users of the source",
            "LiveKey.USER in the pair's row of the catalog would judge more exactly",
            REMARK,
        )
    if found.pairs_of_signs >= ENOUGH and found.same_time > LOW * found.pairs_of_signs:
        yield Finding(
            f"{pair.key}: live dates",
            f"of {found.pairs_of_signs:,} users with a +1 and a -1, {found.same_time:,} have both"
            " at the same time: live events bear the time of their row, not of what happened",
            "Set live to Live.ABSORB in the pair's row of the catalog: a -1 of a row from before"
            " the cutoff cannot be told from what is held there",
            REMARK,
        )


def in_words(pair: Pair, found: Measured) -> str:
    """The shares of a pair."""
    signs = ""
    if found.pairs_of_signs:
        signs = f", {found.same_time:,} of {found.pairs_of_signs:,} -1 at the time of their +1"
    if not found.keys:
        return f"{pair.metric} none to be found{signs}"
    return (
        f"{pair.metric} {found.by_user:.1%} of {found.keys:,} by user, {found.by_entity:.1%} by"
        f" entity{signs}"
    )


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
