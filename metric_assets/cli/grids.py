"""Grids: the file that definitions read, and the demo's.

Belongs here: writing ranges.json. Does not belong here: the arithmetic of a grid (ranges), or which
ids it has to hold (coverage).
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from metric_assets.entity_ids import highest_id
from metric_assets.errors import SettingsError
from metric_assets.ranges import Grid
from metric_assets.settings import HOME, Settings, dump_grids
from metric_assets.stores.ports import Rows

#: Ranges an entity of the demo is cut into.
DEMO_RANGES = 4


def demo_grids(settings: Settings, source: Rows) -> dict[str, Grid]:
    """A handful of ranges for each entity, whatever the scale of the demo."""
    grids = {}
    for entity in settings.catalog.entity:
        ids = (
            highest_id(settings.catalog.entity[entity], settings.cutoff_of(entity), source) or 0
        ) + 1
        size = _round(-(-ids // DEMO_RANGES))
        grids[entity] = Grid(size, _ceiling(ids, size))
    return grids


def write_grids(settings: Settings, grids: Mapping[str, Grid], *, replace: bool = False) -> None:
    """Write ranges.json, all of it or nothing.

    Raises SettingsError if it cannot be written, or if a size changes, unless ``replace`` is given:
    partition keys are made of the size, so another would orphan everything that Dagster knows.
    """
    for entity, grid in grids.items():
        known = settings.grids.get(entity)
        if known is not None and known.size != grid.size and not replace:
            raise SettingsError(
                f"{entity}: its ranges hold {known.size} ids on this instance and cannot be"
                f" changed to {grid.size}: every partition key, and with it the history of what"
                " was materialized, would be lost"
            )
    file = settings.ranges_file
    fresh = file.with_name(f"{file.name}.{os.getpid()}")
    try:
        settings.home.mkdir(parents=True, exist_ok=True)
        fresh.write_text(dump_grids({**settings.grids, **grids}), encoding="utf-8")
        fresh.replace(file)
    except OSError as error:
        raise SettingsError(
            f"{HOME}: {file} cannot be written: {error.strerror}; make the folder writable, or name"
            " another"
        ) from None


def _ceiling(number: int, step: int) -> int:
    return -(-number // step) * step


def _round(number: int) -> int:
    """Up to two leading digits, so that keys are easy to read: 12345 becomes 13000."""
    step = 10 ** max(0, len(str(number)) - 2)
    return _ceiling(number, step)
