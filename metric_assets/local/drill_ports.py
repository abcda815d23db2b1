"""What the drill of the demo needs, and what it tells: operations, a target, lines.

Belongs here: these as types. Does not belong here: the steps (drill), or whoever carries them out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from metric_assets.catalog.model import Pair
from metric_assets.explanation import Explanation
from metric_assets.local.planting import Fault, Held, Planted
from metric_assets.operations.pair_report import PairReport
from metric_assets.ranges import IdRange


class Kind(Enum):
    """What a line of the drill is."""

    HEADING = "heading"
    COMMAND = "command"
    RESULT = "result"
    PROBLEM = "problem"


@dataclass(frozen=True)
class Told:
    """A line of the drill; a command is told before it is carried out."""

    kind: Kind
    text: str


@dataclass(frozen=True)
class Changed:
    """What a run changed: rows it inserted and removed; ``failure`` is why it did not end well."""

    run: str
    inserted: int
    removed: int
    failure: str = ""


class Operations(Protocol):
    """The operations of the commands, over the demo's stores; errors as of the commands."""

    def check(self, pairs: Sequence[Pair]) -> Sequence[PairReport]:
        """`metric-assets reconcile PAIR… --source`: a report a pair, in their order."""

    def explain(self, pair: Pair, ids: IdRange) -> Explanation:
        """`metric-assets explain PAIR --range A-B`."""

    def repair(self, reports: Sequence[PairReport]) -> Changed:
        """`metric-assets reconcile PAIR… --repair`, of what these checks have found."""

    def heal(self, pair: Pair, ids: IdRange) -> Changed:
        """`metric-assets backfill PAIR --range A-B --heal-live`."""

    def undo(self, run: str) -> Changed:
        """`metric-assets undo RUN`."""


class Target(Protocol):
    """The target that is damaged."""

    def choose(self, fault: Fault) -> Planted | None:
        """Choose what a fault damages; None if nothing is fit for it."""

    def plant(self, planted: Planted) -> None:
        """Damage what was chosen."""

    def held(self) -> Mapping[str, Held]:
        """What it holds, by the keys of pairs."""
