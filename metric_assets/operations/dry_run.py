"""Dry runs: the plans of many ranges, row by row; nothing is written.

Belongs here: the walk over scans and ranges, and what becomes of a range that cannot be planned.
Does not belong here: a plan (pipeline), or what a load result means (source_check).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from metric_assets.catalog.model import Pair
from metric_assets.catalog.scan import Scan
from metric_assets.connect import open_both, open_stores
from metric_assets.errors import BusyError, MetricAssetsError, UnavailableError
from metric_assets.live import LiveRules
from metric_assets.load.loading import Stores
from metric_assets.load.pipeline import materialize
from metric_assets.load.second_look import SecondLooks
from metric_assets.load_result import LoadResult
from metric_assets.operations.listener import Listener
from metric_assets.plan import RemovalGuard
from metric_assets.ranges import IdRange
from metric_assets.settings import Settings
from metric_assets.source_state import Loaded


@dataclass(frozen=True)
class Piece:
    """Pairs of one scan over ranges."""

    scan: Scan
    pairs: tuple[Pair, ...]
    ranges: tuple[IdRange, ...]


@dataclass(frozen=True)
class Missed:
    """A range of pairs that could not be planned, and why."""

    pairs: tuple[Pair, ...]
    ids: IdRange
    error: MetricAssetsError

    @property
    def busy(self) -> bool:
        """Whether it is only that another run is at it right now."""
        return isinstance(self.error, BusyError)

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {
            "pairs": [pair.key for pair in self.pairs],
            "ids": self.ids.key,
            "busy": self.busy,
            "reason": str(self.error),
        }


#: What was recorded when pairs of a range were last loaded, by metric.
Recorded = Callable[[Sequence[Pair], IdRange], Mapping[str, Loaded]]


class DryRuns:
    """Dry runs of one command or check; ``load_results`` and ``missed`` are what they came to.

    ``open_stores`` gives the stores of a scan, ``loaded`` what was recorded when pairs of a range
    were last loaded. With ``heal`` live events are planned to be made up for. Once a store is
    unavailable the rest is missed: the next range would wait for it in vain.
    """

    def __init__(
        self,
        settings: Settings,
        open_stores: Callable[[Scan], Stores],
        listener: Listener,
        loaded: Recorded = lambda _pairs, _ids: {},
        *,
        heal: bool = False,
    ) -> None:
        self.load_results: list[LoadResult] = []
        self.missed: list[Missed] = []
        self._settings = settings
        self._open_stores = open_stores
        self._listener = listener
        self._loaded = loaded
        self._rules = LiveRules(settings.live_lag, settings.clock_skew, heal)
        self._guard = RemovalGuard(settings.max_removed_share, settings.max_replica_lag)
        self._looks = SecondLooks()
        self._last: Stores | None = None
        self._settled = False
        self._gone: UnavailableError | None = None

    def walk(self, pieces: Iterable[Piece]) -> None:
        """Plan every range of every piece; the failure of one never hides the others."""
        for piece in pieces:
            stores = self._stores(piece)
            if stores is not None:
                for ids in piece.ranges:
                    self._plan(piece, ids, stores)

    def finish(self) -> None:
        """Look again at what late live events may have changed, while the stores are still open.

        Waits for them, which the listener is told. What cannot be looked at again is missed.
        """
        if self._last is None or self._gone is not None:
            return

        def announce(sentence: str) -> None:
            self._listener.remarked([sentence])

        looked = self._looks.take(self._last.target, self._last.locks, announce=announce)
        again = {(result.pair, result.ids): result for result in looked}
        self.load_results = [again.get((one.pair, one.ids), one) for one in self.load_results]
        self._listener.looked(looked)
        self._settled = True

    @property
    def settled(self) -> list[LoadResult]:
        """Results that late live events change no more: all, or those that hold what is wanted if
        the second look could not be taken.
        """
        if self._settled:
            return self.load_results
        return [result for result in self.load_results if result.verified and not result.drifts]

    def _stores(self, piece: Piece) -> Stores | None:
        """The stores of a piece; None, and its ranges missed, if they cannot be opened."""
        error: MetricAssetsError | None = self._gone
        if error is None:
            try:
                self._last = self._open_stores(piece.scan)
            except MetricAssetsError as found:
                error = found
            else:
                return self._last
        for ids in piece.ranges:
            self._miss(piece, ids, error)
        return None

    def _plan(self, piece: Piece, ids: IdRange, stores: Stores) -> None:
        if self._gone is not None:
            self._miss(piece, ids, self._gone)
            return
        self._listener.began(piece.scan.name, ids)
        try:
            load_results = materialize(
                piece.scan,
                piece.pairs,
                ids,
                self._settings.cutoff_of(piece.scan.entity),
                stores,
                guard=self._guard,
                loaded=lambda: self._loaded(piece.pairs, ids),
                live=self._rules,
                looks=self._looks,
                dry_run=True,
                progress=self._listener.read,
            )
        except MetricAssetsError as error:
            self._miss(piece, ids, error)
        else:
            self.load_results += load_results
            self._listener.ended(load_results)

    def _miss(self, piece: Piece, ids: IdRange, error: MetricAssetsError) -> None:
        if isinstance(error, UnavailableError):
            self._gone = error
        self.missed.append(Missed(piece.pairs, ids, error))


def dry_run(
    pieces: Iterable[Piece],
    settings: Settings,
    listener: Listener,
    loaded: Recorded = lambda _pairs, _ids: {},
    *,
    heal: bool = False,
) -> DryRuns:
    """The plan of each range, with stores opened for it; arguments as of DryRuns."""
    with open_both(settings) as (postgres, clickhouse):
        runs = DryRuns(
            settings,
            lambda scan: open_stores(scan, postgres, clickhouse, settings, "dry-run"),
            listener,
            loaded,
            heal=heal,
        )
        runs.walk(pieces)
        runs.finish()
    return runs
