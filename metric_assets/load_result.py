"""What a load of one pair and range did and verifies.

Belongs here: the result as a value. Does not belong here: how it comes about (pipeline), or how it
is shown.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any

from metric_assets.catalog.model import Pair
from metric_assets.live import LiveFigures, Stream
from metric_assets.ranges import IdRange


@dataclass(frozen=True)
class LoadResult:
    """What a materialization of one pair and range did and verified. Counts are rows.

    ``rows_read`` is of the whole scan, shared by its pairs. ``events`` and ``total`` are what the
    scope holds afterwards; in a dry run, what it would hold. ``phases`` say where the ``seconds``
    went, by step: acquire, fill, plan, apply, verify, release. ``source`` says what
    the source was, ``incomplete`` why it may have shown less than there is, and ``system`` (with
    ``snapshot``) which state of it was loaded, as of ``instant``. ``live`` and ``stream`` say what
    live events meant for it; a first load while the stream is behind is ``provisional``. Of a dry
    run, ``refused`` says what the removal guard would refuse. ``digest`` is the hash of the rows
    that the scope holds below the cutoff, after a load or at a dry run (see plan.Summary): equal to
    an earlier one means that the target has not changed in between.
    """

    pair: Pair
    ids: IdRange
    rows_read: int
    wanted: int
    present: int
    inserted: int
    removed: int
    unchanged: int
    rejected: int
    events: int
    total: int
    seconds: float
    snapshot: str
    cutoff: datetime
    mode: str
    code_version: str
    dry_run: bool
    cleaned_up: tuple[str, ...]
    phases: dict[str, float]
    source: str = "primary"
    incomplete: tuple[str, ...] = ()
    system: str = ""
    live: LiveFigures = field(default_factory=LiveFigures)
    stream: Stream = Stream.NONE
    provisional: bool = False
    refused: str = ""
    instant: datetime | None = None
    digest: int | None = None

    @property
    def place(self) -> str:
        """Pair and range."""
        return f"{self.pair.key}/{self.ids.key}"

    @property
    def differs(self) -> bool:
        """Whether a dry run found the target to hold something else than is wanted."""
        return self.dry_run and self.inserted + self.removed > 0

    @property
    def drifts(self) -> bool:
        """Whether live events are missing, or too many, for the counters to equal the source."""
        return self.live.drift > 0

    @property
    def verified(self) -> bool:
        """Whether the range holds what is wanted, as far as can be told."""
        return not self.differs and not self.refused and self.stream is not Stream.BEHIND

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {
            **{one.name: getattr(self, one.name) for one in fields(self)},
            "pair": self.pair.key,
            "ids": self.ids.key,
            "cutoff": self.cutoff.isoformat(),
            "live": self.live.as_dict(),
            "stream": self.stream.value,
            "instant": self.instant.isoformat() if self.instant else None,
            "digest": None if self.digest is None else f"{self.digest:016x}",
        }
