from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metric_assets.catalog.model import Legacy, Pair, Rule
from metric_assets.ranges import IdRange
from metric_assets.reconcile import Discrepancy, Verdict, compare, counters, offenders

pytestmark = pytest.mark.unit


def pair(rule: Rule = Rule.EXACT, **legacy: object) -> Pair:
    """A pair with a rule."""
    gap = "" if rule is Rule.EXACT else "told"
    return Pair("User", "Likes", "Likes.", Legacy("UserMetric.likes", rule, gap, **legacy))  # type: ignore[arg-type]


IDS = IdRange(0, 10)
MEAN = pair(average_over="LikeCount")


def totals(values: dict[int, int]) -> pl.DataFrame:
    """Sums of events by entity."""
    schema = {"entityId": pl.Int64, "total": pl.Int64}
    return pl.DataFrame(list(values.items()), schema=schema, orient="row")


def legacy(values: dict[int, float | None]) -> pl.DataFrame:
    """Legacy values by entity."""
    schema = {"entityId": pl.Int32, "value": pl.Float64}
    return pl.DataFrame(list(values.items()), schema=schema, orient="row")


def verdict(
    events: dict[int, int],
    old: dict[int, float | None],
    rule: Rule = Rule.EXACT,
    orphans: set[int] | None = None,
    **more: object,
) -> Verdict:
    """The comparison of two small sides."""
    one = pair(rule, **more)
    return compare(one, IDS, counters(one, totals(events)), legacy(old), orphans or set())


def test_sides_that_agree() -> None:
    """Equal sums: nothing missing, nothing phantom, covered whole, ok."""
    found = verdict({1: 5, 2: 7}, {1: 5, 2: 7})
    assert found == Verdict(
        pair=pair(),
        ids=IDS,
        entities=2,
        events=12,
        legacy=12,
        missing=0,
        phantom=0,
        differing=0,
        offending=0,
        orphaned=0,
        worst=(),
    )
    assert found.coverage == 1
    assert found.passed
    assert found.sentence == "User/Likes/0-9: 2 entities agree with legacy"


def test_missing_and_phantom_do_not_cancel() -> None:
    """Entity 1 lacks 3, entity 2 has 3 too many: the totals agree, the verdict does not."""
    found = verdict({1: 2, 2: 8}, {1: 5, 2: 5})
    assert (found.events, found.legacy) == (10, 10)
    assert (found.missing, found.phantom) == (3, 3)
    assert (found.differing, found.offending) == (2, 2)
    assert found.coverage == pytest.approx(0.7)
    assert not found.passed


def test_an_entity_on_one_side_counts_zero_on_the_other() -> None:
    """Only in events: phantom. Only in legacy: missing."""
    found = verdict({1: 4}, {2: 6})
    assert (found.entities, found.missing, found.phantom) == (2, 6, 4)
    assert found.worst == (Discrepancy(2, 0, 6), Discrepancy(1, 4, 0))


def test_zero_is_nothing() -> None:
    """An entity of 0, of NULL or absent on both sides is not counted as compared."""
    found = verdict({1: 0, 2: 3}, {2: 3, 3: 0, 4: None, 1: None})
    assert found.entities == 1
    assert found.passed


def test_nothing_at_all() -> None:
    """Two empty sides agree; without a legacy total there is no coverage."""
    found = verdict({}, {})
    assert found.passed
    assert found.entities == 0
    assert found.coverage is None


def test_no_coverage_where_legacy_is_zero() -> None:
    """Events against a legacy of 0 are phantoms; a share of nothing is not given."""
    found = verdict({1: 4}, {1: 0})
    assert found.coverage is None
    assert found.phantom == 4
    assert not found.passed


def test_orphans_are_counted_apart() -> None:
    """Events of entities that are gone neither agree nor differ."""
    found = verdict({1: 5, 8: 40, 9: 2}, {1: 5}, orphans={8, 9, 77})
    assert found.orphaned == 42
    assert (found.entities, found.events, found.phantom) == (1, 5, 0)
    assert found.passed


