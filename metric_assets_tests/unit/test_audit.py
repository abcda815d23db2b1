from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metric_assets.audit import entity_ids
from metric_assets.audit.late_events import Patience, Totals
from metric_assets.audit.legacy_check import Judgment, check_groups, spans
from metric_assets.catalog import CATALOG
from metric_assets.catalog.model import Entity, Legacy, Pair
from metric_assets.errors import SchemaDriftError
from metric_assets.live import LiveRules
from metric_assets.ranges import Grid, IdRange
from metric_assets.reconcile import Verdict
from metric_assets.sql import Statement
from metric_assets.stores.ports import Binds, Rows
from metric_assets_tests.fakes import Event, FakeRows, FakeTarget

pytestmark = pytest.mark.unit

TAG = CATALOG.entity["Tag"]
HIDDEN, FOLLOWER = CATALOG.pairs["Tag/Hidden"], CATALOG.pairs["Tag/Follower"]
FIRST, SECOND = IdRange(0, 50_000), IdRange(50_000, 100_000)
THEN = datetime(2025, 1, 1, tzinfo=timezone.utc)
LIVE = datetime(2026, 1, 1, tzinfo=timezone.utc)


def event(metric: str, entity: int, user: int, value: int = 1, at: datetime = THEN) -> Event:
    """An event of a tag."""
    return Event("Tag", metric, entity, user, at, value)


def legacy(*rows: tuple[int, int, int]) -> dict[str, pl.DataFrame]:
    """Rows of TagMetric: id, hides, follows."""
    schema = {"entityId": pl.Int32, "hiddenCount": pl.Int32, "followerCount": pl.Int32}
    return {"TagMetric": pl.DataFrame(rows, schema=schema, orient="row")}


def asked(source: FakeRows) -> list[str]:
    """The statements that a source was asked, but for the one that asks the time."""
    return [name for name, _ in source.asked if name != "postgres/instant"]


def check_legacy(
    entity: Entity,
    pairs: Sequence[Pair],
    ranges: Sequence[IdRange],
    source: Rows,
    target: Totals,
    patience: Patience | None = None,
) -> Iterator[tuple[Pair, IdRange, Judgment]]:
    """The check of all pairs in all ranges."""
    return check_groups(entity, [(pairs, ranges)], source, target, patience)


def verdicts(*given: Any) -> list[tuple[Pair, IdRange, Verdict]]:
    """What a comparison finds where everything can be compared."""
    found = []
    for pair, ids, verdict in check_legacy(*given):
        assert isinstance(verdict, Verdict)
        found.append((pair, ids, verdict))
    return found


def test_events_against_legacy_by_pair_and_range() -> None:
    """One question a store; a verdict a pair and range, from the rows of that range alone."""
    target = FakeTarget(
        rows=[
            event("Follower", 5, 1),
            event("Follower", 5, 2),
            event("Follower", 5, 3, at=LIVE),
            event("Hidden", 7, 1),
            event("Hidden", 9, 1, 4),
            event("Follower", 60_000, 1),
            event("Other", 5, 1, 50),
            Event("User", "Follower", 5, 1, THEN, 70),
            event("Follower", 100_000, 1, 90),
        ]
    )
    source = FakeRows(
        legacy=legacy((60_000, 0, 3), (5, 0, 3), (100_000, 5, 5)),
        existing={"Tag": {5, 7, 60_000}},
    )
    found = list(verdicts(TAG, [HIDDEN, FOLLOWER], [SECOND, FIRST], source, target))
    # What breaks its rule comes last.
    assert [(pair.key, ids.key) for pair, ids, _ in found] == [
        ("Tag/Follower", "0-49999"),
        ("Tag/Hidden", "50000-99999"),
        ("Tag/Hidden", "0-49999"),
        ("Tag/Follower", "50000-99999"),
    ]
    figures = [
        (v.entities, v.events, v.legacy, v.missing, v.phantom, v.orphaned) for _, _, v in found
    ]
    assert figures == [
        (1, 3, 3, 0, 0, 0),  # Live events count: legacy knows no cutoff.
        (0, 0, 0, 0, 0, 0),
        (1, 1, 0, 0, 1, 4),  # Tag 7 has a hide and no legacy row; tag 9 is gone.
        (1, 1, 3, 2, 0, 0),
    ]
    assert [verdict.passed for _, _, verdict in found] == [True, True, False, False]
    assert asked(source) == ["legacy/counters", "entities/existing"]
    columns = ["hiddenCount", "followerCount"]
    scope = {"table": "TagMetric", "id": "tagId", "columns": columns, "start": 0, "stop": 100_000}
    assert source.asked[1] == ("legacy/counters", scope)


