"""What the pipeline asks of an attempt's stage, as a Protocol."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import polars as pl

from metric_assets.changes import Known
from metric_assets.events import Bounds
from metric_assets.examined import Examined
from metric_assets.fingerprint import Prints
from metric_assets.live import DriftHour, Judged, Judging
from metric_assets.plan import Mode, Summary


@dataclass(frozen=True)
class LiveSeen:
    """Whether a scope holds live events (``some``), and recent ones."""

    some: bool = False
    recent: bool = False


class Stage(Protocol):
    """The private tables of one attempt and what can be done with them."""

    @property
    def bounds(self) -> Bounds:
        """What the target's columns can hold."""
        ...

    @property
    def mode(self) -> Mode:
        """How surplus is repaired."""
        ...

    def cancel(self) -> None:
        """End in the server what this attempt runs there, from any thread; never raises."""
        ...

    def insert(self, events: pl.DataFrame) -> None:
        """Send events; they are durable when this returns.

        Those before the cutoff go into the staging table, later ones beside it: they are judged by,
        never published.
        """
        ...

    @property
    def coarse(self) -> bool:
        """Whether the target keeps whole seconds."""
        ...

    @property
    def memory_rows(self) -> int:
        """Up to how many events are kept in memory if they are inserted at once; 0 if none."""
        ...

    def occupied(self) -> bool:
        """Whether the target holds anything in the scope."""
        ...

    def fingerprints(self, prints: Prints) -> pl.DataFrame:
        """What the target holds of the scope, by metricType and bucket: net, dated, recent, and
        held, held_total, up and down below the cutoff.
        """
        ...

    def restrict(self, buckets: pl.DataFrame) -> None:
        """Look at these buckets only (metricType, bucket): of the rest source and target agree."""
        ...

    def recall(self, attempt: str, judging: Judging) -> bool:
        """Fill the stage for a second look, from what ``attempt`` kept; restricts it to those keys.

        False if it was cleaned up, by a later load of the scope.
        """
        ...

    def staged(self) -> dict[str, Summary]:
        """What the staging table holds, a summary for every metric of the scope."""
        ...

    def beside(self) -> dict[str, Summary]:
        """What was inserted from the cutoff on, likewise."""
        ...

    def present(self) -> dict[str, Summary]:
        """What the target holds in the scope, likewise."""
        ...

    def sees_live(self, judging: Judging) -> LiveSeen:
        """Whether the scope holds live events, and whether some are recent."""
        ...

    def judge(self, judging: Judging, fresh: Sequence[str]) -> dict[str, Judged]:
        """Judge the keys of the scope by live events; ``fresh`` metrics hold nothing below the
        cutoff.
        """
        ...

    def keep(self, judging: Judging) -> None:
        """Keep what a second look needs; it outlives the stage, until the target forgets it."""
        ...

    def adjust(self, judging: Judging) -> None:
        """Put the adjustments that judge() found into the staging table."""
        ...

    def drift_hours(self, judging: Judging) -> dict[str, tuple[DriftHour, ...]]:
        """The hours of live drift that judge() found, by metric."""
        ...

    def gone_entities(self) -> dict[str, dict[int, int]]:
        """By metric: entities of which something held is gone untold, and how much."""
        ...

    def difference(self, metrics: Sequence[str]) -> dict[str, tuple[int, int, int]]:
        """Compare key by key; (inserted, removed, compensated) rows of the metrics that differ."""
        ...

    def examine(self, metric: str, most: int) -> Examined:
        """After a plan: the rows of entities that differ, or whose live events do; about ``most``
        rows, of whole entities.
        """
        ...

    def looked(self, fresh: Sequence[str]) -> dict[str, tuple[int, int, int]]:
        """The part of the difference that a second look will find anew, likewise."""
        ...

    def publish(self, metrics: Sequence[str], known: Known, *, alone: bool) -> None:
        """Insert staged events of metrics the scope has none of into the target, once they are
        written down.

        ``alone`` says that the stage holds nothing else, so that whole partitions may be attached.
        The stage keeps what it holds.
        """
        ...

    def apply_difference(self, metrics: Sequence[str], known: Known) -> None:
        """Write what the last difference() found, once it is written down."""
        ...
