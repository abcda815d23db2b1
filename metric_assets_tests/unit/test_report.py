"""The rows of the closing table: retried ranges once, busy ones named, one failure never hides others."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest

from metric_assets.catalog import PAIRS
from metric_assets.cli import report
from metric_assets.cli.running import Outcome
from metric_assets.errors import BusyError, SourceError
from metric_assets.load_result import Receipt
from metric_assets.ranges import IdRange

pytestmark = pytest.mark.unit

FOLLOWER = "Tag/Follower"
HIDDEN = "Tag/Hidden"
BOTH = [PAIRS[FOLLOWER], PAIRS[HIDDEN]]
FIRST, SECOND = IdRange(0, 10), IdRange(10, 20)


def receipt(pair: str = FOLLOWER, ids: IdRange = FIRST, **changes: Any) -> Receipt:
    """A load result in which nothing was to do, but for what is said."""
    facts: dict[str, Any] = dict.fromkeys(("rows_read", "wanted", "present", "inserted", "removed", "unchanged", "rejected", "events", "total"), 0)  # fmt: skip
    facts |= {"seconds": 0.0, "snapshot": "", "cutoff": datetime(2025, 1, 1, tzinfo=timezone.utc)}
    facts |= {"mode": "replace", "code_version": "", "dry_run": False, "fenced": (), "phases": {}}
    known = Receipt.__dataclass_fields__
    return Receipt(
        pair=pair,
        ids=ids,
        **{name: value for name, value in {**facts, **changes}.items() if name in known},
    )


def test_a_retried_range_counts_once() -> None:
    """Two attempts at one range: it is one range, wanted and unchanged are the last attempt's, and
    what was inserted and removed is the sum, because both attempts really wrote.
    """
    attempts = [
        receipt(wanted=10, inserted=8, removed=1, unchanged=2),
        receipt(ids=SECOND, wanted=5, inserted=5),
        receipt(wanted=11, present=10, inserted=1, unchanged=10),
    ]
    (row,) = report.build_rows([PAIRS[FOLLOWER]], attempts, [])
    assert (row.ranges, row.wanted, row.unchanged) == (2, 16, 10)
    assert (row.inserted, row.removed, row.present) == (14, 1, 10)
    assert [one.ids for one in report.merged(attempts)] == [FIRST, SECOND]


def test_a_busy_range_is_busy_and_the_others_are_shown() -> None:
    """One range that another run works on is named `busy`; the table has the rest; nothing is clean."""
    busy = report.Missed((FOLLOWER,), SECOND, BusyError("Tag/Follower/10-19: another run"))
    rows = report.build_rows(BOTH, [receipt(wanted=3, dry_run=True)], [], [busy])
    follower, hidden = rows
    assert follower.status == "busy: 1 of 2 ranges"
    assert follower.busy_ranges == ["10-19"]
    assert (follower.ranges, follower.wanted) == (1, 3)
    assert hidden.status == "unchecked"
    assert not report.is_clean(rows, [])
    assert report.reasons(rows, []) == ["Tag/Follower/10-19: another run"]
    assert busy.as_dict() == {
        "pairs": [FOLLOWER], "ids": "10-19", "busy": True,
        "reason": "Tag/Follower/10-19: another run",
    }  # fmt: skip


def test_a_failure_is_of_the_pair_concerned() -> None:
    """A pair whose step failed is `failed`; the other keeps its own status."""
    outcome = Outcome(
        "Tag", "run", False, "Tag/Hidden: no number", [], {HIDDEN: "Tag/Hidden: no number"}
    )
    rows = report.build_rows(BOTH, [], [outcome])
    assert [row.status for row in rows] == ["unchecked", "failed"]
    assert report.reasons(rows, [outcome]) == ["Tag/Hidden: no number"]
    assert not report.is_clean(rows, [outcome])


def test_a_range_that_cannot_be_planned_fails_its_pair() -> None:
    """Other than busy: the pair is `failed`, with the reason."""
    missed = report.Missed((FOLLOWER,), FIRST, SourceError("Tag/Follower/0-9: no such column"))
    rows = report.build_rows(BOTH, [], [], [missed])
    assert rows[0].status == "failed"
    assert report.reasons(rows, []) == ["Tag/Follower/0-9: no such column"]
