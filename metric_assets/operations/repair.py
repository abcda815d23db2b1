"""Repairs: what has to be loaded again, and rows of the target that belong to nothing.

Belongs here: the arithmetic from ranges that differ to work, and removing such rows. Does not
belong here: a run (orchestration/running).
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from metric_assets.audit.strays import Stray, remove_stray
from metric_assets.catalog.model import Pair
from metric_assets.connect import open_both, open_repairs, open_target
from metric_assets.errors import MetricAssetsError
from metric_assets.operations.dry_run import Piece
from metric_assets.ranges import IdRange
from metric_assets.settings import Settings


@dataclass(frozen=True)
class RepairWork:
    """What one run loads again: partition keys of pairs of one entity, in the order of its grid."""

    entity: str
    ranges: Mapping[Pair, tuple[str, ...]]
    pieces: tuple[Piece, ...]

    @property
    def steps(self) -> int:
        """Partitions of scans to be read."""
        return sum(len(piece.ranges) for piece in self.pieces)

    def as_config(self) -> dict[str, list[str]]:
        """The same as a run is told."""
        return {pair.key: list(keys) for pair, keys in self.ranges.items()}


def repair_work(ranges: Mapping[Pair, Sequence[str]], settings: Settings) -> list[RepairWork]:
    """Runs that load the given partition keys of each pair: one an entity."""
    work = []
    for entity in settings.catalog.entity:
        grid = [ids.key for ids in settings.grid_of(entity)]
        chosen = {
            pair: tuple(key for key in grid if key in found)
            for pair, found in ranges.items()
            if pair.entity == entity and found
        }
        if chosen:
            work.append(RepairWork(entity, chosen, _pieces(entity, chosen, settings)))
    return work


def _pieces(
    entity: str, ranges: Mapping[Pair, Sequence[str]], settings: Settings
) -> tuple[Piece, ...]:
    """Each range of a scan, with the pairs that need it: those of the same pairs together."""
    pieces = []
    for scan in settings.catalog.scans_of(entity):
        together: dict[tuple[Pair, ...], list[IdRange]] = {}
        for key in dict.fromkeys(key for pair in scan.pairs for key in ranges.get(pair, ())):
            pairs = tuple(pair for pair in scan.pairs if key in ranges.get(pair, ()))
            together.setdefault(pairs, []).append(IdRange.parse(key))
        pieces += [Piece(scan, pairs, tuple(found)) for pairs, found in together.items()]
    return tuple(pieces)


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
