"""Arrow in, Polars out.

Belongs here: the one conversion both stores need. Does not belong here: a connection.
"""

from __future__ import annotations

from typing import Any, cast

import polars as pl


def frame_of(arrow: Any) -> pl.DataFrame:
    """A table or record batch as a frame, without copying what need not be copied."""
    return cast(pl.DataFrame, pl.from_arrow(arrow))
