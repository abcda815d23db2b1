"""Recording evaluations of checks in the history, whoever makes them; a failure is a sentence.

Belongs here: the one place where rows are written. Does not belong here: when a run writes them
(orchestration/recording), or what a row holds (audit/history_rows).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timezone

from metric_assets.actor import this_process
from metric_assets.audit.history import History, HistoryRow, Store, unwritten
from metric_assets.audit.history_rows import Stamp
from metric_assets.connect import open_clickhouse
from metric_assets.errors import MetricAssetsError
from metric_assets.settings import Settings

#: Seconds that the server may be silent while rows are written: somebody waits for it.
TIMEOUT = 30


def stamp(settings: Settings, run: str = "") -> Stamp:
    """Now, in the target of the settings, by this process in a run."""
    return Stamp(datetime.now(timezone.utc), settings.target_table, this_process().within(run))


def write(
    rows: Sequence[HistoryRow],
    settings: Settings,
    open_store: Callable[[], AbstractContextManager[Store]],
) -> str:
    """Write rows; what has to be known if they could not be, and nothing otherwise.

    ``open_store`` opens the target's server.
    """
    if rows and settings.history_days:
        try:
            with open_store() as store:
                History(store, settings).write(rows)
        except MetricAssetsError as error:
            return unwritten(rows, error)
    return ""


def record(
    rows: Callable[[Stamp], Sequence[HistoryRow]],
    settings: Settings,
    told: Callable[[str], object],
) -> None:
    """Write what was evaluated outside of a run; ``told`` hears if it could not be written."""
    made = rows(stamp(settings))
    if said := write(made, settings, lambda: open_clickhouse(settings, timeout=TIMEOUT)):
        told(said)
