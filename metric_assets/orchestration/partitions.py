"""Partitions: an entity's grid as Dagster keys.

Belongs here: the mapping between ranges and keys. Does not belong here: the grid itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

import dagster as dg

from metric_assets.errors import UnknownKeyError
from metric_assets.ranges import IdRange
from metric_assets.settings import Settings


def build_partitions(entity: str, settings: Settings) -> dg.StaticPartitionsDefinition:
    """Static keys in the order of ids: the same on every machine with the same grid."""
    return _static(tuple(ids.key for ids in settings.grid_of(entity)))


@cache
def _static(keys: tuple[str, ...]) -> dg.StaticPartitionsDefinition:
    """One for all pairs of an entity: checking keys takes time with every definition."""
    return dg.StaticPartitionsDefinition(keys)


def ranges_of(keys: Iterable[str], what: str) -> list[IdRange]:
    """The ranges of partition keys; raises UnknownKeyError for none at all.

    A reversed partition range reaches an asset as no keys, and would end as a success.
    """
    ranges = [IdRange.parse(key) for key in keys]
    if not ranges:
        raise UnknownKeyError(
            f"{what}: no partition selected. A partition range is FIRST...LAST in the order of ids,"
            " for example 0-999...3000-3999"
        )
    return ranges
