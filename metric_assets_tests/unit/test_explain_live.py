"""Hypotheses about live drift, by frames made by hand; decoys among them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from metric_assets.audit.explain.answer import explain
from metric_assets.audit.explain.case import LiveBegin
from metric_assets.explanation import Cause, Explanation
from metric_assets.live import LiveFigures
from metric_assets_tests.unit.explained_cases import CUTOFF, Key, Row, case, rows

pytestmark = pytest.mark.unit

BASE = rows()
EARLY = LiveBegin(CUTOFF + timedelta(minutes=1), CUTOFF + timedelta(minutes=1))


def since(days: float) -> datetime:
    """So many days after the cutoff."""
    return CUTOFF + timedelta(days=days)


def event(entity: int, user: int, days: float, value: int = 1) -> Row:
    """A live event, or the row of the source that it tells of."""
    return entity, user, value, since(days)


def told(
    after: Sequence[Row],
    live: Sequence[Row],
    judged: Sequence[Key],
    begin: LiveBegin = EARLY,
    recent: datetime | None = None,
) -> Explanation:
    """What is said of live drift, while all is well below the cutoff."""
    drift = LiveFigures(live_missing=1)
    return explain(
        case(
            BASE, BASE, BASE, after=after, live=live, judged=judged, drift=drift, begin=begin,
            recent=recent,
        )
    )  # fmt: skip


def lacking(entity: int, user: int, rest: int = 1) -> Key:
    """A key that lacks live events (above 0), or has too many."""
    return entity, user, False, 0, rest


AFTER = [event(entity, 10 * entity, entity) for entity in range(1, 9)]


def test_live_events_are_lost() -> None:
    """Rows of the source for which there is no live event of the entity and user."""
    live = [row for row in AFTER if row[0] not in {3, 5}]
    found = told(AFTER, live, [lacking(3, 30), lacking(5, 50)])
    assert [(one.cause, one.missing, one.surplus) for one in found.findings] == [
        (Cause.LIVE_LOST, 2, 0)
    ]
    assert [hour for hour, _ in found.findings[0].hours] == [
        since(3).isoformat(),
        since(5).isoformat(),
    ]
    assert "--heal-live" in found.cures[0]


def test_one_event_of_a_user_with_several_is_lost() -> None:
    """The row that lies nearest to no event is the one that lacks it."""
    mine = [event(1, 10, 2), event(1, 10, 5), event(1, 10, 9)]
    found = told(mine, [mine[0], mine[2]], [lacking(1, 10)])
    (finding,) = found.findings
    assert finding.cause is Cause.LIVE_LOST
    assert finding.samples[0]["wanted"]["createdAt"].startswith(since(5).strftime("%Y-%m-%d"))


def test_live_events_are_doubled() -> None:
    """Copies to the millisecond, exactly as many as are too many."""
    found = told(AFTER, [*AFTER, AFTER[2], AFTER[4]], [lacking(3, 30, -1), lacking(5, 50, -1)])
    assert [(one.cause, one.missing, one.surplus) for one in found.findings] == [
        (Cause.LIVE_DOUBLED, 0, 2)
    ]


def test_copies_of_the_cutoffs_own_instant_are_a_border() -> None:
    """A load that reached one instant too far writes again what is live."""
    edge = [event(4, 40, 0)]
    found = told([*AFTER, *edge], [*AFTER, *edge, *edge], [lacking(4, 40, -1)])
    assert [one.cause for one in found.findings] == [Cause.BORDER]


def test_an_event_that_nothing_explains_is_unknown() -> None:
    """A decoy: no copy; a row was deleted, a -1 is missing, or somebody else wrote it."""
    found = told(AFTER, [*AFTER, event(6, 66, 3)], [lacking(6, 66, -1)])
    assert [one.cause for one in found.findings] == [Cause.UNKNOWN]


def test_more_copies_than_are_too_many_are_unknown() -> None:
    """A decoy: two copies, but only one too many: the source may have one of them."""
    found = told(AFTER, [*AFTER, AFTER[2], AFTER[2]], [lacking(3, 30, -1)])
    assert [one.cause for one in found.findings] == [Cause.UNKNOWN]


def test_live_events_begin_later_than_the_cutoff() -> None:
    """Nothing of the entity type is live before an instant, which would be the right cutoff."""
    begin = LiveBegin(since(4.5), since(4.5))
    live = [row for row in AFTER if row[3] >= since(4.5)]
    found = told(AFTER, live, [lacking(entity, 10 * entity) for entity in range(1, 5)], begin)
    (finding,) = found.findings
    assert (finding.cause, finding.missing) == (Cause.WRONG_CUTOFF, 4)
    assert since(4.5).isoformat(timespec="milliseconds") in finding.detail


def test_other_metrics_that_were_live_earlier_leave_it_open() -> None:
    """A decoy: the platform wrote live events; those of this metric came later, or were lost."""
    begin = LiveBegin(since(4.5), since(0.5))
    live = [row for row in AFTER if row[3] >= since(4.5)]
    found = told(AFTER, live, [lacking(entity, 10 * entity) for entity in range(1, 5)], begin)
    (finding,) = found.findings
    assert finding.cause is Cause.UNKNOWN
    assert set(finding.candidates) == {Cause.LIVE_LOST, Cause.WRONG_CUTOFF}


def test_the_first_event_of_all_lost_leaves_it_open() -> None:
    """A decoy: one event lost at the very beginning is no cutoff."""
    begin = LiveBegin(since(2), since(2))
    found = told(AFTER, AFTER[1:], [lacking(1, 10)], begin)
    assert [one.cause for one in found.findings] == [Cause.UNKNOWN]


def test_what_may_still_arrive_is_not_lost() -> None:
    """Rows younger than the lag are not named."""
    found = told(AFTER, AFTER[:-1], [lacking(8, 80)], recent=since(7.5))
    (finding,) = found.findings
    assert finding.cause is Cause.UNKNOWN
    assert "may still arrive" in finding.test


def test_what_only_moved_between_users_is_no_drift() -> None:
    """A decoy: a row and its event name different users; the entity's counter is right."""
    found = told(AFTER, AFTER, [lacking(3, 30), lacking(3, 31, -1)])
    assert found.findings == ()


def test_a_key_that_is_an_entity() -> None:
    """Where source rows have no user of their events, the entity is compared."""
    after = [event(3, 0, 2), event(3, 0, 4)]
    live = [event(3, 77, 2)]
    found = told([*after], live, [(3, 0, True, 0, 1)])
    assert [(one.cause, one.missing) for one in found.findings] == [(Cause.LIVE_LOST, 1)]


def test_doubled_events_that_an_adjustment_makes_up_for() -> None:
    """Of signed pairs a copy is made up for below the cutoff: the cause is the copy."""
    wanted = [*BASE, (3, 30, -1, CUTOFF - timedelta(milliseconds=1))]
    made = case(
        wanted, BASE, BASE, after=AFTER, live=[*AFTER, AFTER[2]], judged=[(3, 30, False, -1, 0)]
    )
    assert [(one.cause, one.surplus) for one in explain(made).findings] == [(Cause.LIVE_DOUBLED, 1)]
