"""What the server says of the target table: engine, keys, views, columns, and what follows from it.

Belongs here: what such a description implies, which table can be a target at all included. Does not
belong here: how it is asked for (target).
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
#: Engines that keep every row as it was inserted. Others merge rows, forward them, keep none or
#: lose them at a restart.
ENGINES = ("MergeTree", "ReplicatedMergeTree", "SharedMergeTree")
#: Active parts up to which a delete that is a mutation is cheap: it takes about 40 ms a part of the
#: whole table, however few rows it removes (docs/reference/targets.md).
PARTS = 24

_NUMBERS = ("entityId", "userId", "metricValue")

_INTEGER = re.compile(r"(U?)Int(8|16|32|64)")
_TEXT = re.compile(r"(LowCardinality\()?String\)?")
_TIME = re.compile(r"DateTime(?:64\((\d)[^)]*\)|\([^)]*\))?")
#: Names and literals, in which any word may stand.
_QUOTED = re.compile(r"'(?:[^'\\]|\\.)*'|`(?:[^`\\]|\\.)*`|\"(?:[^\"\\]|\\.)*\"")
_TTL = re.compile(r"\bTTL\b(.*?)(?=\bSETTINGS\b|\bCOMMENT\b|$)", re.DOTALL)
_MOVES = re.compile(r"\b(TO\s+(DISK|VOLUME)|RECOMPRESS)\b")
#: The keys of a plain MergeTree, as they stand in its definition.
_KEYS = re.compile(
    r"\bENGINE = MergeTree ((?:PARTITION BY|PRIMARY KEY|ORDER BY)\b.*?)"
    r"(?= TTL | SETTINGS | COMMENT |$)",
    re.DOTALL,
)
_CHECK = re.compile(r"\bCONSTRAINT\s+\S+\s+CHECK\b(.*)", re.DOTALL)
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
        return bool(re.search(r"[(,]\s*PROJECTION\s", self._bare))

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

    def check(self, table: str) -> None:
        """Raise TargetError if the table cannot hold events for good, as plain rows."""
        if self.engine not in ENGINES:
            raise TargetError(
                f"{table}: its engine is {self.engine or 'unknown'}, but events need one that keeps"
                f" every row as it was inserted: {', '.join(ENGINES)}. Others merge equal rows"
                " away, hand them on or hold none; name a table of such an engine in"
                " METRIC_ASSETS_TARGET_TABLE"
            )
        if clause := self._deleting_ttl:
            raise TargetError(
                f"{table}: it has a TTL ({clause}), which would delete or change backfilled events"
                " because they are old; take it off (ALTER TABLE … REMOVE TTL) first"
            )
        if self.filtered:
            raise TargetError(
                f"{table}: a row policy hides rows of it from our user, so events that are there"
                " would be inserted again; let the user see every row, or use another"
            )
        wanted = {name: _TEXT if name.endswith("Type") else _INTEGER for name in COLUMNS}
        wanted["createdAt"] = _TIME
        for name, kind in wanted.items():
            found = self.columns.get(name)
            if found is None or not kind.fullmatch(found):
                raise TargetError(
                    f"{table}: column {name} is {found or 'absent'}; events need"
                    f" {', '.join(COLUMNS)} as in sql/clickhouse/target.sql, integers of any width"
                )
            # A DEFAULT is for what is left out, and we leave out nothing.
            if self.kinds.get(name) not in {None, "", "DEFAULT"}:
                raise TargetError(
                    f"{table}: column {name} is {self.kinds[name]}, so what is inserted is not what"
                    " is kept; make it an ordinary column"
                )

    def check_compensation(self, table: str) -> None:
        """Raise TargetError if the table cannot hold the negation of an event."""
        if _integer(self.columns["metricValue"])[0] >= 0:
            raise TargetError(
                f"{table}: metricValue is {self.columns['metricValue']}, but surplus has to be"
                f" compensated by negative events here ({self.append_only or self.costly});"
                " make the column a signed integer"
            )
        found = _CHECK.search(self._bare)
        if found and "metricValue" in found[1]:
            raise TargetError(
                f"{table}: a CHECK constraint speaks of metricValue, and surplus has to be"
                f" compensated by negative events here ({self.append_only or self.costly});"
                " drop the constraint"
            )

    @cached_property
    def _bare(self) -> str:
        """The definition without literals, and with names that no keyword can be mistaken for."""

        def bared(found: re.Match[str]) -> str:
            return "''" if found[0][0] == "'" else "_" + re.sub(r"\W", "_", found[0][1:-1])

        return _QUOTED.sub(bared, self.definition)

    @property
    def _deleting_ttl(self) -> str:
        """The first TTL that does more than move rows between disks; empty if there is none."""
        for found in _TTL.finditer(self._bare):
            if not all(_MOVES.search(element) for element in _elements(found[1])):
                return found[0].strip()
        return ""


def _elements(text: str) -> list[str]:
    """The parts of a list between commas that are not in parentheses."""
    depth, elements = 0, [""]
    for char in text:
        depth += (char == "(") - (char == ")")
        if depth < 0:
            break  # The end of the list of columns.
        if char == "," and depth == 0:
            elements.append("")
        else:
            elements[-1] += char
    return elements


def quoted(name: str) -> str:
    """A name as ClickHouse takes it whatever is in it."""
    return "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`"


def _integer(kind: str) -> tuple[int, int]:
    found = _INTEGER.fullmatch(kind)
    if found is None:
        raise TargetError(f"{kind}: not an integer type")
    unsigned, bits = bool(found[1]), int(found[2])
    low, high = (0, 2**bits - 1) if unsigned else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    # Events carry signed 64-bit numbers; wider columns hold all of them.
    return low, min(high, 2**63 - 1)
