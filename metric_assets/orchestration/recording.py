"""The history of checks, as the steps of a run write it: one insert a step, never a failed run.

Belongs here: when rows are written, and what is said where they cannot be. Does not belong here:
what a row holds (audit/history_rows), or how it is written (operations/history).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import dagster as dg

from metric_assets.audit.history import HistoryRow
from metric_assets.audit.history_rows import Stamp
from metric_assets.operations.history import TIMEOUT, stamp, write
from metric_assets.operations.listener import Listener
from metric_assets.orchestration.resources import ClickHouseResource
from metric_assets.settings import Settings


class HistoryLog:
    """What one step has evaluated, for the history.

    Rows that cannot be written are told in the run's log, as a warning, and to the listener.
    """

    def __init__(
        self, context: dg.OpExecutionContext, settings: Settings, listener: Listener
    ) -> None:
        self._context = context
        self._settings = settings
        self._listener = listener
        self._rows: list[HistoryRow] = []

    @property
    def stamp(self) -> Stamp:
        """What each row of this moment has in common."""
        return stamp(self._settings, self._context.run_id)

    def add(self, rows: Sequence[HistoryRow]) -> None:
        """Keep rows to be written."""
        self._rows += rows

    @contextmanager
    def written(self, clickhouse: ClickHouseResource) -> Iterator[None]:
        """At the end write what has been added within, however it ends."""
        try:
            yield
        finally:
            rows, self._rows = self._rows, []
            said = write(rows, self._settings, lambda: clickhouse.open(self._settings, TIMEOUT))
            if said:
                self._context.log.warning(said)
                self._listener.remarked([said])
