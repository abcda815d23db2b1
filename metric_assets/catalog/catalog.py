"""A catalog: the entities, scans, pairs and dimensions of one platform, and look-ups by key.

Belongs here: what holds between rows. Does not belong here: the shape of a row (model), or the rows
of a platform (a package of its own; ours is metric_assets.catalog).
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from metric_assets.catalog.model import CatalogError, Entity, Pair
from metric_assets.catalog.scan import Dimension, Scan, Store
from metric_assets.errors import UnknownKeyError


@dataclass(frozen=True)
class Catalog:
    """Everything that the package knows about a platform.

    ``statements`` is the folder that holds the .sql files of its scans and dimensions, by default
    the package's own. Raises CatalogError, naming the row, for rows that do not fit together.
    """

    entities: Sequence[Entity]
    scans: Sequence[Scan]
    dimensions: Sequence[Dimension] = ()
    statements: Path | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "entities", tuple(self.entities))
        for name in ("scans", "dimensions"):
            rows = getattr(self, name)
            if self.statements is not None:
                rows = [replace(row, folder=self.statements) for row in rows]
            object.__setattr__(self, name, tuple(rows))
        names = [entity.name for entity in self.entities]
        _check_once("entity", names)
        _check_once("dimension", [dimension.name for dimension in self.dimensions])
        _check_once("pair", [pair.key for scan in self.scans for pair in scan.pairs])
        known = {dimension.name for dimension in self.dimensions}
        for scan in self.scans:
            if scan.entity not in names:
                raise CatalogError(f"{scan.name}: {scan.entity} is not an entity of the catalog")
            if unknown := sorted({*scan.dimensions} - known):
                raise CatalogError(
                    f"{scan.name}: {unknown[0]} is not a dimension of the catalog; known:"
                    f" {', '.join(sorted(known)) or 'none'}"
                )

    @cached_property
    def entity(self) -> Mapping[str, Entity]:
        """Entities by name, in the catalog's order."""
        return {entity.name: entity for entity in self.entities}

    @cached_property
    def pairs(self) -> Mapping[str, Pair]:
        """Pairs by key, in the catalog's order."""
        return {pair.key: pair for scan in self.scans for pair in scan.pairs}

    @cached_property
    def scan(self) -> Mapping[str, Scan]:
        """The scan that feeds each pair, by its key."""
        return {pair.key: scan for scan in self.scans for pair in scan.pairs}

    def scans_of(self, entity: str) -> list[Scan]:
        """The scans that feed an entity."""
        return [scan for scan in self.scans if scan.entity == entity]

    def pairs_of(self, entity: str) -> list[Pair]:
        """The pairs of an entity."""
        return [pair for scan in self.scans_of(entity) for pair in scan.pairs]

    def dimensions_of(self, scan: Scan) -> list[Dimension]:
        """The dimensions that a scan joins with."""
        return [one for one in self.dimensions if one.name in scan.dimensions]

    def sources(self, store: Store) -> list[str]:
        """The tables that scans read in a store; Postgres is read for dimensions too. Sorted."""
        names = {name for scan in self.scans if scan.store is store for name in scan.sources}
        if store is Store.POSTGRES:
            names |= {dimension.table for dimension in self.dimensions}
        return sorted(names)

    def select(self, selection: Iterable[str]) -> list[Pair]:
        """The pairs named by ``Entity`` or ``Entity/Metric``, in the catalog's order; all for none.

        Raises UnknownKeyError for a name that is neither.
        """
        wanted = list(selection)
        keys: set[str] = set()
        for name in wanted:
            if name in self.pairs:
                keys.add(name)
            elif name in self.entity:
                keys.update(pair.key for pair in self.pairs_of(name))
            else:
                raise UnknownKeyError(self._unknown(name))
        return [pair for pair in self.pairs.values() if not wanted or pair.key in keys]

    def _unknown(self, name: str) -> str:
        near = difflib.get_close_matches(name, [*self.entity, *self.pairs], n=3, cutoff=0.5)
        hint = (
            f"did you mean {', '.join(near)}?" if near else "`metric-assets list` prints every key"
        )
        return f"{name}: not an entity or an entity/metric pair of the catalog; {hint}"


def _check_once(kind: str, names: Sequence[str]) -> None:
    for name in names:
        if names.count(name) > 1:
            raise CatalogError(f"{name}: this {kind} is written down twice")
