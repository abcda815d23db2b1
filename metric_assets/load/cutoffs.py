"""The cutoff of a load beside the one that was recorded when the range was loaded last.

Belongs here: which moves of a cutoff are refused, and why. Does not belong here: where a cutoff
comes from (settings).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from metric_assets.errors import CutoffError
from metric_assets.source_state import Loaded
from metric_assets.stores.ports import Scope


def check_cutoff(scope: Scope, records: Mapping[str, Loaded]) -> None:
    """Raise CutoffError for a cutoff earlier than one that the range was loaded with."""
    for metric, one in records.items():
        if scope.cutoff < one.cutoff:
            raise CutoffError(
                f"{scope.key_of(metric)}: the cutoff {scope.cutoff.isoformat()} is"
                f" earlier than {one.cutoff.isoformat()}, with which the range was loaded last:"
                " events in between were backfilled and would now be taken for live ones. Nothing"
                " was written. Restore the cutoff (METRIC_ASSETS_CUTOFF, METRIC_ASSETS_CUTOFFS), or"
                " undo the runs that loaded it (`metric-assets undo`), then load again"
            )


def check_moved(scope: Scope, records: Mapping[str, Loaded], shown: datetime, lag: float) -> None:
    """Raise CutoffError for a cutoff moved to where live events may still arrive.

    ``shown`` is the instant (UTC) that the source shows, ``lag`` (seconds) how late events may be.
    """
    latest = shown - timedelta(seconds=lag)
    for metric, one in records.items():
        if scope.cutoff > max(one.cutoff, latest):
            raise CutoffError(
                f"{scope.key_of(metric)}: the cutoff was moved from"
                f" {one.cutoff.isoformat()} to {scope.cutoff.isoformat()}, but live events before"
                f" it may still arrive: the source shows {shown.isoformat()}, and the lag is"
                f" {lag:g} s. Nothing was written. Use a cutoff up to {latest.isoformat()}, or wait"
            )
