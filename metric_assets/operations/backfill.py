"""Backfills: the pairs and ranges to load, how a run of them ended, whether the stores answer.

Belongs here: from a selection to pieces of work. Does not belong here: a load (pipeline), or the
runs that Dagster makes of them (orchestration/running).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from metric_assets.catalog.catalog import Catalog
from metric_assets.catalog.model import Pair
from metric_assets.connect import open_both, open_target
from metric_assets.operations.dry_run import Piece
from metric_assets.ranges import IdRange
from metric_assets.settings import Settings
from metric_assets.sql import load


@dataclass(frozen=True)
class Work:
    """Pairs of one entity over neighbouring ranges: what one run loads."""

    entity: str
    pairs: tuple[Pair, ...]
    ranges: tuple[IdRange, ...]
    pieces: tuple[Piece, ...]

    @classmethod
    def of(
        cls, catalog: Catalog, entity: str, pairs: Iterable[Pair], ranges: Iterable[IdRange]
    ) -> Work:
        """With a piece for each scan that feeds some of the pairs."""
        chosen, cells = tuple(pairs), tuple(ranges)
        pieces = [
            Piece(scan, fed, cells)
            for scan in catalog.scans_of(entity)
            if (fed := tuple(pair for pair in scan.pairs if pair in chosen))
        ]
        return cls(entity, chosen, cells, tuple(pieces))

    @property
    def steps(self) -> int:
        """Partitions of scans to be read."""
        return len(self.pieces) * len(self.ranges)


@dataclass
class Outcome:
    """How a run ended: why it failed, as a whole and by the keys of pairs.

    ``interrupted`` says that a signal ended it: nothing more must be begun.
    """

    entity: str
    run_id: str
    success: bool
    failure: str = ""
    failures: dict[str, str] = field(default_factory=dict)
    interrupted: bool = False


def plan_work(pairs: Sequence[Pair], wanted: IdRange | None, settings: Settings) -> list[Work]:
    """One piece of work an entity, over the ranges that ``wanted`` touches, or over all.

    Raises SettingsError for a cutoff that is not set, UnknownRangeError for ids of no partition.
    """
    work = []
    for entity in settings.catalog.entity:
        chosen = tuple(pair for pair in pairs if pair.entity == entity)
        if chosen:
            settings.cutoff_of(entity)
            grid = settings.grid_of(entity)
            ranges = tuple(grid) if wanted is None else tuple(grid.covering(wanted))
            work.append(Work.of(settings.catalog, entity, chosen, ranges))
    return work


def stores_answer(settings: Settings) -> None:
    """Raise at once, before Dagster is started, if a store cannot be reached or has no target."""
    with open_both(settings) as (postgres, clickhouse):
        postgres.frame(load("postgres/alive"), {})
        _ = open_target(clickhouse, settings).layout
