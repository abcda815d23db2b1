"""Cases of differences made by hand, for the tests of hypotheses."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from typing import Any

import numpy as np
import polars as pl

from metric_assets.audit.explain.case import Case, Verified
from metric_assets.catalog import CATALOG
from metric_assets.examined import COLUMNS, JUDGED, Around, Examined
from metric_assets.live import LiveFigures
from metric_assets.load_result import LoadResult
from metric_assets.ranges import IdRange
from metric_assets.row_hash import row_hashes

CUTOFF = datetime(2025, 10, 1, tzinfo=timezone.utc)
VERIFIED_AT = datetime(2026, 1, 1, tzinfo=timezone.utc)
IDS = IdRange(0, 40)
#: entityId, userId, value, createdAt.
Row = tuple[int, int, int, datetime]
#: entityId, user, whole, adjustment, rest.
Key = tuple[int, int, bool, int, int]


def at(days: float, millis: int = 0) -> datetime:
    """So many days before the cutoff, and milliseconds after that."""
    return CUTOFF - timedelta(days=days) + timedelta(milliseconds=millis)


def rows(entities: int = 12, each: int = 3) -> list[Row]:
    """Rows of some entities from id 1 on: users and times that no two share, milliseconds all
    their own.
    """
    return [
        (entity, 100 * entity + number, 1, at(300 - 7 * entity - 91 * number, 37 * entity + number))
        for entity in range(1, entities + 1)
        for number in range(each)
    ]


def frame(found: Sequence[Row]) -> pl.DataFrame:
    """Rows as a frame."""
    return pl.DataFrame(list(found), schema=COLUMNS, orient="row")


def digest(found: Sequence[Row]) -> int:
    """The digest of rows."""
    return int(row_hashes(frame(found)).to_numpy().sum(dtype=np.uint64))


def load_result(**changes: Any) -> LoadResult:
    """A dry run."""
    counts = (
        "rows_read", "wanted", "present", "inserted", "removed", "unchanged", "rejected", "events",
        "total",
    )  # fmt: skip
    facts: dict[str, Any] = dict.fromkeys(counts, 0)
    facts |= {"pair": CATALOG.pairs["Tag/Follower"], "ids": IDS, "cutoff": CUTOFF}
    facts |= {"seconds": 0.0, "snapshot": "", "mode": "replace", "code_version": "x"}
    facts |= {"dry_run": True, "cleaned_up": (), "phases": {}}
    return LoadResult(**{**facts, **changes})


def case(
    wanted: Sequence[Row],
    held: Sequence[Row],
    verified: Sequence[Row] | None = None,
    *,
    after: Sequence[Row] = (),
    live: Sequence[Row] = (),
    judged: Sequence[Key] = (),
    complete: bool = True,
    drift: LiveFigures | None = None,
    **more: Any,
) -> Case:
    """A case: what the source wants, what the target holds, and what was verified to be held."""
    examined = Examined(
        frame(wanted),
        frame(held),
        frame(after),
        frame(live),
        pl.DataFrame(list(judged), schema=JUDGED, orient="row"),
        len({row[0] for row in (*wanted, *held)}),
        complete,
    )
    record = None if verified is None else Verified(digest(verified), CUTOFF, VERIFIED_AT)
    entities = len({row[0] for row in held})
    facts: dict[str, Any] = {
        "verified": record,
        "loaded": verified is not None,
        "around": Around(entities, len(held)),
        "held_from": lambda since: sum(row[3] >= since for row in held),
        **more,
    }
    result = load_result(
        present=len(held), digest=digest(held), live=drift or LiveFigures(live_missing=bool(judged))
    )
    return Case(result, examined, digest(wanted), CUTOFF - timedelta(milliseconds=1), **facts)
