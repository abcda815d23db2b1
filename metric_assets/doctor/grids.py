"""Each entity's grid against the ids that exist at its cutoff.

Belongs here: whether ids, partitions and grid fit together. Does not belong here: writing a grid
(`metric-assets ranges --sync`).
"""

from __future__ import annotations

from collections.abc import Iterator

from metric_assets.audit import highest_id
from metric_assets.catalog import ENTITIES
from metric_assets.doctor.findings import FAILED, REMARK, Finding, Report, guarded
from metric_assets.ranges import Grid
from metric_assets.settings import CUTOFF, Settings
from metric_assets.stores.postgres import Postgres

#: Partitions up to which Dagster's UI stays quick.
MANY = 400


def examine(
    store: Postgres, settings: Settings, highest: dict[str, int | None], report: Report
) -> Iterator[Finding]:
    """Ask for the highest id of every entity that has a cutoff; fills ``highest``."""
    for entity in ENTITIES:
        if settings.cutoffs.get(entity, settings.cutoff) is not None:
            report(f"{entity}: highest id at the cutoff")
            yield from guarded(f"{entity}: ids", _examine(entity, store, settings, highest))


def _examine(
    entity: str, store: Postgres, settings: Settings, highest: dict[str, int | None]
) -> Iterator[Finding]:
    found = highest[entity] = highest_id(entity, settings.cutoff_of(entity), store)
    grid = settings.grid_of(entity)
    yield judge(entity, found, grid, default=entity not in settings.grids)


def judge(entity: str, highest: int | None, grid: Grid, *, default: bool) -> Finding:
    """What the highest id at the cutoff means for a grid."""
    subject = f"{entity}: ids"
    origin = "the catalog's default" if default else "as set"
    cut = f"{len(grid):,} ranges of {grid.size:,} ids, {origin}"
    sync = f"`metric-assets ranges {entity} --sync`"
    if highest is None:
        return Finding(
            subject, f"no entity before the cutoff; {cut}", f"Check {CUTOFF} and the source", REMARK
        )
    end = len(grid) * grid.size
    if highest >= end:
        return Finding(
            subject,
            f"highest id {highest:,} at the cutoff, but the grid ends at {end - 1:,}: {cut}",
            sync,
            FAILED,
        )
    text = f"highest id {highest:,} at the cutoff; {cut}"
    needed = highest // grid.size + 1
    if len(grid) > MANY:
        return Finding(
            subject,
            text,
            f"More than {MANY} partitions make Dagster slow: before the first backfill, choose a"
            " larger size in ranges.json",
            REMARK,
        )
    if needed * 2 < len(grid):
        return Finding(
            subject, f"{text}; ids lie in {needed:,} of them", f"{sync} trims it", REMARK
        )
    return Finding(subject, text)
