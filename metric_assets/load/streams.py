"""The live streams of a scope's pairs: which have a say, and whether they are behind.

Belongs here: what the newest live events mean for a load. Does not belong here: the judgement of a
key (sql/clickhouse/judge.sql).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta

from metric_assets.catalog.model import Live, LiveKey, Pair
from metric_assets.live import Judging, LiveRules, Stream
from metric_assets.load.reading import Filled
from metric_assets.source_state import Loaded
from metric_assets.stores.ports import Scope, Target


class Streams:
    """The live streams of the pairs of a scope."""

    def __init__(self, pairs: Sequence[Pair], scope: Scope, target: Target) -> None:
        self._scope = scope
        self._target = target
        self._newest = target.newest_live(scope.entity, scope.cutoff)
        #: By each name of a metric in the scope, its pair.
        self._pairs = dict(zip(scope.names, list(pairs) * max(len(scope.parts), 1), strict=True))
        self._behind: frozenset[str] | None = None
        #: Metrics whose live events have a say, by their names in the scope.
        self.judged = tuple(
            name
            for name, pair in self._pairs.items()
            if pair.metric in self._newest and pair.live is not Live.IGNORED
        )

    def behind(self, filled: Filled, rules: LiveRules) -> frozenset[str]:
        """Metrics whose stream is behind: the source has rows that are newer than the newest live
        event of the entity type (by more than clocks may differ) and no longer recent.

        A stream without events while the source is quiet as well is not behind. Asked for once: a
        load has one answer.
        """
        if self._behind is None:
            self._behind = self._find_behind(filled, rules)
        return self._behind

    def _find_behind(self, filled: Filled, rules: LiveRules) -> frozenset[str]:
        found = self._newest
        for _ in range(2):
            newest = max(found.values(), default=None)
            if newest is None or filled.newest is None or newest >= filled.horizon.recent:
                return frozenset()
            if filled.newest <= newest + timedelta(seconds=rules.skew):
                return frozenset()
            # The answer may be old: nobody is told to be behind by it.
            found = self._target.newest_live(self._scope.entity, self._scope.cutoff, fresh=True)
        return frozenset(self.judged)

    def judging(
        self, records: Mapping[str, Loaded], filled: Filled, rules: LiveRules
    ) -> Judging | None:
        """How metrics are judged whose live events have a say, but for those that are behind and
        were loaded before; None if there is no such metric. ``records`` are of loaded metrics.
        """
        behind = self.behind(filled, rules)
        chosen = {
            name: self._pairs[name]
            for name in self.judged
            if not (name in behind and name in records)
        }
        if not chosen:
            return None

        def those(holds: Callable[[Pair], bool]) -> tuple[str, ...]:
            return tuple(name for name, pair in chosen.items() if holds(pair))

        return Judging(
            tuple(chosen),
            filled.horizon,
            signed=those(lambda pair: pair.signed),
            absorbing=those(lambda pair: rules.heal or pair.live is Live.ABSORB),
            by_entity=those(lambda pair: pair.live_key is LiveKey.ENTITY),
            loaded=tuple(name for name in chosen if name in records),
        )

    def of(self, name: str, behind: frozenset[str]) -> Stream:
        """What the stream of a pair is, by the name of its metric in the scope."""
        if self._pairs[name].live is Live.IGNORED:
            return Stream.IGNORED
        if name not in self.judged:
            return Stream.NONE
        return Stream.BEHIND if name in behind else Stream.LIVE
