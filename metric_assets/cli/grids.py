"""Grids: the file that definitions read, and the demo's.

Belongs here: writing ranges.json. Does not belong here: the arithmetic of a grid (ranges), or which
ids it has to hold (coverage).
"""

from __future__ import annotations

from collections.abc import Mapping

from metric_assets.audit import Rows
from metric_assets.catalog import ENTITIES
from metric_assets.entity_ids import highest_id
from metric_assets.errors import SettingsError
from metric_assets.ranges import Grid
from metric_assets.settings import Settings, dump_grids

#: Ranges an entity of the demo is cut into.
DEMO_RANGES = 4


def demo_grids(settings: Settings, source: Rows) -> dict[str, Grid]:
    """A handful of ranges for each entity, whatever the scale of the demo."""
    grids = {}
    for entity in ENTITIES:
        ids = (highest_id(entity, settings.cutoff_of(entity), source) or 0) + 1
        size = _round(-(-ids // DEMO_RANGES))
        grids[entity] = Grid(size, _ceiling(ids, size))
    return grids


def write_grids(settings: Settings, grids: Mapping[str, Grid], *, replace: bool = False) -> None:
    """Write ranges.json. Raises SettingsError if a size changes, unless ``replace`` is given.

    Partition keys are made of the size: another size would orphan everything Dagster knows.
    """
    for entity, grid in grids.items():
        known = settings.grids.get(entity)
        if known is not None and known.size != grid.size and not replace:
            raise SettingsError(
                f"{entity}: its ranges hold {known.size} ids on this instance and cannot be"
                f" changed to {grid.size}: every partition key, and with it the history of what"
                " was materialized, would be lost"
            )
    settings.home.mkdir(parents=True, exist_ok=True)
    settings.ranges_file.write_text(dump_grids({**settings.grids, **grids}), encoding="utf-8")


def _ceiling(number: int, step: int) -> int:
    return -(-number // step) * step


def _round(number: int) -> int:
    """Up to two leading digits, so that keys are easy to read: 12345 becomes 13000."""
    step = 10 ** max(0, len(str(number)) - 2)
    return _ceiling(number, step)
