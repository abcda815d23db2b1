"""What a report shows: read from the history of checks, as plain rows for charts and tables.

Belongs here: which results a report takes. Does not belong here: its rows (report_rows), charts
(report_charts) or the page (report_page).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from metric_assets.audit.checks import RECONCILED
from metric_assets.audit.history import History, rows_of
from metric_assets.catalog.model import Pair
from metric_assets.connect import open_clickhouse
from metric_assets.operations.report_rows import (
    MOST,
    Row,
    cells_of,
    change_of,
    concerns,
    coverage_of,
    drift_of,
    failure_of,
    on_grid,
    pair_of,
    proofs_of,
    worst_of,
)
from metric_assets.operations.summary import Summary, summarize
from metric_assets.settings import Settings

#: Points of a line.
_POINTS = 300


@dataclass(frozen=True)
class ReportData:
    """Rows of a report over ``days`` days, all of plain values; instants are ISO 8601, UTC.

    ``cells`` are ranges of pairs as they are now, ``coverage`` is the share of ranges verified in
    the course of time, ``proofs`` the age of the oldest proof by pair, ``drift`` live drift by
    hour, ``worst`` the entities that differ most from legacy, ``failures`` what did not pass,
    ``changes`` when a verdict changed, ``results`` how many results there were by day.
    """

    summary: Summary
    days: int
    most_days: float
    cells: tuple[Row, ...] = ()
    coverage: tuple[Row, ...] = ()
    proofs: tuple[Row, ...] = ()
    drift: tuple[Row, ...] = ()
    worst: tuple[Row, ...] = ()
    failures: tuple[Row, ...] = ()
    changes: tuple[Row, ...] = ()
    results: tuple[Row, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON; without what only charts need."""
        return {
            **self.summary.as_dict(),
            "days": self.days,
            "failures": [_coded(row) for row in self.failures],
            "worst": list(self.worst),
            "drift_hours": list(self.drift),
            "changes": [_coded(row) for row in self.changes],
        }


def read_report(
    settings: Settings, pairs: Sequence[Pair], days: int, now: datetime | None = None
) -> ReportData:
    """What is recorded of ``pairs``, of the last ``days`` days where it is about the course of
    time. ``now`` is for tests.
    """
    until = now or datetime.now(timezone.utc)
    since = until - timedelta(days=days)
    with open_clickhouse(settings) as store:
        history = History(store, settings)
        newest = rows_of(history.read("clickhouse/history_newest", checks=[]))
        summary = summarize(on_grid(newest, settings), settings, pairs, until)
        most_days = 2 * max(settings.audit_days, 1.0)
        if summary.empty:
            return ReportData(summary, days, most_days)
        keys = {pair.key for pair in pairs}
        known = [row for row in on_grid(newest, settings) if row.pair in keys]
        span = max(1, days * 86_400 // _POINTS)
        badges = history.read(
            "clickhouse/history_badges", check=RECONCILED, since=since, span=span
        ).rows(named=True)
        failures = rows_of(history.read("clickhouse/history_failures", since=since, most=MOST))
        changes = history.read(
            "clickhouse/history_changes",
            since=since,
            known=since - timedelta(days=most_days),
            most=MOST,
        ).rows(named=True)
        results = history.read("clickhouse/history_days", since=since).rows(named=True)
    failing = {(row.check, row.place) for row in newest if not row.passed}
    return ReportData(
        summary,
        days,
        most_days,
        cells=tuple(cells_of(known, most_days, until)),
        coverage=tuple(coverage_of(badges, keys)),
        proofs=tuple(proofs_of(summary)),
        drift=tuple(drift_of(known)),
        worst=tuple(worst_of(known)),
        failures=tuple(failure_of(row, failing) for row in failures if concerns(row.pair, keys)),
        changes=tuple(change_of(row) for row in changes if concerns(pair_of(row), keys)),
        results=tuple({**row, "day": row["day"].isoformat()} for row in results),
    )


def _coded(row: Row) -> Row:
    """A row with the code of its word: codes have no blanks."""
    return {**row, "word": row["word"].replace(" ", "_")}
