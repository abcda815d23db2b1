"""Changes of the target: what a change will do, which run changed what, and what undoing it takes.

Belongs here: these as values. Does not belong here: where they are written down (stores/repairs),
or how a run is undone (load/undo).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from metric_assets.actor import Actor
from metric_assets.plan import MetricPlan
from metric_assets.ranges import IdRange


@dataclass(frozen=True)
class Known:
    """What is known of a scope before it is written to: metrics of which it holds nothing at all
    (``empty``), and the cutoffs (UTC) recorded so far, of metrics that were loaded.
    """

    empty: frozenset[str] = frozenset()
    cutoffs: Mapping[str, datetime] = field(default_factory=dict)


@dataclass(frozen=True)
class ChangedRun:
    """A run that changed the target: by whom, when (UTC), and how much; ``undone`` is the run that
    it undid, if it was an undo.
    """

    run: str
    undone: str
    began: datetime
    ended: datetime
    actor: Actor
    pairs: tuple[str, ...]
    ranges: int
    inserted: int
    removed: int

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        who = {name: value for name, value in asdict(self.actor).items() if name != "run"}
        return {
            "run": self.run,
            "undoes": self.undone or None,
            "began": self.began.isoformat(),
            "ended": self.ended.isoformat(),
            **who,
            "pairs": list(self.pairs),
            "ranges": self.ranges,
            "inserted": self.inserted,
            "removed": self.removed,
        }


@dataclass(frozen=True)
class ChangedRange:
    """A pair and range that a run changed.

    ``cutoff`` (UTC) is that of the change, ``previous`` the one that was recorded before it; None
    if the range had never been loaded. ``number`` is the run's first change of it. With ``whole``
    it filled the scope while that held nothing, by its change ``until``.
    """

    run: str
    entity: str
    metric: str
    ids: IdRange
    cutoff: datetime
    previous: datetime | None
    began: datetime
    number: int
    whole: bool
    until: int

    @property
    def place(self) -> str:
        """Pair and range."""
        return f"{self.entity}/{self.metric}/{self.ids.key}"

    @property
    def emptied(self) -> bool:
        """Whether nothing at all is to be held once it is undone."""
        return self.whole and self.number == self.until


@dataclass(frozen=True)
class LaterRun:
    """A range that a run changed after another run had changed the same pair there.

    ``undone`` is the run that it undid, if it was an undo. Its first change of the range has the
    number ``first``, its last ``last``.
    """

    run: str
    undone: str
    user: str
    host: str
    began: datetime
    ids: IdRange
    first: int
    last: int

    @property
    def name(self) -> str:
        """How messages name it."""
        return f"{self.run} ({self.user} on {self.host}, {self.began:%Y-%m-%dT%H:%M:%SZ})"


def own_runs(run: str, later: Sequence[LaterRun]) -> tuple[str, ...]:
    """A run and those that undid it, or undid such an undoing, in their order."""
    own = [run]
    for one in later:
        if one.undone in own and one.run not in own:
            own.append(one.run)
    return tuple(own)


def perhaps_in_the_way(run: str, later: Sequence[LaterRun]) -> list[LaterRun]:
    """Later runs of which something may stand: those that neither undid ``run`` nor each other, but
    for those that are known to be undone.

    An earlier run is undone only while nothing of later ones stands. So where one was, all that
    lies between it and its undoing is known to be undone.
    """
    roots = {run: run}
    families: dict[str, list[LaterRun]] = {run: []}
    for one in later:
        roots.setdefault(one.run, roots.get(one.undone, one.run))
        families.setdefault(roots[one.run], []).append(one)
    found: list[LaterRun] = []
    undoings: list[LaterRun] = []
    for root, members in families.items():
        last = max((one.last for one in members), default=0)
        found += [
            one
            for one in members
            if one.run == root and not any(_covers(other, one, last) for other in undoings)
        ]
        undoings += [one for one in members if one.run != root]
    return found


def _covers(undoing: LaterRun, one: LaterRun, last: int) -> bool:
    inside = undoing.ids.start <= one.ids.start and one.ids.stop <= undoing.ids.stop
    return inside and undoing.first > last


@dataclass(frozen=True)
class UndoPlan:
    """What undoing a run takes in a pair and range, or in a portion of it.

    ``foreign`` are keys that hold what neither the run nor an undoing of it left there.
    """

    rows: MetricPlan
    foreign: int = 0

    @property
    def empty(self) -> bool:
        """Whether everything is as it was before the run."""
        return self.rows.empty

    def __add__(self, other: UndoPlan) -> UndoPlan:
        a, b = self.rows, other.rows
        rows = MetricPlan(
            a.metric,
            a.wanted + b.wanted,
            a.present + b.present,
            a.inserted + b.inserted,
            a.removed + b.removed,
            a.compensated + b.compensated,
        )
        return UndoPlan(rows, self.foreign + other.foreign)
