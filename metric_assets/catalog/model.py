"""The shapes of the catalog: entities, pairs and how each is compared with legacy.

Belongs here: frozen rows that refuse the impossible the moment they are written down. Does not
belong here: what is read for them (scan), the rows themselves (one module an entity) or anything
that reads a store.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum
from inspect import currentframe
from traceback import walk_stack

import polars as pl

from metric_assets.ranges import Grid

_NAME = re.compile(r"[A-Z][A-Za-z0-9]*")


class CatalogError(ValueError):
    """A row of the catalog that cannot work; raised at import and names the row."""


class Rule(str, Enum):
    """How events and legacy must relate."""

    EXACT = "exact_modulo_staleness"
    TOLERANCE = "tolerance"
    EVENTS_AT_LEAST_LEGACY = "events_at_least_legacy"
    LEGACY_AT_LEAST_EVENTS = "legacy_at_least_events"
    INFORMATIONAL = "informational"


class Live(str, Enum):
    """What a pair's live events have to say about what is held before the cutoff.

    JUDGED: what they explain. ABSORB: they are known to mean something else, so that the counter is
    made equal to the source whatever they say. IGNORED: nothing.
    """

    JUDGED = "judged"
    ABSORB = "absorb"
    IGNORED = "ignored"


class LiveKey(str, Enum):
    """By what a source row and its live event are known to be the same: user, or entity alone."""

    USER = "user"
    ENTITY = "entity"


@dataclass(frozen=True)
class Entity:
    """One entity type: its table, and the grid of its ids.

    ``grid`` is the default at production size: a few hundred partitions
    at most. ``table`` is a name in Postgres, ``id`` its column of ids and ``created`` the one that
    says when an entity was made; None where none does: each then counts as made before the cutoff,
    and needs a range. ``legacy_id`` is the column of ids of its legacy table, which its
    pairs name, ``legacy_updated`` that of the time at which a counter was written, if it has one.
    """

    name: str
    table: str
    legacy_id: str
    grid: Grid
    description: str
    id: str = "id"
    created: str | None = "createdAt"
    legacy_updated: str | None = "updatedAt"

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise CatalogError(f"{self.name}: an entity's name is letters and digits, capitalised")
        if "" in (self.table, self.legacy_id, self.id, self.created, self.legacy_updated):
            raise CatalogError(f"{self.name}: a table and its columns have names")
        if len(self.grid) > 400:
            raise CatalogError(
                f"{self.name}: {len(self.grid)} partitions; Dagster stays quick up to a few hundred"
            )

    @property
    def folder(self) -> str:
        """Its folder below sql/."""
        return self.name.lower()


@dataclass(frozen=True)
class Legacy:
    """The legacy counter of a pair and the rule of its comparison.

    ``column`` is ``Table.column``. ``average_over`` names the metric that counts what this one
    sums, where the legacy column holds a mean. ``tolerance`` is the share of an entity's legacy
    value by which both sides may differ under the tolerance rule. ``gap`` says why the rule is not
    exact and is required for every rule but EXACT.
    """

    column: str
    rule: Rule = Rule.EXACT
    gap: str = ""
    tolerance: float = 0.0
    average_over: str | None = None

    def __post_init__(self) -> None:
        if not re.fullmatch(r"\w+\.\w+", self.column):
            raise CatalogError(f"{self.column}: expected Table.column")
        if (self.rule is not Rule.EXACT) != bool(self.gap):
            raise CatalogError(
                f"{self.column}: a gap is told where the rule is not exact, only there"
            )
        if (self.rule is Rule.TOLERANCE) != (self.tolerance > 0):
            raise CatalogError(f"{self.column}: the tolerance rule and a tolerance go together")

    @classmethod
    def informational(cls, column: str, gap: str) -> Legacy:
        """A column that is reported beside the events and never gates; ``gap`` says why."""
        return cls(column, Rule.INFORMATIONAL, gap)

    @property
    def table(self) -> str:
        """The legacy table's name in Postgres."""
        return self.column.split(".")[0]

    @property
    def field(self) -> str:
        """The legacy column's name in that table."""
        return self.column.split(".")[1]


def _written() -> tuple[str, int]:
    """The place outside of this module, and of what dataclasses generate, that makes a row."""
    for frame, line in walk_stack(currentframe()):
        if frame.f_code.co_filename not in (__file__, "<string>"):
            return frame.f_code.co_filename, line
    raise AssertionError("a row is made by somebody")


@dataclass(frozen=True)
class Pair:
    """One entity/metric pair: which rows of its scan are its events and what each one counts.

    ``where`` keeps the rows for which it is true (NULL is not); without it every row counts.
    ``value`` is the event's ``metricValue``, 1 without it; ``signed`` says that it may be negative.
    ``live`` and ``live_key`` say how live events are judged, ``live_reason`` why; the rule is in
    docs/explanation/counter.md.
    """

    entity: str
    metric: str
    description: str
    legacy: Legacy
    where: pl.Expr | None = field(default=None, compare=False)
    value: pl.Expr | None = field(default=None, compare=False)
    signed: bool = False
    live: Live = Live.JUDGED
    live_key: LiveKey = LiveKey.USER
    live_reason: str = ""
    #: The file and the line that the row is written in.
    written: tuple[str, int] = field(
        default_factory=_written, init=False, compare=False, repr=False
    )

    def __post_init__(self) -> None:
        for name in (self.entity, self.metric):
            if not _NAME.fullmatch(name):
                raise CatalogError(f"{self.key}: {name!r} is not a name ClickHouse data uses here")
        if not self.description:
            raise CatalogError(f"{self.key}: every pair has a description")
        if self.signed and self.value is None:
            raise CatalogError(f"{self.key}: without a value an event counts 1, never less")
        if self.live is Live.IGNORED and self.live_key is not LiveKey.USER:
            raise CatalogError(f"{self.key}: live events that are ignored have no key")

    @property
    def key(self) -> str:
        """The asset key as users write it: ``User/Follower``."""
        return f"{self.entity}/{self.metric}"

    @property
    def needs(self) -> tuple[str, ...]:
        """Columns of the scan beyond entityId, userId and createdAt, sorted."""
        asked = [expr for expr in (self.where, self.value) if expr is not None]
        return tuple(sorted({name for expr in asked for name in expr.meta.root_names()}))