def test_only_ids_without_a_legacy_row_are_looked_up() -> None:
    """Whoever has a legacy row is no orphan, and sums of nothing ask for nobody."""
    target = FakeTarget(
        rows=[event("Hidden", 5, 1), event("Hidden", 6, 1), event("Hidden", 6, 1, -1)]
    )
    source = FakeRows(legacy=legacy((5, 1, 0)))
    ((_, _, verdict),) = verdicts(TAG, [HIDDEN], [FIRST], source, target)
    assert verdict.passed
    assert asked(source) == ["legacy/counters"]


def test_orphans_are_looked_up_in_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many ids are in doubt, a question holds a bounded number of them."""
    monkeypatch.setattr(entity_ids, "EXISTENCE_IDS", 2)
    target = FakeTarget(rows=[event("Hidden", entity, 1) for entity in range(1, 6)])
    source = FakeRows(legacy=legacy(), existing={"Tag": {2, 4}})
    ((_, _, verdict),) = verdicts(TAG, [HIDDEN], [FIRST], source, target)
    found = [binds["ids"] for name, binds in source.asked if name == "entities/existing"]
    assert [len(ids) for ids in found] == [2, 2, 1]  # type: ignore[arg-type]
    assert sorted(one for ids in found for one in ids) == [1, 2, 3, 4, 5]  # type: ignore[union-attr]
    assert (verdict.orphaned, verdict.phantom) == (3, 2)


def test_a_mean_reads_what_it_is_taken_over() -> None:
    """A pair that is a mean in legacy asks for its counting metric too, though that is no pair."""
    rating = Pair("Tag", "Rating", "Stars.", Legacy("TagMetric.rating", average_over="RatingCount"))
    target = FakeTarget(
        rows=[
            event("Rating", 5, 1, 4),
            event("Rating", 5, 2, 5),
            event("RatingCount", 5, 1),
            event("RatingCount", 5, 2),
            event("Rating", 6, 1, 3),
        ]
    )
    schema = {"entityId": pl.Int32, "rating": pl.Float64}
    rows = pl.DataFrame([(5, 4.5), (6, 3.0)], schema=schema, orient="row")
    ((pair, ids, verdict),) = verdicts(
        TAG, [rating], [FIRST], FakeRows({"TagMetric": rows}), target
    )
    assert (pair, ids) == (rating, FIRST)
    assert verdict.missing == 3  # Tag 6 has stars and no count: no mean.
    assert verdict.worst[0].entity_id == 6
    assert (verdict.entities, verdict.differing) == (2, 1)


def test_empty_sides() -> None:
    """Nothing on either side is agreement."""
    source = FakeRows(legacy=legacy())
    found = [
        v.passed for _, _, v in verdicts(TAG, [HIDDEN, FOLLOWER], [FIRST], source, FakeTarget())
    ]
    assert found == [True, True]


def test_neighbours_are_taken_together() -> None:
    """Ranges that touch are one span up to a million ids; gaps and size begin another."""
    thirds = [IdRange(start, start + 400_000) for start in range(0, 1_600_000, 400_000)]
    gap = IdRange(2_000_000, 2_000_001)
    assert list(spans([gap, *thirds])) == [thirds[:2], thirds[2:], [gap]]


def test_a_range_larger_than_a_span_is_one() -> None:
    """It is never split and never joined."""
    large = IdRange(0, 5_000_000)
    after = IdRange(5_000_000, 5_000_001)
    assert list(spans([large, after])) == [[large], [after]]


def test_a_gap_ends_a_span() -> None:
    """Cells apart are never read together with what lies between them, below 0 and far above."""
    cells = list(Grid(10, 20, (-10, 40, 9_000_000_000)))
    groups = [[cell.key for cell in span] for span in spans(cells)]
    assert groups == [["-10--1", "0-9", "10-19"], ["40-49"], ["9000000000-9000000009"]]


def test_no_ranges_no_spans() -> None:
    """Nothing in, nothing out."""
    assert list(spans([])) == []


@given(st.sets(st.integers(0, 60), max_size=40), st.integers(1, 600_000))
def test_spans_lose_nothing(cells: set[int], size: int) -> None:
    """Every range is in one span, in order; spans have no gaps and stay within bounds."""
    ranges = [IdRange(cell * size, (cell + 1) * size) for cell in sorted(cells)]
    found = list(spans(list(reversed(ranges))))
    assert [cell for span in found for cell in span] == ranges
    for span in found:
        assert span[-1].stop - span[0].start == len(span) * size
        assert len(span) == 1 or len(span) * size <= 1_000_000


class NoEvents(FakeTarget):
    """A target that holds nothing."""

    def totals(self, entity: str, metrics: Sequence[str], ids: IdRange) -> pl.DataFrame:
        del entity, metrics, ids
        schema = {"entityId": pl.Int64, "metricType": pl.String, "total": pl.Int64}
        return pl.DataFrame(schema=schema)


def judged(**columns: Any) -> dict[tuple[str, str], object]:
    """Verdicts of both pairs of Tag in two ranges of ten, as passed or the error's words."""
    legacy = pl.DataFrame({"entityId": [1, 11], "followerCount": [0, 0], "hiddenCount": [0, 0]})
    legacy = legacy.with_columns(**{name: pl.Series(values) for name, values in columns.items()})
    source = FakeRows(legacy={"TagMetric": legacy})
    found = check_legacy(
        TAG, [FOLLOWER, HIDDEN], [IdRange(0, 10), IdRange(10, 20)], source, NoEvents()
    )
    return {
        (pair.metric, ids.key): one.passed if isinstance(one, Verdict) else str(one)
        for pair, ids, one in found
    }


