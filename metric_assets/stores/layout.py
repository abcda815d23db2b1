"""What the server says of the target table: engine, keys, views, columns.

Belongs here: what such a description implies. Does not belong here: how it is asked for (target).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import cached_property

import polars as pl

from metric_assets.errors import TargetError
from metric_assets.events import Bounds

#: The columns of an event, in the target's order.
COLUMNS = ("entityType", "entityId", "userId", "metricType", "metricValue", "createdAt")

_NUMBERS = ("entityId", "userId", "metricValue")

_INTEGER = re.compile(r"(U?)Int(8|16|32|64)")
_TEXT = re.compile(r"(LowCardinality\()?String\)?")
_TIME = re.compile(r"DateTime(?:64\((\d)[^)]*\)|\([^)]*\))?")


@dataclass(frozen=True)
class Layout:
    """The target as the server describes it."""

    engine: str
    partition_key: str
    sorting_key: str
    views: tuple[str, ...]
    columns: Mapping[str, str]

    @cached_property
    def bounds(self) -> Bounds:
        """What the columns can hold."""
        return Bounds(
            _integer(self.columns["entityId"]),
            _integer(self.columns["userId"]),
            _integer(self.columns["metricValue"]),
            datetime(
                1900 if "64" in self.columns["createdAt"] else 1970, 1, 1, tzinfo=timezone.utc
            ),
        )

    @cached_property
    def numbers(self) -> dict[str, pl.DataType]:
        """The integer columns and their types; what ``bounds`` admits fits them."""
        return {name: getattr(pl, self.columns[name]) for name in _NUMBERS}

    @property
    def coarse(self) -> bool:
        """Whether the target keeps whole seconds only."""
        kind = _TIME.fullmatch(self.columns["createdAt"])
        return kind is None or kind[1] in (None, "0")

    def check(self, table: str) -> None:
        """Raise TargetError if the columns cannot hold events."""
        wanted = {name: _TEXT if name.endswith("Type") else _INTEGER for name in COLUMNS}
        wanted["createdAt"] = _TIME
        for name, kind in wanted.items():
            found = self.columns.get(name)
            if found is None or not kind.fullmatch(found):
                raise TargetError(
                    f"{table}: column {name} is {found or 'absent'}; events need"
                    f" {', '.join(COLUMNS)} as in sql/clickhouse/target.sql, integers of any width"
                )


def _integer(kind: str) -> tuple[int, int]:
    found = _INTEGER.fullmatch(kind)
    if found is None:
        raise TargetError(f"{kind}: not an integer type")
    unsigned, bits = bool(found[1]), int(found[2])
    low, high = (0, 2**bits - 1) if unsigned else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    # Events carry signed 64-bit numbers; wider columns hold all of them.
    return low, min(high, 2**63 - 1)
