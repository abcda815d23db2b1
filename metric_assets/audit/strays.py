"""Rows of the target that belong to nothing: no pair has their entity type and metric, or no range
their id.

Only rows below the cutoff are looked at; events after it are the platform's, whatever they are
called.

Belongs here: finding such rows and removing them. Does not belong here: whether they should be
removed, which is the operator's decision.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any, Protocol

import polars as pl

from metric_assets.audit.entity_ids import existing
from metric_assets.errors import RemovalRefusedError
from metric_assets.live import EPOCH
from metric_assets.plan import REMOVAL_FLOOR, Mode
from metric_assets.ranges import ID_FLOOR, ID_LIMIT, IdRange
from metric_assets.settings import MAX_REMOVED_SHARE, Settings
from metric_assets.sql import Statement, load
from metric_assets.stores.clickhouse_text import fragment
from metric_assets.stores.ports import Bind, Binds, Rows, Scope
from metric_assets.stores.repairs import Change, Repairs

#: Ids of one statement: they travel in its address.
_IDS = 5_000
#: What to do about them.
REMOVES = "`metric-assets reconcile --repair` removes them"


class Store(Protocol):
    """The target's server."""

    def frame(self, statement: Statement, binds: Binds, owner: str = "") -> pl.DataFrame:
        """All rows of a small statement."""
        ...

    def run(self, statement: Statement, binds: Binds, owner: str, **settings: object) -> None:
        """Run a statement that returns nothing."""
        ...


@dataclass(frozen=True)
class Stray:
    """Rows of one entity type and metric that belong to nothing.

    ``outside`` says that the pair is known and the ids from ``lowest`` to ``highest`` lie in no
    range. ``events`` are rows; ``known`` says that the
    entity type is one of the catalog.
    """

    entity: str
    metric: str
    outside: bool
    events: int
    lowest: int
    highest: int
    known: bool = True

    @property
    def sentence(self) -> str:
        """What they are."""
        rows = "1 row" if self.events == 1 else f"{self.events:,} rows"
        ids = f"id {self.lowest}"
        if self.lowest != self.highest:
            ids = f"ids from {self.lowest} to {self.highest}"
        if self.outside:
            why = "lie in no range"
        elif self.known:
            why = f"no pair of {self.entity} has this metric"
        else:
            why = "no pair has this entity type"
        place = f"{self.entity}/{self.metric}"
        return f"{place}: {rows} of {ids} below the cutoff belong to nothing: {why}"

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {**asdict(self), "sentence": self.sentence}


def find_strays(
    store: Store, settings: Settings, mode: Mode, entities: Sequence[str] | None = None
) -> list[Stray]:
    """Rows below the cutoffs that belong to nothing, largest kind first; one statement.

    With ``entities`` only those of these entity types; without, unknown entity types as well.
    """
    found = store.frame(load("clickhouse/strays"), _binds(settings, mode))
    known = settings.catalog.entity
    rows = found.rows(named=True)
    strays = [Stray(**row, known=row["entity"] in known) for row in rows]
    return [stray for stray in strays if entities is None or stray.entity in entities]


def remove_stray(  # noqa: PLR0913 - what, where, how, and where it is recorded
    stray: Stray,
    store: Store,
    source: Rows,
    settings: Settings,
    mode: Mode,
    repairs: Repairs | None = None,
) -> str:
    """Delete its rows (replace) or compensate them (append); what was done, in words. ``repairs``
    records it first.

    Ids outside every range whose entities exist are left: they need ranges (`metric-assets ranges
    --sync`). Raises RemovalRefusedError for a kind of more than REMOVAL_FLOOR rows, unless the
    removal guard is off.
    """
    place = f"{stray.entity}/{stray.metric}"
    if stray.events > REMOVAL_FLOOR and settings.max_removed_share < 1:
        raise RemovalRefusedError(
            f"{place}: {stray.events:,} rows that belong to nothing are more than"
            f" {REMOVAL_FLOOR:,}; they are left. Look whose they are; if they should go, allow it"
            f" with {MAX_REMOVED_SHARE}=1"
        )
    cutoff = _cutoff_of(settings, stray.entity)
    binds: dict[str, Bind] = {
        "target": settings.target_table,
        "entity": stray.entity,
        "metric": stray.metric,
        "cutoff": cutoff,
    }
    removal = _Removal(stray, store, mode, repairs, binds, cutoff)
    if not stray.outside:
        removal.remove()
        return f"{place}: {stray.events:,} rows that belonged to nothing were removed"
    ids = _outside_ids(stray, store, settings, binds)
    alive = existing(settings.catalog.entity[stray.entity], ids, source)
    gone = [one for one in ids if one not in alive]
    for portion in _portions(gone):
        removal.remove(portion)
    said = f"{place}: rows of {len(gone):,} ids that no range holds and no entity has were removed"
    if alive:
        said += (
            f"; those of {len(alive):,} ids whose entities exist are left: run `metric-assets"
            f" ranges {stray.entity} --sync`"
        )
    return said


