"""Hypotheses about what differs below the cutoff, by frames made by hand; decoys among them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from metric_assets.audit.explain.answer import explain
from metric_assets.audit.explain.case import Case, LiveBegin
from metric_assets.explanation import Cause
from metric_assets.live import LiveFigures
from metric_assets_tests.unit.explained_cases import CUTOFF, Row, at, case, digest, rows

pytestmark = pytest.mark.unit

BASE = rows()
HOUR = timedelta(hours=1)


def causes(made: Case) -> list[tuple[str, int, int]]:
    """What is said: code, missing and surplus rows of each group."""
    return [(one.cause.value, one.missing, one.surplus) for one in explain(made).findings]


def changed(
    found: list[Row], chosen: Callable[[Row], bool], change: Callable[[Row], Row]
) -> list[Row]:
    """The rows, those chosen changed."""
    return [change(row) if chosen(row) else row for row in found]


def later(by: timedelta) -> Callable[[Row], Row]:
    """A change of time."""
    return lambda row: (*row[:3], row[3] + by)


def test_nothing_differs() -> None:
    """Where both sides are equal there is nothing to explain."""
    assert causes(case(BASE, BASE, BASE)) == []


def test_lost_from_the_target() -> None:
    """Put back, the missing rows lead to the digest that was verified."""
    held = [row for row in BASE if row[0] not in {3, 4}]
    assert causes(case(BASE, held, BASE)) == [("lost_block", 6, 0)]


def test_adjustments_are_lost_with_the_rows_of_others() -> None:
    """Rows of the last millisecond that live events ask for, gone with others, lead to what was
    verified; an entity that also holds what it should not is nobody's guess.
    """
    asked = [(one, 900 + one, 1, at(0, -1)) for one in (3, 8)]
    judged = [(one, 900 + one, False, 1, 0) for one in (3, 8)]
    wanted = [*BASE, *asked]
    held = [row for row in BASE if row[0] not in {3, 4}]
    assert causes(case(wanted, held, wanted, judged=judged)) == [("lost_block", 8, 0)]
    other = (8, 908, 5, at(3))
    assert causes(case(wanted, [*held, other], wanted, judged=judged)) == [
        ("lost_block", 7, 0),
        ("unknown", 1, 1),
    ]


def test_added_at_the_source() -> None:
    """The same difference while the target still has the digest that was verified."""
    held = [row for row in BASE if row[0] not in {3, 4}]
    assert causes(case(BASE, held, held)) == [("added_at_source", 6, 0)]


def test_without_evidence_nobody_knows_which_side_changed() -> None:
    """What it could be is said, and why not more; nothing is guessed."""
    held = [row for row in BASE if row[0] not in {3, 4}]
    (finding,) = explain(case(BASE, held, None, loaded=True)).findings
    assert finding.cause is Cause.UNKNOWN
    assert finding.candidates == (Cause.LOST, Cause.ADDED)
    assert "no earlier verification is on record" in finding.test


def test_both_sides_changed() -> None:
    """Lost and added rows in one range, each with its own cause, the larger first."""
    added = [(9, 990 + one, 1, at(20 + one)) for one in range(2)]
    held = [row for row in BASE if row[0] not in {3, 4}]
    assert causes(case([*BASE, *added], held, BASE)) == [
        ("lost_block", 6, 0),
        ("added_at_source", 2, 0),
    ]


def test_a_lost_block_beside_added_rows_within_it() -> None:
    """Entities of which some rows are lost and some are new: a stretch but for one row."""
    many = rows(entities=30, each=4)
    added = [(15, 1, 1, at(150))]
    held = [row for row in many if not 10 <= row[0] <= 20]
    assert causes(case([*many, *added], held, many)) == [
        ("lost_block", 44, 0),
        ("added_at_source", 1, 0),
    ]


def test_doubled() -> None:
    """Copies of what is wanted, taken out, lead to what was verified."""
    copies = [row for row in BASE if row[0] in {5, 6}]
    assert causes(case(BASE, [*BASE, *copies], BASE)) == [("doubled_block", 0, 6)]


def test_one_of_two_equal_rows_is_deleted_at_the_source() -> None:
    """A decoy: the target holds a row twice, as it was verified to; the source has one less."""
    twice = [*BASE, BASE[4]]
    assert causes(case(BASE, twice, twice)) == [("deleted_at_source", 0, 1)]


def test_foreign_rows() -> None:
    """Rows that the source never had, written by somebody else."""
    foreign = [(2, 5, 1, at(5)), (3, 6, 1, at(4))]
    assert causes(case(BASE, [*BASE, *foreign], BASE)) == [("foreign_rows", 0, 2)]


def test_deleted_at_the_source() -> None:
    """The target holds what was verified, the source no longer has some of it."""
    wanted = [row for row in BASE if row[0] != 7]
    assert causes(case(wanted, BASE, BASE)) == [("deleted_at_source", 0, 3)]


def test_a_lost_live_event_is_no_deletion() -> None:
    """A decoy: a row was withdrawn before the range was verified, and the live event that told so
    is gone since; it looks like a row deleted at the source.
    """
    wanted = [row for row in BASE if row[1] != 700]
    made = case(wanted, BASE, BASE)
    then = made.verified
    assert then is not None
    lost = replace(made, verified=replace(then, withdrawn=1))
    (finding,) = explain(lost).findings
    assert finding.cause is Cause.UNKNOWN
    assert finding.candidates == (Cause.DELETED, Cause.LIVE_LOST)
    kept = replace(lost, result=replace(made.result, live=LiveFigures(withdrawn=1)))
    assert causes(kept) == [("deleted_at_source", 0, 1)]


def test_entities_are_deleted() -> None:
    """Rows of entities that are gone, beside rows of one that is not."""
    wanted = [row for row in BASE if row[0] not in {7, 8} and row[1] != 900]
    made = case(wanted, BASE, BASE, gone=frozenset({7, 8}))
    assert causes(made) == [("entity_deleted", 0, 6), ("deleted_at_source", 0, 1)]


@pytest.mark.parametrize("by", [HOUR, -8 * HOUR, timedelta(milliseconds=250), timedelta(days=1)])
def test_a_shift_says_by_how_much(by: timedelta) -> None:
    """Three rows and more that moved by one span in the target."""
    held = changed(BASE, lambda row: row[0] < 4, later(by))
    (finding,) = explain(case(BASE, held, BASE)).findings
    assert (finding.cause, finding.missing, finding.surplus) == (Cause.TIME_SHIFT, 9, 9)
    sign = "-" if by < timedelta() else "+"
    assert f"{sign}{abs(by)}" in finding.detail


def test_one_row_is_no_shift() -> None:
    """A decoy: any single row moved by some span."""
    held = changed(BASE, lambda row: row[1] == 300, later(HOUR))
    (finding,) = explain(case(BASE, held, BASE)).findings
    assert (finding.cause, finding.candidates) == (Cause.UNKNOWN, (Cause.TIME_SHIFT,))


def test_a_users_redated_row_is_no_shift() -> None:
    """A decoy: a row was re-dated by exactly an hour at the source; the target is as verified."""
    wanted = changed(BASE, lambda row: row[1] == 300, later(HOUR))
    assert causes(case(wanted, BASE, BASE)) == [("redated_at_source", 1, 1)]


def test_all_rows_redated_by_one_span_at_the_source() -> None:
    """A decoy: it looks like a shift of the target, which has not changed."""
    wanted = changed(BASE, lambda row: row[0] < 9, later(24 * HOUR))
    assert causes(case(wanted, BASE, BASE)) == [("redated_at_source", 24, 24)]


def test_times_that_moved_each_by_its_own_span() -> None:
    """No shift, although the target was changed."""
    held = changed(
        BASE, lambda row: row[0] < 3, lambda row: (*row[:3], row[3] + row[1] * HOUR / 100)
    )
    assert [code for code, _, _ in causes(case(BASE, held, BASE))] == ["unknown"]


def test_two_shifts() -> None:
    """Rows moved by an hour and others by two: each span is a group."""
    held = changed(BASE, lambda row: row[0] < 4, later(HOUR))
    held = changed(held, lambda row: row[0] in {8, 9}, later(2 * HOUR))
    assert causes(case(BASE, held, BASE)) == [("time_shift", 9, 9), ("time_shift", 6, 6)]


def test_rows_that_moved_and_were_deleted_at_the_source() -> None:
    """The whole range moved by an hour, and since then the source lost some of its rows."""
    held = changed(BASE, lambda _row: True, later(HOUR))
    wanted = [row for row in BASE if row[1] not in {300, 501}]
    assert causes(case(wanted, held, BASE)) == [
        ("time_shift", 34, 34),
        ("deleted_at_source", 0, 2),
    ]


def test_milliseconds_are_cut() -> None:
    """Times on whole seconds in the target, with fractions of all kinds at the source."""
    held = changed(
        BASE, lambda row: row[0] < 5, lambda row: (*row[:3], row[3].replace(microsecond=0))
    )
    assert causes(case(BASE, held, BASE)) == [("milliseconds_cut", 12, 12)]


def test_one_fraction_for_all_may_be_cut_or_moved() -> None:
    """A decoy: all rows of the source lie 123 ms after a second; nobody knows which it was."""
    same = [(*row[:3], row[3].replace(microsecond=123_000)) for row in BASE]
    held = [(*row[:3], row[3].replace(microsecond=0)) for row in same]
    (finding,) = explain(case(same, held, same)).findings
    assert finding.cause is Cause.UNKNOWN
    assert set(finding.candidates) == {Cause.MILLISECONDS_CUT, Cause.TIME_SHIFT}


def test_wrong_value_and_value_changed_at_the_source() -> None:
    """The same difference, by which side has changed."""
    other = changed(BASE, lambda row: row[1] in {300, 401}, lambda row: (*row[:2], 5, row[3]))
    assert causes(case(BASE, other, BASE)) == [("wrong_value", 2, 2)]
    assert causes(case(other, BASE, BASE)) == [("value_changed_at_source", 2, 2)]


def test_wrong_user_and_user_changed_at_the_source() -> None:
    """The same difference, by which side has changed."""
    other = changed(BASE, lambda row: row[1] in {300, 401}, lambda row: (row[0], 7, *row[2:]))
    assert causes(case(BASE, other, BASE)) == [("wrong_user", 2, 2)]
    assert causes(case(other, BASE, BASE)) == [("user_changed_at_source", 2, 2)]


def test_a_deleted_and_an_added_row_of_one_time_are_no_other_user() -> None:
    """A decoy: the source has rows a day, so that another row of the day is nothing rare."""
    day = [(1, user, 1, at(30)) for user in range(5)]
    wanted = [*day[1:], (1, 77, 1, at(30))]
    (finding,) = explain(case(wanted, day, day)).findings
    assert (finding.cause, finding.candidates) == (Cause.UNKNOWN, (Cause.USER_CHANGED,))


def test_two_errors_that_cancel() -> None:
    """A row lost and another doubled: two causes, although the counter is right."""
    held = [row for row in BASE if row[1] != 300] + [row for row in BASE if row[1] == 301]
    assert set(causes(case(BASE, held, BASE))) == {("doubled_block", 0, 1), ("lost_block", 1, 0)}


def test_a_row_lost_and_another_doubled_of_one_user() -> None:
    """A decoy: moved onto the other, or two errors? Nobody knows."""
    pair = [(1, 0, 1, at(30)), (1, 0, 1, at(20))]
    held = [pair[1], pair[1]]
    assert [code for code, _, _ in causes(case(pair, held, pair))] == ["unknown"]


@pytest.mark.parametrize("entity", [0, 39])
def test_the_border_of_the_ids(entity: int) -> None:
    """All rows of the first or the last id, missing or there twice."""
    edge: list[Row] = [(entity, one, 1, at(50 + one)) for one in range(3)]
    whole = [*BASE, *edge]
    assert causes(case(whole, BASE, whole)) == [("border_off_by_one", 3, 0)]
    assert causes(case(whole, [*whole, *edge], whole)) == [("border_off_by_one", 0, 3)]


def test_some_rows_of_the_last_id_are_no_border() -> None:
    """A decoy: the last id lost a row, not all of them."""
    edge: list[Row] = [(39, one, 1, at(50 + one)) for one in range(3)]
    assert causes(case([*BASE, *edge], [*BASE, *edge[1:]], [*BASE, *edge])) == [
        ("lost_block", 1, 0)
    ]


def test_the_last_id_and_another_are_no_border() -> None:
    """A decoy: a lost block that ends with the last id."""
    edge: list[Row] = [(39, one, 1, at(50 + one)) for one in range(3)]
    whole = [*BASE, *edge]
    held = [row for row in BASE if row[0] != 12]
    assert causes(case(whole, held, whole)) == [("lost_block", 6, 0)]


def test_the_last_instant_before_the_cutoff() -> None:
    """All rows of the last millisecond, and no others, are gone."""
    edge: list[Row] = [(one, 7, 1, at(0, -1)) for one in (3, 8)]
    whole = [*BASE, *edge]
    assert causes(case(whole, BASE, whole)) == [("border_off_by_one", 2, 0)]
    assert causes(case(whole, [*BASE, edge[0]], whole)) == [("lost_block", 1, 0)]


def overlapping(late: int) -> Case:
    """Every row of the last hundred days is there again, ``late`` milliseconds later."""
    again = [(*row[:3], row[3] + timedelta(milliseconds=late)) for row in BASE if row[3] >= at(100)]
    begin = LiveBegin(CUTOFF, CUTOFF)
    return case(BASE, [*BASE, *again], BASE, begin=begin)


def test_live_events_from_before_the_cutoff() -> None:
    """The cutoff that would be right is that of the first of them."""
    (finding,) = explain(overlapping(40)).findings
    first = min(row[3] for row in BASE if row[3] >= at(100))
    assert finding.cause is Cause.WRONG_CUTOFF
    assert first.isoformat(timespec="milliseconds") in finding.detail


def test_copies_to_the_millisecond_may_be_a_block_from_midnight_on() -> None:
    """A decoy: the last months written twice, as a partition would be."""
    (finding,) = explain(overlapping(0)).findings
    assert finding.cause is Cause.UNKNOWN
    assert set(finding.candidates) == {Cause.WRONG_CUTOFF, Cause.DOUBLED}


def test_near_copies_of_some_rows_are_no_live_stream() -> None:
    """A decoy: between them lie rows that have no second one."""
    again = [(*row[:3], row[3] + timedelta(milliseconds=5)) for row in BASE if row[0] % 2]
    made = case(BASE, [*BASE, *again], BASE, begin=LiveBegin(CUTOFF, CUTOFF))
    assert causes(made) == [("foreign_rows", 0, len(again))]


def test_never_loaded() -> None:
    """Nothing is held and no load is on record; with a record it was lost."""
    assert causes(case(BASE, [], None)) == [("never_loaded", 36, 0)]
    assert causes(case(BASE, [], BASE)) == [("lost_block", 36, 0)]


def test_nobody_knows_whether_it_was_loaded() -> None:
    """A decoy: where Dagster's records cannot be read, nothing is called never loaded."""
    assert [code for code, _, _ in causes(case(BASE, [], None, loaded=True))] == ["unknown"]