def test_a_legacy_value_that_is_no_number_fails_its_pair_and_range_only() -> None:
    """Pair, column, type, value and entity are named; every other pair and range has its verdict."""
    found = judged(hiddenCount=["0", "many"])
    error = found.pop(("Hidden", "10-19"))
    assert found == {
        ("Follower", "0-9"): True, ("Follower", "10-19"): True, ("Hidden", "0-9"): True,
    }  # fmt: skip
    assert str(error).startswith(
        "Tag/Hidden/10-19: TagMetric.hiddenCount is String and holds 'many'"
    )
    assert "for entity 11, expected a number" in str(error)


@pytest.mark.parametrize("values", [[True, False], [date(2025, 1, 1)] * 2, [[1], [2]]])
def test_a_legacy_column_of_another_type_fails_its_pair_only(values: list[object]) -> None:
    """The type found and the one expected are named."""
    found = judged(hiddenCount=values)
    assert [found["Follower", key] for key in ("0-9", "10-19")] == [True, True]
    for key in ("0-9", "10-19"):
        text = str(found["Hidden", key])
        assert text.startswith(f"Tag/Hidden/{key}: TagMetric.hiddenCount is ")
        assert "expected a number" in text


@pytest.mark.parametrize("values", [["0", "0.0"], [None, "0"], [Decimal(0), Decimal(0)]])
def test_numbers_in_another_shape_are_numbers(values: list[object]) -> None:
    """The driver returns Postgres' numeric as text; NULL counts as 0, as ever."""
    assert set(judged(hiddenCount=values).values()) == {True}


@pytest.mark.parametrize("value", ["NaN", "Infinity", ""])
def test_what_is_not_finite_is_no_number(value: str) -> None:
    """NaN would pass every comparison."""
    assert "expected a number" in str(judged(hiddenCount=["0", value])["Hidden", "10-19"])


def test_ids_that_are_no_whole_numbers_fail_all_pairs() -> None:
    """They could be neither sorted nor joined."""
    found = judged(entityId=["1", "11"])
    assert len(found) == 4
    assert all(
        str(one).startswith("Tag: TagMetric.tagId is String, expected whole numbers")
        for one in found.values()
    )


def misspelt(column: str) -> Pair:
    """A pair of Tag that names this legacy column."""
    return replace(HIDDEN, metric="Misspelt", legacy=Legacy(column))


