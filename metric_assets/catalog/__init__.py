"""Our platform's catalog: every entity, scan, pair and dimension there is, in the plan's order.

Belongs here: the list of the modules that hold rows, one an entity. Does not belong here: a row, or
what a catalog is (model, catalog). Only ``METRIC_ASSETS_CATALOG`` names this package: nothing else
of metric_assets knows a table of the platform.
"""

from __future__ import annotations

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
from metric_assets.catalog.catalog import Catalog

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

CATALOG = Catalog(
    entities=[module.ENTITY for module in _MODULES],
    scans=[scan for module in _MODULES for scan in module.SCANS],
    dimensions=[modelversions.VERSIONS],
)

__all__ = ["CATALOG"]
