"""Hypotheses about legacy counters, by numbers made by hand; decoys among them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import polars as pl
import pytest

from metric_assets.audit.explain.legacy import DIFFERING, LegacyCase, explain_legacy
from metric_assets.catalog import CATALOG
from metric_assets.catalog.model import Legacy
from metric_assets.explanation import Cause
from metric_assets.ranges import IdRange

pytestmark = pytest.mark.unit

PAIR = CATALOG.pairs["Tag/Follower"]
AGREED = datetime(2026, 3, 1, tzinfo=timezone.utc)
MOVES = pl.Schema(
    [("entityId", pl.Int64()), ("value", pl.Int64()), ("createdAt", pl.Datetime("ms", "UTC"))]
)


def day(number: float) -> datetime:
    """So many days after both agreed."""
    return AGREED + timedelta(days=number)


#: Each entity has three events from before, and then one on the days 10, 20 and 30, and its id in
#: minutes later.
EVENTS = [
    (entity, 1, when + timedelta(minutes=entity))
    for entity in range(1, 7)
    for when in (day(-300), day(-200), day(-100), day(10), day(20), day(30))
]


def causes(
    legacy: Mapping[int, tuple[float, datetime | None]],
    moves: Sequence[tuple[int, int, datetime]] = tuple(EVENTS),
    **more: Any,
) -> list[tuple[Cause, int]]:
    """What is said: cause and number of entities of each group."""
    sums = dict.fromkeys(legacy, 0)
    for entity, value, _ in moves:
        if entity in sums:
            sums[entity] += value
    differing = [(entity, float(sums[entity]), *legacy[entity]) for entity in legacy]
    facts = {"agreed": AGREED, "unchanged": True, **more}
    made = LegacyCase(
        PAIR,
        IdRange(0, 40),
        pl.DataFrame(differing, schema=DIFFERING, orient="row"),
        pl.DataFrame([one for one in moves if one[0] in sums], schema=MOVES, orient="row"),
        **facts,
    )
    return [(one.cause, one.entities) for one in explain_legacy(made).findings]


def test_stale_by_their_own_update_time() -> None:
    """Legacy equals the counter as of when it was updated; others of the range moved since and are
    up to date.
    """
    legacy: dict[int, tuple[float, datetime | None]] = {1: (4.0, day(12)), 2: (5.0, day(22))}
    assert causes(legacy, newest=day(31), moved_after=lambda _at: 6) == [(Cause.LEGACY_STALE, 2)]


def test_frozen_when_nothing_of_the_range_moves() -> None:
    """No counter was updated since an instant, for more than a day, while the source moved."""
    legacy = {entity: (3.0, day(5)) for entity in range(1, 7)}
    assert causes(legacy, newest=day(5), moved_after=lambda _at: 6) == [(Cause.LEGACY_FROZEN, 6)]


def test_late_by_some_hours_is_stale_not_frozen() -> None:
    """A decoy: the next computation is still to come."""
    moves = [
        *EVENTS[:3],
        (1, 1, day(10)),
        *EVENTS[6:9],
        (2, 1, day(10.1)),
        *EVENTS[12:15],
        (3, 1, day(10.2)),
    ]
    legacy = {entity: (3.0, day(9.9)) for entity in (1, 2, 3)}
    assert causes(legacy, moves, newest=day(9.9), moved_after=lambda _at: 3) == [
        (Cause.LEGACY_STALE, 3)
    ]


def test_frozen_without_update_times() -> None:
    """One instant explains all of them, and nothing else of the range moved after it."""
    legacy = dict.fromkeys(range(1, 7), (4.0, None))
    assert causes(legacy, moved_after=lambda _at: 6) == [(Cause.LEGACY_FROZEN, 6)]


def test_a_common_instant_is_no_evidence_if_others_moved() -> None:
    """A decoy: three counters set back by hand fit some instant, as any lower number does."""
    legacy = dict.fromkeys((1, 2, 3), (4.0, None))
    assert causes(legacy, agreed=None, moved_after=lambda _at: 6) == [(Cause.UNKNOWN, 3)]


def test_changed_to_what_the_counter_never_was() -> None:
    """Since both agreed the counter was 3, 4, 5 and 6; legacy holds 2 and 106."""
    legacy: dict[int, tuple[float, datetime | None]] = {1: (2.0, day(31)), 2: (106.0, day(31))}
    assert causes(legacy, newest=day(31), moved_after=lambda _at: 6) == [(Cause.LEGACY_CHANGED, 2)]


def test_no_agreement_on_record_no_change_named() -> None:
    """A decoy: legacy may be stale from before rows were deleted at the source."""
    legacy = {1: (106.0, day(31))}
    assert causes(legacy, agreed=None) == [(Cause.UNKNOWN, 1)]
    assert causes(legacy, unchanged=False) == [(Cause.UNKNOWN, 1)]


def test_an_earlier_value_with_a_later_update_time_is_unknown() -> None:
    """A decoy: the counter was 4 once, but the row was written long after; another column may have
    been, or somebody set it back.
    """
    assert causes({1: (4.0, day(31))}, newest=day(31), moved_after=lambda _at: 6) == [
        (Cause.UNKNOWN, 1)
    ]


def test_stale_and_changed_in_one_range() -> None:
    """Each entity has its own cause, the larger group first."""
    legacy: dict[int, tuple[float, datetime | None]] = {
        1: (4.0, day(12)), 2: (5.0, day(22)), 3: (99.0, day(31)),
    }  # fmt: skip
    assert causes(legacy, newest=day(31), moved_after=lambda _at: 6) == [
        (Cause.LEGACY_STALE, 2),
        (Cause.LEGACY_CHANGED, 1),
    ]


def test_a_mean_is_not_followed() -> None:
    """Of a mean earlier states are not known."""
    mean = replace(PAIR, legacy=Legacy("TagMetric.followerCount", average_over="Hidden"))
    differing = pl.DataFrame([(1, 2.0, 3.0, None)], schema=DIFFERING, orient="row")
    made = LegacyCase(mean, IdRange(0, 40), differing, pl.DataFrame(schema=MOVES))
    assert [one.cause for one in explain_legacy(made).findings] == [Cause.UNKNOWN]


def test_too_many_events_to_follow() -> None:
    """What was not read is not judged."""
    assert causes({1: (4.0, day(12))}, complete=False) == [(Cause.UNKNOWN, 1)]


def test_nothing_to_load() -> None:
    """The cure of every cause says that no load helps."""
    differing = pl.DataFrame([(1, 6.0, 4.0, day(12))], schema=DIFFERING, orient="row")
    moves = pl.DataFrame([one for one in EVENTS if one[0] == 1], schema=MOVES, orient="row")
    found = explain_legacy(LegacyCase(PAIR, IdRange(0, 40), differing, moves))
    assert all(cure.startswith("nothing to load") for cure in found.cures)
    assert found.findings[0].samples == (
        {"entityId": 1, "events": 6.0, "legacy": 4.0, "updatedAt": day(12).isoformat()},
    )