def test_the_cutoff_was_moved() -> None:
    """What lies between the cutoff of the last load and that of now differs because of that."""
    between = [row for row in BASE if row[3] >= at(50)]
    held = [row for row in BASE if row[3] < at(50)]
    made = case(BASE, held, held, loaded_cutoff=at(50))
    assert causes(made) == [("wrong_cutoff", len(between), 0)]


def test_another_statement_is_no_change_of_the_source() -> None:
    """A decoy: the scan was changed since, so the rows it returns say nothing of the source."""
    assert [code for code, _, _ in causes(case(BASE[3:], BASE, BASE, same_scan=False))] == [
        "unknown"
    ]


def test_a_row_that_both_sides_changed() -> None:
    """Lost from the target and deleted at the source: with it no digest fits, nothing is named."""
    wanted = [row for row in BASE if row[1] != 300]
    held = [row for row in wanted if row[0] != 8]
    made = case(wanted, held, BASE)
    assert [code for code, _, _ in causes(made)] == ["unknown"]


def test_what_live_events_ask_for_and_the_sum_is_right() -> None:
    """A tip grew by 50 and a live event says so: only the form of what is held changes."""
    old: Row = (1, 9, 100, at(40))
    wanted = [*BASE, (1, 9, 150, at(40)), (1, 9, -50, at(0, -1))]
    made = case(wanted, [*BASE, old], [*BASE, old], judged=[(1, 9, False, -50, 0)])
    assert causes(made) == [("told_by_live_events", 2, 1)]


