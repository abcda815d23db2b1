"""The shapes of what is read: scans, and the dimensions that they join with."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from metric_assets.catalog.model import CatalogError, Pair
from metric_assets.sql import Statement, load

#: What every scan returns beside the columns its pairs ask for.
EVENT_COLUMNS = ("entityId", "userId", "createdAt")

_SCAN_NAME = re.compile(r"[a-z]+/[a-z0-9_]+")


class Store(str, Enum):
    """Where a scan reads."""

    POSTGRES = "postgres"
    CLICKHOUSE = "clickhouse"


@dataclass(frozen=True)
class Dimension:
    """A small table of Postgres that scans of ClickHouse join with, copied there as a whole.

    ``name`` is its placeholder in their texts and the end of the copy's name, ``table`` the source
    table that it is filled from, ``statement`` the path of the text that reads it below sql/
    without ``.sql``. ``columns`` are what that text returns, integers of 64 bits; the copy is
    sorted by the first. ``folder`` is as of a scan.
    """

    name: str
    table: str
    statement: str
    columns: Sequence[str]
    description: str
    folder: Path | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "columns", tuple(self.columns))
        if not re.fullmatch(r"[a-z_]+", self.name):
            raise CatalogError(f"{self.name}: a dimension's name is small letters")
        if not self.columns or not all(re.fullmatch(r"[A-Za-z]\w*", one) for one in self.columns):
            raise CatalogError(f"{self.name}: a dimension has columns, named by letters and digits")

    @property
    def text(self) -> Statement:
        """The statement that reads it."""
        return load(self.statement, self.folder)


@dataclass(frozen=True)
class Scan:
    """One SELECT over a source for an ID range; feeds every pair listed.

    ``name`` is the path of its text below sql/ without ``.sql``. ``sources`` are the tables it
    reads, the driving one first. ``cost`` says what a range costs where no index of the
    source serves it; ``index`` is the DDL that would cure it. ``dimensions`` names
    the copies in ClickHouse that the text asks for, as ``{name:Identifier}``.
    ``daily`` says that a row is a whole day, dated by its midnight (UTC). ``folder`` holds the
    text; None is the package's own.
    """

    name: str
    pairs: Sequence[Pair]
    sources: Sequence[str]
    store: Store = Store.POSTGRES
    index: str | None = None
    cost: str = ""
    dimensions: Sequence[str] = ()
    daily: bool = False
    folder: Path | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "pairs", tuple(self.pairs))
        object.__setattr__(self, "sources", tuple(self.sources))
        object.__setattr__(self, "dimensions", tuple(self.dimensions))
        if not _SCAN_NAME.fullmatch(self.name):
            raise CatalogError(f"{self.name}: a scan is named folder/file, lower case")
        if not self.pairs or not self.sources:
            raise CatalogError(f"{self.name}: a scan has at least one pair and one source")
        if self.dimensions and self.store is not Store.CLICKHOUSE:
            raise CatalogError(
                f"{self.name}: copies of dimensions are in ClickHouse, and this scan reads Postgres"
            )
        entities = {pair.entity for pair in self.pairs}
        if len(entities) != 1:
            raise CatalogError(f"{self.name}: one entity a scan, found {sorted(entities)}")
        if self.name.split("/")[0] != self.entity.lower():
            raise CatalogError(f"{self.name}: lies outside the folder of {self.entity}")
        if self.index is not None and not self.cost:
            raise CatalogError(
                f"{self.name}: an index to create comes with the cost of its absence"
            )

    @property
    def text(self) -> Statement:
        """Its statement; raises StatementError if there is none."""
        return load(self.name, self.folder)

    @property
    def entity(self) -> str:
        """The entity type of all its pairs."""
        return self.pairs[0].entity

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns the SELECT must return, those of every event first."""
        extra = {name for pair in self.pairs for name in pair.needs} - set(EVENT_COLUMNS)
        return EVENT_COLUMNS + tuple(sorted(extra))
