"""Rows that both sides changed: moved in the target with many others, and gone from the source.

Where the times of many rows moved by one span, a row that was deleted at the source as well is held
at a time that it never had. Moved back and left in its place it leads to what was verified.

Belongs here: finding these rows. Does not belong here: rows that one side changed (sides).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import polars as pl

from metric_assets.audit.explain.subsets import MOST_PARTS, Sums, subset
from metric_assets.row_hash import row_hashes

#: So many rows share a span, and so many spans are tried.
SHARED, SPANS = 3, 3
_Mask = npt.NDArray[np.bool_]


def moved_and_gone(units: pl.DataFrame, goal: np.uint64) -> Iterator[tuple[_Mask, _Mask]]:
    """Which units moved in the target, and which surplus rows moved with them and are gone from
    the source, so that undoing both leads to the goal.
    """
    offset = (pl.col("heldAt") - pl.col("wantedAt")).dt.total_milliseconds()
    spans = units.with_row_index("place").filter(pl.col("kind") == "time").with_columns(by=offset)
    counts = spans.group_by("by").len().filter(pl.col("len") >= SHARED)
    surplus = units.with_row_index("place").filter(pl.col("kind") == "surplus")
    if surplus.is_empty():
        return
    for by, _ in counts.sort(["len", "by"], descending=[True, False]).head(SPANS).iter_rows():
        moved = np.zeros(units.height, np.bool_)
        moved[spans.filter(pl.col("by") == by)["place"].to_numpy()] = True
        done = units["hash"].to_numpy()[moved].sum(dtype=np.uint64)
        left = np.uint64((int(goal) - int(done)) % 2**64)
        back = _moved_back(surplus, by)
        chosen = list(range(back.size)) if back.sum(dtype=np.uint64) == left else None
        if chosen is None and back.size <= MOST_PARTS:
            chosen = subset(back, left)
        if chosen:
            gone = np.zeros(units.height, np.bool_)
            gone[surplus["place"].to_numpy()[chosen]] = True
            yield moved, gone


def _moved_back(surplus: pl.DataFrame, by: int) -> Sums:
    """What the digest changes by where each row is moved back by a span (milliseconds)."""
    rows = surplus.select("entityId", userId="heldUser", value="heldValue", createdAt="heldAt")
    before = rows.with_columns(pl.col("createdAt") - pl.duration(milliseconds=by))
    hashes: Sums = row_hashes(before).to_numpy() - row_hashes(rows).to_numpy()
    return hashes
