from __future__ import annotations

import pytest

from metric_assets.errors import RemovalRefusedError
from metric_assets.plan import (
    Comparison,
    MetricPlan,
    Plan,
    RemovalGuard,
    Summary,
    build_plan,
    compare_summaries,
    guard_removal,
)

pytestmark = pytest.mark.unit


def test_summaries_sort_metrics() -> None:
    """Equal sum, hash and net number is in sync, whatever cancels out besides; nothing present is empty;
    all else differs.
    """
    staged = {
        "Same": Summary(3, 5, 99, 3),
        "Compensated": Summary(3, 5, 99, 3),
        "Nothing": Summary(),
        "First": Summary(2, 2, 7),
        "Count": Summary(3, 5, 99, 3),
        "Total": Summary(3, 5, 99),
        "Hash": Summary(3, 5, 99),
        "Gone": Summary(),
    }
    present = {
        "Same": Summary(3, 5, 99, 3),
        "Compensated": Summary(5, 5, 99, 3),
        "Nothing": Summary(),
        "First": Summary(),
        "Count": Summary(4, 5, 99, 4),
        "Total": Summary(3, 6, 99),
        "Hash": Summary(3, 5, 98),
        "Gone": Summary(1, 0, 4),
    }
    assert compare_summaries(staged, present) == Comparison(
        in_sync=("Same", "Compensated", "Nothing"),
        empty=("First",),
        differing=("Count", "Total", "Hash", "Gone"),
    )


def test_a_plan_has_a_row_a_metric() -> None:
    """In sync: nothing. Empty: all of it. Differing: what the difference counted, in scope order."""
    staged = {"A": Summary(3, 5, 99), "B": Summary(2, 2, 7), "C": Summary(10, 10, 1)}
    present = {"A": Summary(3, 5, 99), "B": Summary(), "C": Summary(9, 9, 2)}
    plan = build_plan(staged, present, {"C": (4, 3, 0)})
    assert plan == Plan(
        (
            MetricPlan("A", wanted=3, present=3, inserted=0, removed=0),
            MetricPlan("B", wanted=2, present=0, inserted=2, removed=0),
            MetricPlan("C", wanted=10, present=9, inserted=4, removed=3),
        )
    )
    assert plan.changed == ("B", "C")
    assert not plan.empty
    assert [metric.unchanged for metric in plan.metrics] == [3, 0, 6]
    assert plan.of("C").inserted == 4


def test_a_compensated_metric_is_level() -> None:
    """Rows differ but no key does: the difference names no such metric, the plan is empty."""
    plan = build_plan({"A": Summary(1, 1, 1)}, {"A": Summary(3, 1, 9)}, {})
    assert plan.empty
    assert plan.changed == ()
    assert plan.metrics == (MetricPlan("A", wanted=1, present=3, inserted=0, removed=0),)


def test_compensations_are_inserts() -> None:
    """In append, negations are among the inserted rows and nothing present goes."""
    plan = build_plan({"A": Summary(1, 1, 1)}, {"A": Summary(3, 3, 9)}, {"A": (2, 0, 2)})
    assert plan.of("A") == MetricPlan("A", 1, 3, inserted=2, removed=0, compensated=2)
    assert plan.of("A").unchanged == 3
    assert not plan.empty


def test_a_plan_knows_its_metrics_only() -> None:
    """A metric outside the scope has no plan."""
    with pytest.raises(StopIteration):
        Plan(()).of("A")


@pytest.mark.promise(
    "Refused unless allowed.", when="a removal of most of what is there", area="settings"
)
@pytest.mark.parametrize(
    ("present", "removed", "share", "refused"),
    [
        (1_000, 1_000, 0.0, False),
        (1_001, 1_001, 0.0, True),
        (1_001, 1_000, 0.0, False),
        (1_000_000, 1_001, 0.0, True),
        (1_500, 1_000, 0.5, False),
        (4_000, 2_000, 0.5, False),
        (4_000, 2_001, 0.5, True),
        (4_000, 4_000, 1.0, False),
        (10_000, 2_500, 0.25, False),
        (10_000, 2_501, 0.25, True),
        (0, 0, 0.0, False),
    ],
)
@pytest.mark.parametrize("how", ["removed", "compensated"])
def test_the_guard(present: int, removed: int, share: float, refused: bool, how: str) -> None:
    """Up to 1000 rows and up to the share, exactly, may go; one more is refused, in both modes."""
    plan = (
        MetricPlan("A", 0, present, inserted=0, removed=removed)
        if how == "removed"
        else MetricPlan("A", 0, present, inserted=removed, removed=0, compensated=removed)
    )
    if refused:
        with pytest.raises(RemovalRefusedError):
            guard_removal("User/A/0-9", [plan], share)
    else:
        guard_removal("User/A/0-9", [plan], share)