@dataclass
class _Removal:
    """The removal of rows of one kind, each portion of ids a change of its own."""

    stray: Stray
    store: Store
    mode: Mode
    repairs: Repairs | None
    binds: Mapping[str, Bind]
    cutoff: datetime
    name: str = field(default_factory=lambda: uuid.uuid4().hex[:16])
    changes: int = 0

    def remove(self, ids: Sequence[int] | None = None) -> None:
        """Remove those of some ids, or all, once they are written down."""
        if self.repairs is not None:
            self._record(self.repairs, ids)
        append = self.mode is Mode.APPEND
        statement = load("clickhouse/compensate_strays" if append else "clickhouse/remove_strays")
        bounds = {"lowest": self.stray.lowest, "highest": self.stray.highest}
        chosen: Binds = {"everything": ids is None, "ids": list(ids or [])}
        self.store.run(statement, {**self.binds, **bounds, **chosen}, "")

    def _record(self, repairs: Repairs, ids: Sequence[int] | None) -> None:
        stray, cutoff = self.stray, self.cutoff
        texts: Binds = {
            **self.binds,
            "cutoff": f"{cutoff.astimezone(timezone.utc):%Y-%m-%d %H:%M:%S.%f}"[:-3],
            "append": "1" if self.mode is Mode.APPEND else "0",
            "lowest": str(stray.lowest),
            "highest": str(stray.highest),
            "everything": "1" if ids is None else "0",
            "ids": ", ".join(map(str, ids or [0])),
        }
        span = IdRange(max(stray.lowest, ID_FLOOR), min(stray.highest + 1, ID_LIMIT))
        scope = Scope(stray.entity, (stray.metric,), span, cutoff)
        rows = fragment(load("clickhouse/record_strays"), texts)
        change = f"{self.name}-{self.changes}"
        repairs.record(Change(change, "strays", rows, scope, scope.metrics, self.mode, {}))
        self.changes += 1


def _outside_ids(
    stray: Stray, store: Store, settings: Settings, binds: dict[str, Bind]
) -> list[int]:
    """The ids themselves; no more than there are rows, which the caller has bounded."""
    grid = settings.grid_of(stray.entity)
    cells = [grid.cell(first) for first in grid.extra]
    found = store.frame(
        load("clickhouse/stray_ids"),
        {
            **binds,
            "end": grid.end,
            "extra_starts": [cell.start for cell in cells],
            "extra_stops": [cell.stop for cell in cells],
            "most": max(stray.events, 1),
        },
    )
    return [int(one) for one in found["id"]]


def _portions(ids: Sequence[int]) -> list[list[int]]:
    return [list(ids[first : first + _IDS]) for first in range(0, len(ids), _IDS)]


def _binds(settings: Settings, mode: Mode) -> dict[str, Bind]:
    entities = list(settings.catalog.entity)
    cells = [
        (entity, settings.grid_of(entity).cell(first))
        for entity in entities
        for first in settings.grid_of(entity).extra
    ]
    cutoffs = [_cutoff_of(settings, entity) for entity in entities]
    other = _cutoff_of(settings, "")
    return {
        "target": settings.target_table,
        "append": mode is Mode.APPEND,
        "pairs": list(settings.catalog.pairs),
        "entities": entities,
        "cutoffs": [_milliseconds(cutoff) for cutoff in cutoffs],
        "other": _milliseconds(other),
        "latest": max(*cutoffs, other),
        "ends": [settings.grid_of(entity).end for entity in entities],
        "extra_entities": [entity for entity, _ in cells],
        "extra_starts": [cell.start for _, cell in cells],
        "extra_stops": [cell.stop for _, cell in cells],
    }


def _cutoff_of(settings: Settings, entity: str) -> datetime:
    """The cutoff of an entity type; of one that the catalog does not know, the earliest there is.

    Where none is set nothing lies below it.
    """
    cutoff = settings.known_cutoff(entity)
    if cutoff is None and entity not in settings.catalog.entity:
        cutoff = min(settings.cutoffs.values(), default=None)
    return cutoff or EPOCH


def _milliseconds(instant: datetime) -> int:
    return (instant - EPOCH) // timedelta(milliseconds=1)