def test_a_misspelt_legacy_column_is_named_and_fails_its_pair_only() -> None:
    """Key, table and column, with the one that was meant; the others are compared."""
    target = FakeTarget(rows=[event("Follower", 5, 1)])
    source = FakeRows(legacy=legacy((5, 0, 1)))
    pairs = [misspelt("TagMetric.hidenCount"), FOLLOWER]
    found = {pair.key: one for pair, _, one in check_legacy(TAG, pairs, [FIRST], source, target)}
    assert isinstance(found["Tag/Follower"], Verdict)
    assert found["Tag/Follower"].passed
    error = found["Tag/Misspelt"]
    assert isinstance(error, SchemaDriftError)
    assert str(error).startswith(
        "Tag/Misspelt: legacy table TagMetric has no column hidenCount; did you mean hiddenCount?"
    )


def test_a_misspelt_legacy_table_is_named_and_fails_its_pairs_only() -> None:
    """Pairs of the table that is there are compared."""
    source = FakeRows(legacy=legacy())
    pairs = [misspelt("TagMetrics.hiddenCount"), FOLLOWER]
    found = {
        pair.key: one for pair, _, one in check_legacy(TAG, pairs, [FIRST], source, FakeTarget())
    }
    assert isinstance(found["Tag/Follower"], Verdict)
    assert str(found["Tag/Misspelt"]).startswith(
        "Tag/Misspelt: there is no legacy table TagMetrics"
    )
    assert "hiddenCount" in str(found["Tag/Misspelt"])


def test_a_misspelt_column_of_ids_fails_all_pairs() -> None:
    """Nothing of the table can be read by entity; the row of the catalog to correct is named."""
    tag = replace(TAG, legacy_id="tagsId")
    found = check_legacy(tag, [HIDDEN, FOLLOWER], [FIRST], FakeRows(legacy=legacy()), FakeTarget())
    assert [str(one).partition(";")[0] for _, _, one in found] == [
        f"{key}: legacy table TagMetric has no column tagsId (legacy_id of Tag)"
        for key in ("Tag/Hidden", "Tag/Follower")
    ]


def test_an_error_that_no_name_explains_stands() -> None:
    """Where every name is right the store's own words are told, for every pair."""

    class Broken(FakeRows):
        def frame(self, statement: Statement, binds: Binds) -> pl.DataFrame:
            if statement.name == "legacy/counters":
                raise SchemaDriftError("legacy/counters (TagMetric): timeframe is gone")
            return super().frame(statement, binds)

    source = Broken(legacy=legacy())
    found = list(check_legacy(TAG, [HIDDEN, FOLLOWER], [FIRST], source, FakeTarget()))
    assert [str(one) for _, _, one in found] == [
        "legacy/counters (TagMetric): timeframe is gone"
    ] * 2


def test_pairs_of_two_legacy_tables_are_read_from_both() -> None:
    """Each pair is compared with the table that its row names."""
    other = replace(HIDDEN, metric="Other", legacy=Legacy("OtherMetric.count"))
    rows = pl.DataFrame({"entityId": [5], "count": [1]})
    source = FakeRows(legacy={**legacy((5, 0, 1)), "OtherMetric": rows}, existing={"Tag": {5}})
    target = FakeTarget(rows=[event("Follower", 5, 1), event("Other", 5, 1)])
    found = {
        pair.key: one
        for pair, _, one in check_legacy(TAG, [other, FOLLOWER], [FIRST], source, target)
    }
    assert {key: isinstance(one, Verdict) and one.passed for key, one in found.items()} == {
        "Tag/Other": True, "Tag/Follower": True,
    }  # fmt: skip


#: When the source is read, and settings by which events of the last minute may be late.
NOW = datetime(2026, 6, 1, tzinfo=timezone.utc)
RULES = LiveRules(lag=60, skew=5)


def seconds(offset: float) -> datetime:
    """An instant so many seconds after the reading."""
    return NOW + timedelta(seconds=offset)


def read_again(
    legacy_value: int, first: list[Event], late: list[Event], pair: Pair = FOLLOWER
) -> tuple[Verdict, list[float]]:
    """The verdict on tag 5 where ``late`` events arrive while the check waits, and its waits."""
    target = FakeTarget(rows=first)
    waits: list[float] = []

    def wait(duration: float) -> None:
        waits.append(duration)
        target.rows.update(late)

    source = FakeRows(legacy=legacy((5, 0, legacy_value)), existing={"Tag": {5}})
    found = check_legacy(TAG, [pair], [FIRST], source, target, Patience(RULES, wait))
    ((_, _, verdict),) = found
    assert isinstance(verdict, Verdict)
    return verdict, waits