@pytest.mark.parametrize(
    ("rule", "events", "old", "offends"),
    [
        (Rule.EXACT, 10, 10, False),
        (Rule.EXACT, 9, 10, True),
        (Rule.EXACT, 11, 10, True),
        (Rule.EVENTS_AT_LEAST_LEGACY, 11, 10, False),
        (Rule.EVENTS_AT_LEAST_LEGACY, 10, 10, False),
        (Rule.EVENTS_AT_LEAST_LEGACY, 9, 10, True),
        (Rule.LEGACY_AT_LEAST_EVENTS, 9, 10, False),
        (Rule.LEGACY_AT_LEAST_EVENTS, 10, 10, False),
        (Rule.LEGACY_AT_LEAST_EVENTS, 11, 10, True),
        (Rule.INFORMATIONAL, 9, 10, False),
        (Rule.INFORMATIONAL, 11, 10, False),
        (Rule.INFORMATIONAL, 11, 0, False),
    ],
)
def test_rules(rule: Rule, events: int, old: int, offends: bool) -> None:
    """What each rule calls an offence, for one entity; what differs is told under every rule."""
    found = verdict({1: events}, {1: old}, rule)
    assert found.passed is not offends
    assert found.offending == int(offends)
    assert found.differing == int(events != old)
    assert found.missing == max(old - events, 0)
    assert found.phantom == max(events - old, 0)


@pytest.mark.parametrize(
    ("events", "old", "offends"),
    [
        (100, 100, False),
        (90, 100, False),
        (110, 100, False),
        (89, 100, True),
        (111, 100, True),
        (1, 0, True),
        (0, 1, True),
        (-90, -100, False),
        (-89, -100, True),
    ],
)
def test_tolerance_is_a_share_of_the_entitys_legacy(events: int, old: int, offends: bool) -> None:
    """A tenth of 100 either way is allowed, exactly; of nothing nothing is."""
    found = verdict({1: events}, {1: old}, Rule.TOLERANCE, tolerance=0.1)
    assert found.passed is not offends


def test_a_rule_holds_for_every_entity() -> None:
    """One entity below is an offence however far others lie above."""
    found = verdict({1: 9, 2: 1000}, {1: 10, 2: 10}, Rule.EVENTS_AT_LEAST_LEGACY)
    assert not found.passed
    assert (found.differing, found.offending) == (2, 1)


def test_informational_always_passes_and_says_so() -> None:
    """A frozen legacy column informs and never blocks."""
    found = verdict({1: 1}, {1: 100}, Rule.INFORMATIONAL)
    assert found.passed
    assert found.sentence.endswith("; allowed by its rule informational")


def mean(sums: dict[int, tuple[int, int]], old: dict[int, float | None]) -> Verdict:
    """The comparison of means: sums and weights by entity against legacy."""
    rows = [(entity, total, weight) for entity, (total, weight) in sums.items()]
    schema = {"entityId": pl.Int64, "total": pl.Int64, "weight": pl.Int64}
    values = counters(MEAN, pl.DataFrame(rows, schema=schema, orient="row"))
    return compare(MEAN, IDS, values, legacy(old), set())


def test_a_mean_is_compared_as_a_mean() -> None:
    """9 over 2 is 4.5, 10 over 3 is a third of ten to the last digit that legacy keeps."""
    found = mean({1: (9, 2), 2: (10, 3)}, {1: 4.5, 2: 3.3333333333333335})
    assert found.passed
    assert found.entities == 2
    assert found.events == pytest.approx(7.8333333)


def test_a_mean_that_differs() -> None:
    """4.5 against 4 is half a unit too much."""
    found = mean({1: (9, 2)}, {1: 4.0})
    assert found.phantom == pytest.approx(0.5)
    assert found.worst == (Discrepancy(1, 4.5, 4.0),)


