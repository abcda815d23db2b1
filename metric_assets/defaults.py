"""What settings are unless they are set; also for code that is called without settings."""

from __future__ import annotations

import os

TARGET_TABLE = "entityMetricEvents"
#: Share of what is present (0 to 1) that one plan, and one run, may remove.
MAX_REMOVED_SHARE = 0.5
#: Seconds that a replica may lag for its removals to be trusted.
MAX_REPLICA_LAG = 60.0
#: Seconds that a statement of the source may take.
STATEMENT_TIMEOUT = 1800
#: Seconds that a live event may arrive late.
LIVE_LAG = 300.0
#: Seconds by which the clocks of source and platform may differ.
CLOCK_SKEW = 10.0
#: Rows of a range, of source and of target, that are compared in memory.
MEMORY_ROWS = 200_000
#: Ranges that a run loads side by side at most, unless it is told otherwise.
PARALLEL_RANGES = 4
#: Hours after which a problem that was told is told again.
ALERT_REPEAT_HOURS = 24.0
#: Hours after its time on the schedule by which an audit must have ended well.
ALERT_AUDIT_HOURS = 12.0
#: Seconds that sending an alert may take to connect, and to be answered.
ALERT_TIMEOUT_SECONDS = 10.0
#: Days that the record of changes is kept.
REPAIRS_DAYS = 90
#: Days that the history of checks is kept.
HISTORY_DAYS = 400


def parallel_by_cores() -> int:
    """How many ranges a run loads side by side where nothing is said: one for every two cores."""
    return max(1, min(PARALLEL_RANGES, (os.cpu_count() or 1) // 2))
