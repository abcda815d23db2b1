"""The rows of the closing table: retried ranges once, busy ones named, one failure never hides others."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest

from metric_assets.audit.source_check import SourceVerdict
from metric_assets.badge import Badge
from metric_assets.catalog import CATALOG
from metric_assets.catalog.model import Pair, Rule
from metric_assets.cli import console
from metric_assets.cli.closing import closing_sentence
from metric_assets.errors import BusyError, SourceError
from metric_assets.live import LiveFigures, Stream
from metric_assets.load_result import LoadResult
from metric_assets.operations.backfill import Outcome
from metric_assets.operations.dry_run import Missed
from metric_assets.operations.listener import Checked, Results
from metric_assets.operations.pair_report import PairReport
from metric_assets.operations.report import (
    is_clean,
    merged,
    reasons,
    report_checks,
    report_loads,
)
from metric_assets.ranges import IdRange
from metric_assets.reconcile import Discrepancy, Verdict

pytestmark = pytest.mark.unit

FOLLOWER = "Tag/Follower"
HIDDEN = "Tag/Hidden"
BOTH = [CATALOG.pairs[FOLLOWER], CATALOG.pairs[HIDDEN]]
FIRST, SECOND = IdRange(0, 10), IdRange(10, 20)


def load_result(pair: str = FOLLOWER, ids: IdRange = FIRST, **changes: Any) -> LoadResult:
    """A load result in which nothing was to do, but for what is said."""
    facts: dict[str, Any] = dict.fromkeys(("rows_read", "wanted", "present", "inserted", "removed", "unchanged", "rejected", "events", "total"), 0)  # fmt: skip
    facts |= {"seconds": 0.0, "snapshot": "", "cutoff": datetime(2025, 1, 1, tzinfo=timezone.utc)}
    facts |= {"stream": Stream.NONE, "live": LiveFigures(), "refused": ""}
    facts |= {
        "mode": "replace",
        "code_version": "",
        "dry_run": False,
        "cleaned_up": (),
        "phases": {},
    }
    known = LoadResult.__dataclass_fields__
    return LoadResult(
        pair=CATALOG.pairs[pair],
        ids=ids,
        **{name: value for name, value in {**facts, **changes}.items() if name in known},
    )


def test_a_retried_range_counts_once() -> None:
    """Two attempts at one range: it is one range, wanted and unchanged are the last attempt's, and
    what was inserted and removed is the sum, because both attempts really wrote.
    """
    attempts = [
        load_result(wanted=10, inserted=8, removed=1, unchanged=2),
        load_result(ids=SECOND, wanted=5, inserted=5),
        load_result(wanted=11, present=10, inserted=1, unchanged=10),
    ]
    (row,) = planned(*attempts)
    assert (row.ranges, row.rows("wanted"), row.rows("unchanged")) == (2, 16, 10)
    assert (row.rows("inserted"), row.rows("removed"), row.rows("present")) == (14, 1, 10)
    assert [one.ids for one in merged(attempts)] == [FIRST, SECOND]


def test_a_busy_range_is_busy_and_the_others_are_shown() -> None:
    """One range that another run works on is named `busy`; the table has the rest; nothing is clean."""
    busy = Missed((CATALOG.pairs[FOLLOWER],), SECOND, BusyError("Tag/Follower/10-19: another run"))
    rows = report_loads(BOTH, Results([load_result(wanted=3, dry_run=True)]), missed=[busy])
    follower, hidden = rows
    assert follower.status == "busy: 1 of 2 ranges"
    assert follower.failing["busy"] == ["10-19"]
    assert (follower.ranges, follower.rows("wanted")) == (1, 3)
    assert hidden.status == "unchecked"
    assert not is_clean(rows, [])
    assert reasons(rows, []) == ["Tag/Follower/10-19: another run"]
    assert busy.as_dict() == {
        "pairs": [FOLLOWER], "ids": "10-19", "busy": True,
        "reason": "Tag/Follower/10-19: another run",
    }  # fmt: skip


def test_a_failure_is_of_the_pair_concerned() -> None:
    """A pair whose step failed is `failed`; the other keeps its own status."""
    text = "Tag/Hidden: no number"
    outcome = Outcome("Tag", "run", False, text, {HIDDEN: text})
    rows = report_loads(BOTH, Results(), [outcome])
    assert [row.status for row in rows] == ["unchecked", "failed"]
    assert reasons(rows, [outcome]) == ["Tag/Hidden: no number"]
    assert not is_clean(rows, [outcome])


def test_a_range_that_cannot_be_planned_fails_its_pair() -> None:
    """Other than busy: the pair is `failed`, with the reason."""
    missed = Missed(
        (CATALOG.pairs[FOLLOWER],), FIRST, SourceError("Tag/Follower/0-9: no such column")
    )
    rows = report_loads(BOTH, Results(), missed=[missed])
    assert rows[0].status == "failed"
    assert reasons(rows, []) == ["Tag/Follower/0-9: no such column"]


#: What a load result has where the source check says so.
WORDS: dict[str, dict[str, Any]] = {
    "equal": {},
    "differs": {"inserted": 1, "dry_run": True},
    "live drift": {"live": LiveFigures(live_missing=1)},
    "stream behind": {"stream": Stream.BEHIND},
}


def source_verdict(word: str, pair: str = FOLLOWER) -> SourceVerdict:
    """A source check of the first range that comes to a word."""
    return SourceVerdict(load_result(pair, **WORDS[word]))


def legacy_verdict(pair: str = FOLLOWER, *, missing: float = 0.0) -> Verdict:
    """A comparison with legacy of the first range."""
    differing = int(missing > 0)
    return Verdict(
        CATALOG.pairs[pair], FIRST, 1, 5.0 - missing, 5.0, missing, 0.0, differing, differing, 0.0,
        (Discrepancy(1, 5.0 - missing, 5.0),),
    )  # fmt: skip


def planned(*load_results: LoadResult) -> list[PairReport]:
    """The reports of what was loaded or planned of one pair."""
    return report_loads([CATALOG.pairs[FOLLOWER]], Results(list(load_results)))


def checked(pairs: list[Pair], *verdicts: Checked) -> list[PairReport]:
    """The reports of a listener that was told of these."""
    results = Results()
    for verdict in verdicts:
        results.checked(verdict)
    return report_checks(pairs, results)


def test_a_dry_run_that_finds_a_difference_is_not_clean() -> None:
    """Three rows would be inserted: the pair differs in 1 of 2 ranges, and the sentence says so."""
    found = [load_result(inserted=3, wanted=3, dry_run=True), load_result(ids=SECOND, dry_run=True)]
    (row,) = rows = planned(*found)
    assert (row.source_check, row.legacy_check) == ("differs", "unchecked")
    assert row.status == "differs: 1 of 2 ranges"
    assert not is_clean(rows, [])
    assert closing_sentence(rows) == (
        "0 of 1 counters equal their source; not equal or not known: Tag/Follower (differs)."
    )


def test_a_dry_run_in_sync_is_clean() -> None:
    """Nothing to do: the counter equals its source."""
    rows = planned(load_result(dry_run=True, wanted=3))
    assert is_clean(rows, [])
    assert closing_sentence(rows) == "The counter Tag/Follower equals its source."


def test_what_the_guard_would_refuse_is_announced() -> None:
    """A dry run says it in the reasons and in the document."""
    found = [load_result(removed=9, dry_run=True, refused="Tag/Follower: removes 9 of 9 events")]
    (row,) = planned(*found)
    assert row.as_dict()["refused"] == ["Tag/Follower: removes 9 of 9 events"]
    (said,) = reasons([row], [])
    assert "a repair would be refused: Tag/Follower: removes 9 of 9 events" in said


def test_an_informational_pair_never_looks_verified_by_legacy() -> None:
    """Its legacy column says `not judged`, its source check decides: equal, or differs."""
    pair = next(one for one in CATALOG.pairs.values() if one.legacy.rule is Rule.INFORMATIONAL)
    legacy = legacy_verdict(pair.key)
    for word, passed, status in (
        ("equal", True, "ok"),
        ("differs", False, "differs: 1 of 1 ranges"),
    ):
        rows = checked([pair], legacy, source_verdict(word, pair.key))
        assert (rows[0].source_check, rows[0].legacy_check) == (word, "not judged")
        assert rows[0].status == status
        assert console.cells(rows, ["rule"]) == [["none"]]
        assert is_clean(rows, []) is passed


def test_an_exact_pair_is_judged_by_both_checks() -> None:
    """Equal to its source and differing from legacy: not clean, and the sentence tells these two apart."""
    rows = checked(BOTH[:1], source_verdict("equal"), legacy_verdict(missing=2.0))
    assert (rows[0].source_check, rows[0].legacy_check) == ("equal", "differs")
    assert rows[0].status == "legacy differs: 1 of 1 ranges"
    assert not is_clean(rows, [])
    assert closing_sentence(rows) == (
        "The counter Tag/Follower equals its source; legacy differs: Tag/Follower."
    )


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("live drift", "live drift: 1 of 1 ranges"),
        ("stream behind", "stream behind: 1 of 1 ranges"),
    ],
)
def test_live_drift_and_a_stream_behind_have_words_of_their_own(word: str, status: str) -> None:
    """They are not clean, and not called a difference of the load."""
    rows = checked(BOTH[:1], source_verdict(word))
    assert rows[0].status == status
    assert not is_clean(rows, [])


def test_the_badge_tells_what_no_run_looked_at() -> None:
    """Ranges never loaded and pairs never materialized are differences: named, not clean."""
    badge = Badge(CATALOG.pairs[HIDDEN], 2, 0, unloaded=("0-9", "10-19"))
    (_, row) = rows = checked(BOTH, badge)
    assert row.source_check == "not loaded"
    assert row.status == "not loaded: 2 ranges"
    assert row.failing["not loaded"] == ["0-9", "10-19"]
    assert not is_clean(rows, [])
    assert closing_sentence(rows) == (
        "0 of 2 counters equal their source; not equal or not known: Tag/Hidden (not loaded);"
        " 1 were not looked at."
    )


def test_all_is_well_in_one_sentence() -> None:
    """All pairs equal: their number; whatever else is wrong follows."""
    rows = checked(BOTH, source_verdict("equal"), source_verdict("equal", HIDDEN))
    assert closing_sentence(rows) == "All 2 counters equal their source."
    assert closing_sentence(rows, where=" in 0-9", more=["3 rows belong to nothing"]) == (
        "All 2 counters equal their source in 0-9; 3 rows belong to nothing."
    )


def test_live_figures_are_summed_and_counted_apart() -> None:
    """Withdrawn and overlap of two ranges add up in the row and its document."""
    live = LiveFigures(withdrawn=2, overlap=1, unsettled=1, unsettled_width=3)
    found = [load_result(live=live), load_result(ids=SECOND, live=live)]
    (row,) = planned(*found)
    known = row.as_dict()
    assert (known["withdrawn"], known["overlap"], known["unsettled_width"]) == (4, 2, 6)