def test_a_mean_over_nothing_is_zero() -> None:
    """Without anything counted there is no mean: 0, and never a division by zero."""
    found = mean({1: (5, 0), 2: (0, 0)}, {2: 0.0})
    assert found.entities == 0
    assert found.passed
    lacking = mean({1: (5, 0)}, {1: 5.0})
    assert lacking.missing == 5
    assert not lacking.passed


def test_the_worst_come_first() -> None:
    """By size of the difference either way, ties by id; ten of them, all counted."""
    events = dict.fromkeys(range(1, 13), 100)
    old: dict[int, float | None] = dict.fromkeys(range(1, 13), 99.0)
    old[7] = 50
    old[3] = 160
    old[5] = 150
    found = verdict(events, old)
    assert found.differing == 12
    assert [one.entity_id for one in found.worst] == [3, 5, 7, 1, 2, 4, 6, 8, 9, 10]
    assert found.worst[0].difference == -60
    assert found.worst[2].difference == 50


def test_the_sentence_names_the_worst() -> None:
    """Place, how many, both values of the worst entity and its signed difference."""
    assert verdict({1: 2, 2: 8}, {1: 5, 2: 6}).sentence == (
        "User/Likes/0-9: 2 of 2 entities differ from legacy (missing 3, phantom 2);"
        " the worst is entity 1: events 2, legacy 5, difference -3"
    )
    assert verdict({2: 8}, {2: 6}).sentence == (
        "User/Likes/0-9: 1 of 1 entities differ from legacy (missing 0, phantom 2);"
        " the worst is entity 2: events 8, legacy 6, difference +2"
    )


def test_the_sentence_is_exact_for_large_counters() -> None:
    """Seven digits and more are written out: two values that differ read differently."""
    sentence = verdict({1: 1_234_567}, {1: 1_234_569}).sentence
    assert "events 1234567" in sentence.replace(",", "")
    assert "legacy 1234569" in sentence.replace(",", "")
    large = verdict({1: 0}, {1: 12_345_678}).sentence
    assert "missing 12345678" in large.replace(",", "")


@pytest.mark.parametrize(
    ("rule", "breaking"),
    [
        (Rule.EXACT, [1, 2]),
        (Rule.EVENTS_AT_LEAST_LEGACY, [1]),
        (Rule.LEGACY_AT_LEAST_EVENTS, [2]),
        (Rule.INFORMATIONAL, []),
    ],
)
def test_offenders_are_those_that_break_the_rule(rule: Rule, breaking: list[int]) -> None:
    """Entity 1 lacks 3, entity 2 has 3 too many, entity 3 agrees, entity 4 is gone."""
    one = pair(rule)
    values = counters(one, totals({1: 2, 2: 8, 3: 5, 4: 9}))
    assert offenders(one, values, legacy({1: 5, 2: 5, 3: 5}), {4}) == breaking


sides = st.dictionaries(st.integers(0, 20), st.integers(-50, 50), max_size=12)


@given(sides, sides, st.sets(st.integers(0, 20), max_size=3))
def test_figures_add_up(events: dict[int, int], old: dict[int, int], orphans: set[int]) -> None:
    """events = legacy - missing + phantom, always; a verdict never depends on the order of rows."""
    old_values: dict[int, float | None] = {**old}
    found = verdict(events, old_values, orphans=orphans)
    living = (events.keys() | old.keys()) - orphans
    differing = [e for e in living if events.get(e, 0) != old.get(e, 0)]
    assert found.events == pytest.approx(found.legacy - found.missing + found.phantom)
    assert found.differing == found.offending == len(differing)
    assert found.orphaned == sum(events.get(e, 0) for e in orphans)
    backwards = verdict(
        dict(reversed(events.items())), dict(reversed(old_values.items())), orphans=orphans
    )
    assert replace(backwards) == found
