"""What `reconcile --repair` has to load again, as runs.

Belongs here: the arithmetic from ranges that differ to runs. Does not belong here: a run (running).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from metric_assets.cli.running import Work
from metric_assets.settings import Settings


def repair_work(ranges: Mapping[str, Sequence[str]], settings: Settings) -> list[Work]:
    """Runs that load the given partition keys of each pair: pairs of an entity that need the same
    ranges together, a run a stretch of neighbours, because a run takes every range between two.
    """
    catalog = settings.catalog
    together: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for key, found in ranges.items():
        if found:
            group = (catalog.pairs[key].entity, tuple(sorted(set(found))))
            together.setdefault(group, []).append(key)
    work = []
    for (entity, found), keys in together.items():
        pairs = [catalog.pairs[key] for key in keys]
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
