"""What is on record of earlier checks, as evidence for explanations."""

from __future__ import annotations

from datetime import datetime, timedelta

from metric_assets.audit.checks import MATCHES_LEGACY, MATCHES_SOURCE
from metric_assets.audit.explain.case import Verified
from metric_assets.audit.history import History, HistoryRow
from metric_assets.catalog.model import Pair
from metric_assets.errors import MetricAssetsError, UnavailableError
from metric_assets.live import FOREVER
from metric_assets.ranges import IdRange

#: Checks of one run are written within so long.
_ONE_RUN = timedelta(minutes=10)


class HistoryEvidence:
    """Earlier checks that passed, by the history of the target.

    ``failure`` is why it could not be read; then nothing is on record.
    """

    def __init__(self, history: History) -> None:
        self._history = history
        self.failure = ""

    def last_verified(
        self, pair: Pair, ids: IdRange, by: datetime | None = None
    ) -> Verified | None:
        """What a range held when its source check passed last, until ``by`` (UTC)."""
        row = self._row(pair, ids, MATCHES_SOURCE, by + _ONE_RUN if by else FOREVER)
        if row is None:
            return None
        return Verified(
            row.digest,
            row.cutoff,
            row.instant,
            row.events,
            row.total,
            withdrawn=row.withdrawn,
            overlap=row.overlap,
        )

    def last_agreed(self, pair: Pair, ids: IdRange) -> datetime | None:
        """When a range was last seen to equal its legacy counters, UTC."""
        row = self._row(pair, ids, MATCHES_LEGACY, FOREVER)
        return row.at if row else None

    def _row(self, pair: Pair, ids: IdRange, check: str, by: datetime) -> HistoryRow | None:
        if self.failure:
            return None
        try:
            return self._history.last_verified(pair, ids, check, by)
        except MetricAssetsError as error:
            if error.transient or isinstance(error, UnavailableError):
                raise
            self.failure = f"the history of checks cannot be read: {error}"
            return None
