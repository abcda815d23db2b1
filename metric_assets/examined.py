"""What a planned range holds on all sides, for whoever asks why it differs.

Belongs here: the frames as values. Does not belong here: how they are read (stores), or what they
mean (audit/explain).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl

#: Columns of the frames of rows; createdAt is UTC.
COLUMNS = pl.Schema(
    [
        ("entityId", pl.Int64()),
        ("userId", pl.Int64()),
        ("value", pl.Int64()),
        ("createdAt", pl.Datetime("ms", "UTC")),
    ]
)
#: Columns of judged keys; a ``whole`` one is an entity, whatever the user.
JUDGED = pl.Schema(
    [
        ("entityId", pl.Int64()),
        ("user", pl.Int64()),
        ("whole", pl.Boolean()),
        ("adjustment", pl.Int64()),
        ("rest", pl.Int64()),
    ]
)


def no_rows() -> pl.DataFrame:
    """A frame of rows without any."""
    return pl.DataFrame(schema=COLUMNS)


@dataclass(frozen=True)
class Examined:
    """All rows of entities of one pair and range that differ, or whose live events do.

    ``wanted`` must be held below the cutoff, adjustments included, and ``held`` is; ``after`` are
    rows of the source from the cutoff on, ``live`` the live events. ``judged`` has the adjustments
    of keys, and what live events lack (rest > 0) or have too many. ``differing`` entities there are
    in all; ``complete`` says that the frames have all of them, and every row of each.
    """

    wanted: pl.DataFrame = field(default_factory=no_rows)
    held: pl.DataFrame = field(default_factory=no_rows)
    after: pl.DataFrame = field(default_factory=no_rows)
    live: pl.DataFrame = field(default_factory=no_rows)
    judged: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=JUDGED))
    differing: int = 0
    complete: bool = True


@dataclass(frozen=True)
class Around:
    """What the target holds of the whole range below the cutoff: ``entities`` and ``rows``."""

    entities: int = 0
    rows: int = 0
