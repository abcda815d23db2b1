"""What the server says of the target table: engine, keys, views, columns, and what follows from it.

Belongs here: what such a description implies. Does not belong here: how it is asked for
(layout_query), or which table can be a target at all (target_checks).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from functools import cached_property

import polars as pl

from metric_assets.errors import TargetError
from metric_assets.events import Bounds

#: The columns of an event, in the target's order.
COLUMNS = ("entityType", "entityId", "userId", "metricType", "metricValue", "createdAt")
#: Active parts up to which a delete that is a mutation is cheap: it takes about 40 ms a part of the
#: whole table, however few rows it removes (docs/reference/targets.md).
PARTS = 24

_NUMBERS = ("entityId", "userId", "metricValue")

INTEGER = re.compile(r"(U?)Int(8|16|32|64)")
TIME = re.compile(r"DateTime(?:64\((\d)[^)]*\)|\([^)]*\))?")
#: Names and literals, in which any word may stand.
_QUOTED = re.compile(r"'(?:[^'\\]|\\.)*'|`(?:[^`\\]|\\.)*`|\"(?:[^\"\\]|\\.)*\"")
#: The keys of a plain MergeTree, as they stand in its definition.
_KEYS = re.compile(
    r"\bENGINE = MergeTree ((?:PARTITION BY|PRIMARY KEY|ORDER BY)\b.*?)"
    r"(?= TTL | SETTINGS | COMMENT |$)",
    re.DOTALL,
)
#: Settings of a table from which small deletes can be written as patch parts.
PATCHES = ("enable_block_number_column", "enable_block_offset_column")


@dataclass(frozen=True)
class Layout:
    """The target as the server describes it.

    ``definition`` is the statement that makes it, ``parts`` how many are active, ``patching``
    whether the server knows patch parts, ``kinds`` the columns whose value is not simply stored
    (MATERIALIZED, ALIAS …), ``filtered`` whether a row policy hides rows from us, ``replicas`` how
    many servers hold the table, and ``cluster`` a name that covers all of them, empty if there is
    one only or no such name.
    """

    engine: str
    partition_key: str
    sorting_key: str
    views: tuple[str, ...]
    columns: Mapping[str, str]
    storage_policy: str = "default"
    definition: str = ""
    parts: int = 0
    patching: bool = False
    kinds: Mapping[str, str] = field(default_factory=dict)
    filtered: bool = False
    replicas: int = 1
    cluster: str = ""

    @cached_property
    def bounds(self) -> Bounds:
        """What the columns can hold."""
        return Bounds(
            integer_bounds(self.columns["entityId"]),
            integer_bounds(self.columns["userId"]),
            integer_bounds(self.columns["metricValue"]),
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
        kind = TIME.fullmatch(self.columns["createdAt"])
        return kind is None or kind[1] in (None, "0")

    @property
    def replicated(self) -> bool:
        """Whether other servers hold the same table, or may."""
        return self.engine != "MergeTree"

    @property
    def shared(self) -> bool:
        """Whether all servers see one storage, so that a staging table is there on each."""
        return self.engine.startswith("Shared")

    @cached_property
    def projections(self) -> bool:
        """Whether the table has projections, which a lightweight delete is refused for."""
        return bool(re.search(r"[(,]\s*PROJECTION\s", self.bare))

    @property
    def patches(self) -> bool:
        """Whether a delete is written as a small patch part, not as a mutation of every part."""
        return self.patching and all(
            re.search(rf"\b{name} = 1\b", self.definition) for name in PATCHES
        )

    @property
    def processes(self) -> str:
        """What to select from for the statements that run on any server that holds the table."""
        if not self.cluster:
            return "system.processes"
        return f"clusterAllReplicas({quoted(self.cluster)}, system, processes)"

    @property
    def everywhere(self) -> str:
        """The clause that has a statement run on every server that holds the table."""
        return f"ON CLUSTER {quoted(self.cluster)}" if self.cluster else ""

    @cached_property
    def partition(self) -> str:
        """The target's partition of an event as an expression; '' where all events of a scope fall
        into one, or where it cannot be told from the columns of an event.
        """
        words = set(re.findall(r"\w+", self.partition_key))
        others = set(self.columns) - set(COLUMNS)
        varies = words & (set(COLUMNS) - {"entityType"})
        return self.partition_key if varies and not words & others else ""

    @property
    def append_only(self) -> str:
        """Why nothing may be deleted from the table; empty if something may."""
        if self.replicated:
            return (
                f"{self.engine}: every replica runs the text of a delete by itself, and the rows it"
                " is about are named in a staging table that exists on one of them only"
            )
        if self.views:
            return (
                f"materialized views ({', '.join(self.views)}) read its inserts and see neither"
                " moves nor deletes, so their sums would be wrong"
            )
        if self.projections:
            return "ClickHouse refuses lightweight deletes on a table with projections"
        return ""

    @property
    def costly(self) -> str:
        """Why a delete costs by the size of the table; empty if it costs by what it removes."""
        if self.patches or self.parts <= PARTS:
            return ""
        return (
            f"a delete is a mutation of all {self.parts} parts; with"
            f" {' and '.join(f'{name} = 1' for name in PATCHES)} it would be a small patch"
        )

    @cached_property
    def staging_keys(self) -> str:
        """The clauses with which a staging table's parts can be attached to the target: its keys,
        word by word. Empty where none can be attached.
        """
        found = _KEYS.search(self.definition)
        if self.append_only or found is None or re.search(r"\bDESC\b", found[1]):
            return ""
        return found[1].strip()

    @cached_property
    def staging_columns(self) -> str:
        """The columns of an event as the target types them, for a CREATE TABLE."""
        return ", ".join(f"{name} {self.columns[name]}" for name in COLUMNS)

    @cached_property
    def bare(self) -> str:
        """The definition without literals, and with names that no keyword can be mistaken for."""

        def bared(found: re.Match[str]) -> str:
            return "''" if found[0][0] == "'" else "_" + re.sub(r"\W", "_", found[0][1:-1])

        return _QUOTED.sub(bared, self.definition)


def quoted(name: str) -> str:
    """A name as ClickHouse takes it whatever is in it."""
    return "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`"


def integer_bounds(kind: str) -> tuple[int, int]:
    """The least and the greatest number of an integer type that an event can have."""
    found = INTEGER.fullmatch(kind)
    if found is None:
        raise TargetError(f"{kind}: not an integer type")
    unsigned, bits = bool(found[1]), int(found[2])
    low, high = (0, 2**bits - 1) if unsigned else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    # Events carry signed 64-bit numbers; wider columns hold all of them.
    return low, min(high, 2**63 - 1)
