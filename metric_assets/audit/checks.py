"""Names of checks and of what they come to, as Dagster and the history of checks have them."""

from __future__ import annotations

MATCHES_LEGACY = "matches_legacy"
MATCHES_SOURCE = "matches_source"
RECONCILED = "reconciled"
BELONGS = "every_row_belongs_to_a_pair"
BEYOND_GRID = "ids_beyond_grid"

#: Verdicts. A warning is not well either, but nothing that a repair would change.
PASSED, WARNED, FAILED = "passed", "warned", "failed"
#: What made the check: a load that verified itself, its second look, a comparison that writes
#: nothing, what is known of a whole pair, or an undo, after which a range is not verified.
LOAD, SECOND_LOOK, AUDIT, SUMMARY, UNDO = "load", "second look", "audit", "summary", "undo"
