"""Every entity, scan and pair there is, in the order in which all commands list them.

Belongs here: the list of the modules that hold rows, and look-ups by key. Does not belong here:
a row (one module an entity) or a rule about rows (model.py).
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from metric_assets.catalog import (
    articles,
    bounties,
    bountyentries,
    collections,
    images,
    models,
    modelversions,
    posts,
    tags,
    users,
)
from metric_assets.catalog.model import (
    CatalogError,
    Entity,
    Legacy,
    Live,
    LiveKey,
    Pair,
    Rule,
    Scan,
    Store,
)
from metric_assets.errors import UnknownKeyError

_MODULES = (
    users,
    models,
    modelversions,
    posts,
    images,
    collections,
    tags,
    articles,
    bounties,
    bountyentries,
)

ENTITIES: dict[str, Entity] = {module.ENTITY.name: module.ENTITY for module in _MODULES}
SCANS: tuple[Scan, ...] = tuple(scan for module in _MODULES for scan in module.SCANS)
PAIRS: dict[str, Pair] = {pair.key: pair for scan in SCANS for pair in scan.pairs}
SCAN_OF: dict[str, Scan] = {pair.key: scan for scan in SCANS for pair in scan.pairs}

if len(PAIRS) != sum(len(scan.pairs) for scan in SCANS):
    raise CatalogError("a pair is written down twice; every key has one scan")

__all__ = [
    "ENTITIES",
    "PAIRS",
    "SCANS",
    "SCAN_OF",
    "CatalogError",
    "Entity",
    "Legacy",
    "Live",
    "LiveKey",
    "Pair",
    "Rule",
    "Scan",
    "Store",
    "legacy_tables_of",
    "pairs_of",
    "scans_of",
    "select",
]


def scans_of(entity: str) -> list[Scan]:
    """The scans that feed ``entity``."""
    return [scan for scan in SCANS if scan.entity == entity]


def pairs_of(entity: str) -> list[Pair]:
    """The pairs of ``entity``."""
    return [pair for scan in scans_of(entity) for pair in scan.pairs]


def legacy_tables_of(entity: str) -> list[str]:
    """The legacy tables that pairs of ``entity`` are compared with; one, as a rule."""
    return sorted({pair.legacy.table for pair in pairs_of(entity)})


def select(selection: Iterable[str]) -> list[Pair]:
    """The pairs named by ``Entity`` or ``Entity/Metric``, in catalogue order; all for nothing.

    Raises UnknownKeyError for a name that is neither.
    """
    wanted = list(selection)
    keys: set[str] = set()
    for name in wanted:
        if name in PAIRS:
            keys.add(name)
        elif name in ENTITIES:
            keys.update(pair.key for pair in pairs_of(name))
        else:
            raise UnknownKeyError(_unknown(name))
    return [pair for pair in PAIRS.values() if not wanted or pair.key in keys]


def _unknown(name: str) -> str:
    known = [*ENTITIES, *PAIRS]
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    hint = f"did you mean {', '.join(near)}?" if near else "`metric-assets list` prints every key"
    return f"{name}: not an entity or an entity/metric pair of the catalog; {hint}"