def test_a_sample_is_named_only_where_one_side_changed() -> None:
    """Of more rows than are read, a mixture stays unknown; what lies on one side does not."""
    held = [row for row in BASE if row[0] != 3]
    assert causes(case(BASE, held, BASE, complete=False)) == [("lost_block", 3, 0)]
    mixed = case([*BASE, (4, 1, 1, at(9))], held, BASE, complete=False)
    assert [code for code, _, _ in causes(mixed)] == ["unknown"]
    assert "sample" in explain(mixed).note


def test_compensations_are_neither_missing_nor_surplus() -> None:
    """Where surplus is compensated, an event and its negation weigh nothing."""
    gone: Row = (2, 5, 1, at(5))
    held = [*BASE, gone, (2, 5, -1, at(5))]
    assert digest(held) == digest(BASE)
    assert causes(case(BASE[3:], held, BASE)) == [("deleted_at_source", 0, 3)]


def test_what_is_told_of_a_finding() -> None:
    """Figures, the entities hit worst, hours, rows of both sides, and a command with the range."""
    held = changed(BASE, lambda row: row[1] == 300, lambda row: (row[0], 7, *row[2:]))
    (finding,) = explain(case(BASE, held, BASE)).findings
    assert (finding.entities, finding.worst) == (1, ((3, 1),))
    created = at(300 - 21, 37 * 3)
    assert finding.hours == ((created.replace(minute=0, second=0, microsecond=0).isoformat(), 1),)
    assert finding.samples == (
        {
            "entityId": 3,
            "wanted": {
                "userId": 300,
                "value": 1,
                "createdAt": created.isoformat(timespec="milliseconds"),
            },
            "held": {
                "userId": 7,
                "value": 1,
                "createdAt": created.isoformat(timespec="milliseconds"),
            },
        },
    )
    assert "`metric-assets backfill Tag/Follower --range 0-39`" in finding.cure
    assert finding.sure == "verified"
