"""What a load result says as a check: the word, the severity, the sentence and the cure."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest

from metric_assets.audit.source_check import LEGACY_DRIFT, SourceVerdict, SourceWord, cause
from metric_assets.catalog import CATALOG
from metric_assets.live import LiveFigures, Stream
from metric_assets.load_result import LoadResult
from metric_assets.ranges import IdRange

pytestmark = pytest.mark.unit

THEN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)


def load_result(**changes: Any) -> LoadResult:
    """A dry run that found nothing to do, but for what is said."""
    counts = ("rows_read", "wanted", "present", "inserted", "removed", "unchanged", "rejected", "events", "total")  # fmt: skip
    facts: dict[str, Any] = dict.fromkeys(counts, 0)
    facts |= {"seconds": 0.0, "snapshot": "", "cutoff": datetime(2025, 1, 1, tzinfo=timezone.utc)}
    facts |= {
        "mode": "replace",
        "code_version": "",
        "dry_run": True,
        "cleaned_up": (),
        "phases": {},
    }
    return LoadResult(
        pair=CATALOG.pairs["Tag/Follower"], ids=IdRange(0, 10), **{**facts, **changes}
    )


@pytest.mark.parametrize(
    ("changes", "word", "severe"),
    [
        ({}, SourceWord.EQUAL, False),
        ({"inserted": 1}, SourceWord.DIFFERS, True),
        ({"removed": 1}, SourceWord.DIFFERS, True),
        ({"live": LiveFigures(live_missing=1)}, SourceWord.DRIFTS, False),
        ({"live": LiveFigures(live_phantom=1)}, SourceWord.DRIFTS, False),
        ({"inserted": 1, "live": LiveFigures(live_missing=1)}, SourceWord.DIFFERS, True),
        ({"stream": Stream.BEHIND}, SourceWord.BEHIND, False),
        ({"live": LiveFigures(withdrawn=5, overlap=2, unsettled=1)}, SourceWord.EQUAL, False),
        # A load that has written holds what is wanted.
        ({"inserted": 7, "removed": 2, "dry_run": False}, SourceWord.EQUAL, False),
    ],
)
def test_the_gravest_finding_is_the_word(
    changes: dict[str, Any], word: SourceWord, severe: bool
) -> None:
    """Only what is held below the cutoff is severe; live drift and a stream behind are warnings."""
    verdict = SourceVerdict(load_result(**changes))
    assert (verdict.word, verdict.severe) == (word, severe)
    assert verdict.passed is (word is SourceWord.EQUAL)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"inserted": 3},
            "load drift: 3 events missing, 0 surplus below the cutoff (never loaded, lost from the"
            " target, or added to the source since)",
        ),
        (
            {"removed": 2, "live": LiveFigures(gone_untold=2, orphaned=1)},
            "load drift: 0 events missing, 2 surplus below the cutoff (written twice or by somebody"
            " else, or gone from the source since); 2 gone from the source without a live event,"
            " 1 of entities that no longer exist",
        ),
        (
            {"inserted": 1, "removed": 1},
            "load drift: 1 events missing, 1 surplus below the cutoff (changed: another user, time"
            " or value than the source has)",
        ),
        (
            {"live": LiveFigures(live_missing=4, live_phantom=1)},
            "live drift: live events of the counter lack 4 and have 1 too many; below the cutoff"
            " nothing is wrong",
        ),
        ({}, LEGACY_DRIFT),
    ],
)
def test_the_cause_follows_the_load_result(changes: dict[str, Any], said: str) -> None:
    """Missing, surplus, both, live drift, or nothing at all: then it is legacy that drifts."""
    assert cause(load_result(**changes)) == said


def test_a_stream_behind_is_not_verified() -> None:
    """The words say that nothing can be told yet, and no repair is offered."""
    verdict = SourceVerdict(load_result(stream=Stream.BEHIND))
    assert "not verified: the stream is behind" in verdict.sentence
    assert "--repair" not in verdict.sentence


def test_the_sentence_names_place_and_cure() -> None:
    """Pair and range first, the command last; what the guard would refuse in between."""
    found = SourceVerdict(load_result(removed=9, refused="the plan removes 9 of 9")).sentence
    assert found.startswith("Tag/Follower/0-9: load drift: 0 events missing, 9 surplus")
    assert "; a repair would be refused: the plan removes 9 of 9; " in found
    assert found.endswith("`metric-assets reconcile Tag/Follower --repair` repairs it")
    heal = SourceVerdict(load_result(live=LiveFigures(live_missing=1))).sentence
    assert "`metric-assets backfill Tag/Follower --heal-live`" in heal
    well = SourceVerdict(load_result(instant=THEN, live=LiveFigures(withdrawn=2))).sentence
    assert well == (
        "Tag/Follower/0-9: the counter equals its source as of 2026-01-02T03:04:05Z; withdrawn 2"
        " and overlap 0 by live events"
    )
