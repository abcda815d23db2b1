"""Work that is handed to Dagster's daemon: asset backfills, as the UI launches them.

The daemon makes a run of each, so that pools, the run queue and the run launcher apply, on whatever
machine that is; each has few enough ranges that several machines have something to do. Belongs
here: what the daemon is given. Does not belong here: runs of this process (running).
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import dagster as dg

from metric_assets.operations.backfill import Work
from metric_assets.orchestration.build import build_definitions
from metric_assets.orchestration.check_names import ENTITY_TAG, HEAL_TAG, asset_key
from metric_assets.orchestration.dagster_private import PartitionBackfill, make_new_backfill_id
from metric_assets.orchestration.instance import open_instance
from metric_assets.orchestration.own_runs import actor_tags
from metric_assets.orchestration.sensors import PARTITIONS_A_RUN
from metric_assets.ranges import IdRange
from metric_assets.settings import Settings

#: The daemons without which nothing comes of a backfill: one makes its runs, one begins them.
DAEMONS = ("BACKFILL", "QUEUED_RUN_COORDINATOR")
#: Seconds after which a daemon that has said nothing is taken to be gone; it speaks every 30 s.
SILENCE = 120.0


@dataclass(frozen=True)
class Submitted:
    """A backfill of an entity type that waits for the daemon."""

    entity: str
    backfill: str
    pairs: tuple[str, ...]
    ranges: tuple[IdRange, ...]

    @property
    def sentence(self) -> str:
        """In words."""
        first, last = self.ranges[0], self.ranges[-1]
        return (
            f"{self.entity}: {len(self.pairs)} pairs, {len(self.ranges)} ranges"
            f" ({first.start}-{last.stop - 1}) wait as backfill {self.backfill}"
        )

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {
            "entity": self.entity,
            "backfill": self.backfill,
            "pairs": list(self.pairs),
            "ranges": [ids.key for ids in self.ranges],
        }


@dataclass(frozen=True)
class Handed:
    """What was submitted, and whether a daemon is there to take it up."""

    submitted: tuple[Submitted, ...]
    daemon: bool


def submit(work: Sequence[Work], settings: Settings, *, heal: bool = False) -> Handed:
    """Hand each piece of work to the daemon; nothing is loaded here.

    With ``heal`` counters are made right whatever live events explain. Raises SettingsError or
    UnavailableError if Dagster's storage cannot be written to.
    """
    graph = build_definitions(settings).resolve_asset_graph()
    with open_instance() as instance:
        found = []
        for piece, ranges in _stretches(work):
            tags = {
                **actor_tags(),
                ENTITY_TAG: piece.entity,
                **({HEAL_TAG: "true"} if heal else {}),
            }
            backfill = PartitionBackfill.from_asset_partitions(
                backfill_id=make_new_backfill_id(),
                asset_graph=graph,
                partition_names=[ids.key for ids in ranges],
                asset_selection=[asset_key(pair) for pair in piece.pairs],
                backfill_timestamp=time.time(),
                tags=tags,
                dynamic_partitions_store=instance,
                all_partitions=False,
                title=f"{piece.entity}, by {tags['metric_assets/command']}"[:100],
                description=None,
                run_config=None,
            )
            instance.add_backfill(backfill)
            keys = tuple(pair.key for pair in piece.pairs)
            found.append(Submitted(piece.entity, backfill.backfill_id, keys, ranges))
        return Handed(tuple(found), _is_heard(instance))


def _stretches(work: Sequence[Work]) -> Iterator[tuple[Work, tuple[IdRange, ...]]]:
    """Each piece of work in stretches of as many ranges as one run is given."""
    for piece in work:
        for first in range(0, len(piece.ranges), PARTITIONS_A_RUN):
            yield piece, piece.ranges[first : first + PARTITIONS_A_RUN]


def _is_heard(instance: dg.DagsterInstance) -> bool:
    """Whether the daemons have lately said that they live."""
    heartbeats = instance.get_daemon_heartbeats()
    since = time.time() - SILENCE
    return all(name in heartbeats and heartbeats[name].timestamp > since for name in DAEMONS)
