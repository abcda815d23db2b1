"""Fingerprints: what they tell apart, and what they take for the same.

Belongs here: the arithmetic over frames. Does not belong here: the engine's side
(integration/test_fingerprints_agree).
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metric_assets.fingerprint import Accumulator, Prints, differing

pytestmark = pytest.mark.unit

CUTOFF = datetime(2025, 10, 1, tzinfo=timezone.utc)
DAY = timedelta(days=1)
METRICS = ("Up", "Down")
PRINTS = Prints(METRICS, METRICS, ("Down",), CUTOFF, CUTOFF, CUTOFF + 30 * DAY, CUTOFF + 40 * DAY)
SCHEMA: dict[str, Any] = {
    "metricType": pl.Enum(METRICS),
    "entityId": pl.Int64,
    "userId": pl.Int64,
    "metricValue": pl.Int64,
    "createdAt": pl.Datetime("ms", "UTC"),
}
Event = tuple[str, int, int, int, datetime]
BASE: Event = ("Up", 5, 7, 3, CUTOFF - DAY)


def prints(*events: Event, parts: int = 1) -> pl.DataFrame:
    """The fingerprints of events, taken in so many parts."""
    sums = Accumulator(PRINTS)
    for part in range(parts):
        sums.add(pl.DataFrame(events[part::parts], schema=SCHEMA, orient="row"))
    return sums.result()


def same(one: tuple[Event, ...], other: tuple[Event, ...]) -> bool:
    """Whether no bucket differs."""
    return differing(prints(*one), prints(*other)).is_empty()


@pytest.mark.parametrize(
    "changed",
    [
        ("Up", 5, 7, 4, CUTOFF - DAY),
        ("Up", 5, 7, -3, CUTOFF - DAY),
        ("Up", 5, 8, 3, CUTOFF - DAY),
        ("Up", 5, 7 + 2**32, 3, CUTOFF - DAY),
        ("Up", 6, 7, 3, CUTOFF - DAY),
        ("Down", 5, 7, 3, CUTOFF - DAY),
        ("Up", 5, 7, 3, CUTOFF - DAY + timedelta(milliseconds=1)),
        ("Up", 5, 7, 3, CUTOFF - DAY - timedelta(hours=1)),
    ],
)
def test_any_change_of_an_event_is_seen(changed: Event) -> None:
    """Value, sign, user (of 64 bits), entity, metric, time: each alone."""
    assert not same((BASE,), (changed,))


def test_lost_doubled_and_two_that_cancel_are_seen() -> None:
    """Counts and sums may be the same."""
    other = ("Up", 5, 9, -3, CUTOFF - 2 * DAY)
    assert not same((BASE,), ())
    assert not same((BASE,), (BASE, BASE))
    assert not same((), (BASE, other))
    assert not same((BASE, ("Up", 5, 8, 1, CUTOFF - DAY)), (("Up", 5, 7, 1, CUTOFF - DAY),
                    ("Up", 5, 8, 3, CUTOFF - DAY)))  # fmt: skip


def test_a_compensated_event_weighs_nothing() -> None:
    """An event and its negation at the same time cancel."""
    assert same((), (BASE, ("Up", 5, 7, -3, CUTOFF - DAY)))


def test_given_and_withdrawn_live_is_no_row() -> None:
    """+1 and -1 after the cutoff, at different times, are as none; +1 alone is a row."""
    given_, back = ("Up", 5, 7, 1, CUTOFF + DAY), ("Up", 5, 7, -1, CUTOFF + 2 * DAY)
    assert same((), (given_, back))
    assert same((("Up", 5, 7, 1, CUTOFF + 3 * DAY),), (given_,))
    assert not same((), (given_,))


def test_a_metric_by_entity_has_no_user_in_its_counter() -> None:
    """After the cutoff another user is the same counter; below it another row."""
    assert same((("Down", 5, 7, 1, CUTOFF + DAY),), (("Down", 5, 0, 1, CUTOFF + 2 * DAY),))
    assert not same((("Down", 5, 7, 1, CUTOFF - DAY),), (("Down", 5, 0, 1, CUTOFF - DAY),))


def test_a_bucket_where_late_events_may_come_differs() -> None:
    """However alike both sides are."""
    recent = ("Up", 5, 7, 1, CUTOFF + 31 * DAY)
    buckets = differing(prints(recent, BASE), prints(recent, BASE))
    assert buckets.rows() == [("Up", 0)]


@settings(max_examples=50)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(METRICS),
            st.integers(-40, 40),
            st.integers(0, 3),
            st.integers(-2, 2),
            st.integers(-5, 5).map(lambda days: CUTOFF + days * DAY),
        ),
        max_size=30,
    ),
    st.integers(1, 5),
)
def test_neither_order_nor_batches_matter(events: list[Event], parts: int) -> None:
    """However events are cut, their fingerprints are the same."""
    assert differing(prints(*events), prints(*reversed(events), parts=parts)).is_empty()