def test_a_late_event_is_no_difference() -> None:
    """Legacy knows a follow whose event arrives while the check waits, once: lag and skew."""
    base = [event("Follower", 5, 1), event("Follower", 5, 2, at=seconds(-50))]
    verdict, waits = read_again(3, base, [event("Follower", 5, 3, at=seconds(-20))])
    assert verdict.passed
    assert (verdict.events, verdict.legacy) == (3, 3)
    assert waits == [65]


def test_an_event_after_the_reading_is_no_difference() -> None:
    """What the target shows already and legacy, read before, could not know does not count."""
    base = [event("Follower", 5, 1), event("Follower", 5, 2, at=seconds(20))]
    assert read_again(1, base, [])[0].passed


@pytest.mark.parametrize(("value", "passed"), [(1, True), (2, True), (0, False), (3, False)])
def test_an_event_at_the_reading_may_count_or_not(value: int, passed: bool) -> None:
    """One event is dated within the skew of the clocks: the counter is 1 or 2, no more and no less."""
    base = [event("Follower", 5, 1), event("Follower", 5, 2, at=seconds(3))]
    verdict, _ = read_again(value, base, [])
    assert verdict.passed is passed
    # What is held against it is the end of the span that is nearer to legacy.
    assert (verdict.missing, verdict.phantom) == ((1, 0) if value == 3 else (0, int(value == 0)))


def test_a_withdrawal_at_the_reading_may_count_or_not() -> None:
    """A negative event within the skew widens the span downwards."""
    base = [event("Follower", 5, 1), event("Follower", 5, 1, -1, at=seconds(-2))]
    assert read_again(0, base, [])[0].passed
    assert read_again(1, base, [])[0].passed
    assert not read_again(2, base, [])[0].passed


def test_a_real_difference_stands_after_the_second_reading() -> None:
    """A follow that no event ever tells of is missing: pair, entity, both values."""
    base = [event("Follower", 5, 1), event("Follower", 5, 2, at=seconds(-50))]
    verdict, waits = read_again(4, base, [event("Follower", 5, 3, at=seconds(-20))])
    assert not verdict.passed
    assert (verdict.worst[0].entity_id, verdict.worst[0].events, verdict.worst[0].legacy) == (
        5,
        3,
        4,
    )
    assert len(waits) == 1


def test_a_platform_at_rest_is_not_waited_for() -> None:
    """Without a live event within the lag what differs does so at once."""
    verdict, waits = read_again(3, [event("Follower", 5, 1), event("Follower", 5, 2, at=LIVE)], [])
    assert not verdict.passed
    assert waits == []


def test_what_agrees_is_not_read_again() -> None:
    """No doubt, no wait, however live the platform is."""
    verdict, waits = read_again(1, [event("Follower", 5, 1, at=seconds(-20))], [])
    assert verdict.passed
    assert waits == []


def test_a_mean_is_read_again_as_a_mean() -> None:
    """Stars 4 and 5; the second review's two events are within the skew: 4 over 1 or 9 over 2, and
    while one of the two counts and the other not, anything between 2 and 9.
    """
    rating = Pair("Tag", "Rating", "Stars.", Legacy("TagMetric.rating", average_over="RatingCount"), live_reason="Test.")  # fmt: skip
    rows = [
        event("Rating", 5, 1, 4), event("RatingCount", 5, 1),
        event("Rating", 5, 2, 5, at=seconds(1)), event("RatingCount", 5, 2, at=seconds(1)),
    ]  # fmt: skip
    schema = {"entityId": pl.Int64, "rating": pl.Float64}

    def passes(value: float) -> bool:
        source = FakeRows({"TagMetric": pl.DataFrame([(5, value)], schema=schema, orient="row")})
        patience = Patience(RULES, lambda _seconds: None)
        ((_, _, verdict),) = check_legacy(
            TAG, [rating], [FIRST], source, FakeTarget(rows=rows), patience
        )
        assert isinstance(verdict, Verdict)
        return verdict.passed

    assert [passes(value) for value in (4.0, 4.5, 1.9, 9.1)] == [True, True, False, False]
