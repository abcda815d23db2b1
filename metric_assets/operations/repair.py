"""Repairs: what has to be loaded again, and rows of the target that belong to nothing.

Belongs here: the arithmetic from ranges that differ to work, and removing such rows. Does not
belong here: a run (orchestration/running).
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from metric_assets.audit.strays import Stray, remove_stray
from metric_assets.catalog.model import Pair
from metric_assets.connect import open_both, open_repairs, open_target
from metric_assets.errors import MetricAssetsError
from metric_assets.operations.backfill import Work
from metric_assets.settings import Settings


def repair_work(ranges: Mapping[Pair, Sequence[str]], settings: Settings) -> list[Work]:
    """Runs that load the given partition keys of each pair: pairs of an entity that need the same
    ranges together, a run a stretch of neighbours, because a run takes every range between two.
    """
    catalog = settings.catalog
    together: dict[tuple[str, tuple[str, ...]], list[Pair]] = {}
    for pair, found in ranges.items():
        if found:
            together.setdefault((pair.entity, tuple(sorted(set(found)))), []).append(pair)
    work = []
    for (entity, found), pairs in together.items():
        stretch = []
        for ids in settings.grid_of(entity):
            if ids.key in found:
                stretch.append(ids)
            elif stretch:
                work.append(Work.of(catalog, entity, pairs, stretch))
                stretch = []
        if stretch:
            work.append(Work.of(catalog, entity, pairs, stretch))
    return work


def remove_strays(strays: Sequence[Stray], settings: Settings) -> list[str]:
    """Remove rows that belong to nothing; what became of each kind, in words.

    What cannot be removed is told, and the rest goes on.
    """
    if not strays:
        return []
    said: list[str] = []
    with open_both(settings) as (postgres, clickhouse):
        mode = open_target(clickhouse, settings).mode
        # No run of Dagster's: a run of its own name, so that it can be undone.
        repairs = open_repairs(clickhouse, settings, str(uuid.uuid4()))
        record = repairs if settings.repairs_days else None
        for stray in strays:
            with _told(said):
                said.append(remove_stray(stray, clickhouse, postgres, settings, mode, record))
    return said


@contextmanager
def _told(said: list[str]) -> Iterator[None]:
    """An error is said in place of what was done."""
    try:
        yield
    except MetricAssetsError as error:
        said.append(str(error))
