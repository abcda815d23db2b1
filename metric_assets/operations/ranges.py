"""Grids of entities: the file that definitions read, the demo's, and ids that no grid holds.

Belongs here: writing ranges.json, and looking at the ids of pairs. Does not belong here: the
arithmetic of a grid (ranges), or which ids it has to hold (coverage).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from metric_assets.audit.coverage import Coverage, Report, examine
from metric_assets.audit.entity_ids import highest_id
from metric_assets.audit.history_rows import grid_rows
from metric_assets.catalog.model import Pair
from metric_assets.connect import open_postgres
from metric_assets.errors import MetricAssetsError, SettingsError
from metric_assets.operations.history import record
from metric_assets.ranges import Grid
from metric_assets.settings import HOME, RANGES, Settings, dump_grids
from metric_assets.stores.ports import Rows

#: Ranges an entity of the demo is cut into.
DEMO_RANGES = 4


@dataclass(frozen=True)
class Outside:
    """Entities with ids outside of their grids; ``failure`` is why nobody could look at them."""

    found: tuple[Coverage, ...] = ()
    failure: str = ""

    @property
    def sentences(self) -> list[str]:
        """What a person has to know; nothing if all ids lie in partitions."""
        said = [coverage.sentence for coverage in self.found]
        return [*said, self.failure] if self.failure else said

    @property
    def closing(self) -> list[str]:
        """What the last sentence of a command says of it."""
        if self.failure:
            return ["ids outside of ranges could not be looked for"]
        return [f"{one.count:,} ids of {one.entity} lie in no range" for one in self.found]

    def as_dict(self) -> dict[str, object]:
        """Plain values, for JSON."""
        return {
            "beyond_the_grid": self.sentences,
            "outside": [coverage.as_dict() for coverage in self.found],
        }


def look_outside(
    pairs: Sequence[Pair],
    settings: Settings,
    report: Report,
    told: Callable[[str], object] = lambda _: None,
) -> Outside:
    """Look at the ids of the pairs' entities; an error is told: the work itself is done.

    What is found goes into the history; ``told`` as of record().
    """
    entities = list(dict.fromkeys(pair.entity for pair in pairs))
    try:
        with open_postgres(settings) as source:
            known = examine(settings, source, entities, report)
    except MetricAssetsError as error:
        return Outside(failure=f"ids outside of partitions could not be looked for: {error}")
    record(lambda stamp: grid_rows(known, stamp), settings, told)
    return Outside(tuple(coverage for coverage in known if not coverage.covered))


def write_synced(settings: Settings, known: Sequence[Coverage]) -> str:
    """Write the grids that hold all ids into ranges.json, as write_grids().

    Returns the value of the variable that says the same where there is no such file. Raises
    SettingsError where the environment holds other grids, and says what belongs there instead.
    """
    grids = {**settings.grids, **{found.entity: found.grid for found in known}}
    value = dump_grids(grids, indent=None).strip()
    if not os.environ.get(RANGES):
        write_grids(settings, grids)
    elif grids != settings.grids:
        raise SettingsError(
            f"{RANGES}: is set and wins over {settings.ranges_file}, so that was not written;"
            f" set it to {value}"
        )
    return value


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