def test_the_guard_looks_at_each_metric() -> None:
    """One metric that loses too much is not outweighed by others that lose nothing."""
    plans = [MetricPlan("A", 0, 1_000_000, 0, 0), MetricPlan("B", 0, 1_500, 0, 1_500)]
    with pytest.raises(RemovalRefusedError) as refusal:
        guard_removal("User/A+B/0-9", plans, 0.5)
    message = str(refusal.value)
    assert message.startswith("User/A+B/0-9: the plan removes 1500 of 1500 B events")
    assert "(100%)" in message
    assert "at most 50%" in message
    assert "METRIC_ASSETS_MAX_REMOVED_SHARE=1" in message


def test_inserts_are_never_refused() -> None:
    """However many events come, the guard is about those that go."""
    guard_removal("User/A/0-9", [MetricPlan("A", 10**6, 1, 10**6, 0)], 0.0)


def partition(start: int, metrics: str = "A") -> dict[str, str]:
    """Names of the partitions of some metrics, each a letter."""
    return {metric: f"User/{metric}/{start}-{start + 9}" for metric in metrics}


def small(present: int, removed: int, metric: str = "A") -> list[MetricPlan]:
    """The plan of a range in which each may lose all."""
    return [MetricPlan(metric, 0, present, 0, removed)]


def test_the_guard_judges_the_run() -> None:
    """Ranges of 600 rows may lose all of them one by one, but not all together: 1200 of 1200 are
    more than 1000 and more than half. The one that is too much is refused, and named by the run.
    """
    guard = RemovalGuard(0.5)
    guard.check("User/A/0-9", partition(0), small(600, 600), {})
    with pytest.raises(RemovalRefusedError) as refusal:
        guard.check("User/A/10-19", partition(10), small(600, 600), {})
    message = str(refusal.value)
    assert message.startswith("User/A/10-19: with this plan the run removes 1200 of 1200 events")
    assert "METRIC_ASSETS_MAX_REMOVED_SHARE=1" in message
    # What was refused is not held against the ranges that follow.
    guard.check("User/A/20-29", partition(20), small(600, 400), {})


def test_the_run_is_measured_by_what_was_present_in_it() -> None:
    """After ranges that lost little, one may lose more: 1100 of 4100 are less than a half."""
    guard = RemovalGuard(0.5)
    guard.check("User/A/0-9", partition(0), small(3_000, 100), {})
    guard.check("User/A/10-19", partition(10), small(1_100, 1_000), {})


def test_pairs_count_together() -> None:
    """As many runs as pairs of small ranges are not needed."""
    guard = RemovalGuard(0.5)
    plans = [MetricPlan(name, 0, 400, 0, 400) for name in "ABC"]
    with pytest.raises(RemovalRefusedError, match="1200 of 1200"):
        guard.check("User/A+B+C/0-9", partition(0, "ABC"), plans, {})


def test_a_range_that_is_tried_again_counts_once() -> None:
    """A retry plans the same removal, or none because it was made: neither counts twice."""
    guard = RemovalGuard(0.5)
    for _ in range(5):
        guard.check("User/A/0-9", partition(0), small(900, 900), {})
    guard.check("User/A/0-9", partition(0), small(0, 0), {})
    guard.check("User/A/10-19", partition(10), small(100, 100), {})
    with pytest.raises(RemovalRefusedError, match="1010 of 1010"):
        guard.check("User/A/20-29", partition(20), small(10, 10), {})


def test_rounds_of_one_attempt_add_up() -> None:
    """What a second plan takes away comes on top of what the first one took."""
    guard = RemovalGuard(0.5)
    guard.check("User/A/0-9", partition(0), small(900, 900), {})
    with pytest.raises(RemovalRefusedError, match="removes 1100 of 900"):
        guard.check("User/A/0-9", partition(0), small(200, 200), {"A": 900})


def test_a_run_that_removes_nothing_more_goes_on() -> None:
    """Loads after a removal that was allowed are not refused for its sake."""
    guard = RemovalGuard(0.1)
    guard.check("User/A/0-9", partition(0), small(1_000, 1_000), {})
    guard.check("User/A/10-19", partition(10), [MetricPlan("A", 5, 0, 5, 0)], {})


def test_all_may_go_where_it_was_said() -> None:
    """With a share of 1 neither range, run nor source is judged."""
    guard = RemovalGuard(1.0)
    for start in (0, 10, 20):
        guard.check("User/A", partition(start), small(5_000, 5_000), {})
    guard.check_source("User/A", small(5_000, 5_000), ["it lags"])


def test_a_source_that_may_show_less_removes_nothing() -> None:
    """One row is enough to refuse; inserts are never refused; compensations are removals."""
    guard = RemovalGuard(0.5)
    guard.check_source("User/A/0-9", [MetricPlan("A", 9, 3, 6, 0)], ["it lags"])
    guard.check_source("User/A/0-9", small(3, 1), [])
    for plan in (small(3, 1), [MetricPlan("A", 0, 3, 1, 0, 1)]):
        with pytest.raises(
            RemovalRefusedError, match=r"removes 1 events.*less than there is: it l"
        ):
            guard.check_source("User/A/0-9", plan, ["it lags"])
