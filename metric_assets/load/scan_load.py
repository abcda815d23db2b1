"""The load of a scan over some ranges: alone, together, side by side.

Belongs here: which way each range goes, and whom to tell. Does not belong here: what is done with a
range (pipeline, together).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby

from metric_assets.catalog.model import Pair
from metric_assets.catalog.scan import Scan
from metric_assets.errors import MetricAssetsError
from metric_assets.live import LiveRules
from metric_assets.load.groups import groups
from metric_assets.load.loading import Stores
from metric_assets.load.pipeline import materialize
from metric_assets.load.second_look import SecondLooks
from metric_assets.load.side_by_side import Stop, Walk
from metric_assets.load.together import materialize_together
from metric_assets.load_result import LoadResult
from metric_assets.plan import RemovalGuard
from metric_assets.ranges import IdRange
from metric_assets.source_state import Loaded
from metric_assets.stores.ports import Bind, Scope

#: Ranges that are loaded together, or one.
Group = list[IdRange]


@dataclass(frozen=True)
class ScanLoad:
    """How the ranges of a scan are loaded.

    ``loaded`` says what was recorded of the last load of some pairs and a range. Neighbouring
    ranges of which the source expects at most ``memory_rows`` rows in all are loaded together,
    ``side_by_side`` ranges or groups of them at once.
    """

    scan: Scan
    cutoff: datetime
    stores: Stores
    guard: RemovalGuard
    loaded: Callable[[Sequence[Pair], IdRange], Mapping[str, Loaded]]
    live: LiveRules
    looks: SecondLooks | None
    memory_rows: int
    side_by_side: int
    #: Ranges that could not be loaded together.
    _apart: Group = field(default_factory=list)
    #: Rows read of ranges that have ended, by their ids.
    _rows: dict[IdRange, int] = field(default_factory=dict)

    def over(
        self,
        work: Mapping[IdRange, Sequence[Pair]],
        began: Callable[[IdRange], object],
        read: Callable[[int], None],
        ended: Callable[[list[LoadResult]], object],
    ) -> None:
        """Load all ranges of some work, each with its pairs.

        ``began`` is told ids that are begun, ``read`` how many rows have been read of them, and
        ``ended`` the load results of each range. Raises what pipeline.materialize() raises, once
        what is under way has come to its end.
        """

        def do(group: Group, stop: Stop, progress: Callable[[int], None]) -> list[LoadResult]:
            pairs = work[group[0]]
            if len(group) == 1:
                return self._alone(pairs, group[0], stop, progress)
            return self._together(pairs, group, stop, progress)

        def tell(results: list[LoadResult]) -> None:
            for ids, own in groupby(results, lambda result: result.ids):
                of_range = list(own)
                self._rows[ids] = of_range[0].rows_read
                ended(of_range)

        walk: Walk[Group, list[LoadResult]] = Walk(
            do, lambda group: began(IdRange(group[0].start, group[-1].stop)), read, tell
        )
        walk.over(self._groups(work), self.side_by_side)
        walk.over([[ids] for ids in sorted(self._apart)], self.side_by_side)

    def _groups(self, work: Mapping[IdRange, Sequence[Pair]]) -> Iterator[Group]:
        if not self.memory_rows:
            return iter([[ids] for ids in work])

        def expected(ids: IdRange) -> int | None:
            pairs = next(found for one, found in work.items() if one.start == ids.start)
            return self._expected(ids, pairs)

        # A row may be an event of two pairs.
        return groups(work, expected, self.memory_rows // 2)

    def _expected(self, ids: IdRange, pairs: Sequence[Pair]) -> int | None:
        """About how many rows the source has to take in hand for some ids; where it cannot say,
        twice as many as the largest of the ranges that have ended would have.
        """
        names: dict[str, Bind] = {
            name: self.stores.dimensions[name].name for name in self.scan.dimensions
        }
        binds = {"start": ids.start, "stop": ids.stop, "until": self.cutoff, **names}
        scope = Scope(self.scan.entity, tuple(pair.metric for pair in pairs), ids, self.cutoff)
        said = self.stores.source.expected(self.scan.text, binds, scope.label)
        if said is not None or not self._rows:
            return said
        width = ids.stop - ids.start
        return max(2 * rows * width // (one.stop - one.start) for one, rows in self._rows.items())

    def _alone(
        self, pairs: Sequence[Pair], ids: IdRange, stop: Stop, progress: Callable[[int], None]
    ) -> list[LoadResult]:
        return materialize(
            self.scan,
            pairs,
            ids,
            self.cutoff,
            self.stores,
            guard=self.guard,
            loaded=lambda: self.loaded(pairs, ids),
            live=self.live,
            looks=self.looks,
            progress=progress,
            stop=stop,
        )

    def _together(
        self, pairs: Sequence[Pair], group: Group, stop: Stop, progress: Callable[[int], None]
    ) -> list[LoadResult]:
        """Load ranges together; none if they have to be loaded one by one."""
        try:
            return materialize_together(
                self.scan,
                pairs,
                group,
                self.cutoff,
                self.stores,
                guard=self.guard,
                loaded=lambda ids: self.loaded(pairs, ids),
                live=self.live,
                looks=self.looks,
                progress=progress,
                stop=stop,
            )
        except MetricAssetsError:
            # Of one of them it may be, and be raised of that one, named; the others are loaded.
            self._apart.extend(group)
            return []
