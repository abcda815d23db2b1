from __future__ import annotations

import pytest

from metric_assets.errors import RemovalRefusedError
from metric_assets.plan import (
    MetricPlan,
    Outline,
    Plan,
    Summary,
    build_plan,
    guard_removal,
    outline,
)

pytestmark = pytest.mark.unit


def test_summaries_sort_metrics() -> None:
    """Equal sum, hash and net number is level, whatever cancels out besides; nothing present is empty;
    all else is unlike.
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
    assert outline(staged, present) == Outline(
        level=("Same", "Compensated", "Nothing"),
        empty=("First",),
        unlike=("Count", "Total", "Hash", "Gone"),
    )


def test_a_plan_has_a_row_a_metric() -> None:
    """Level: nothing. Empty: all of it. Unlike: what the difference counted, in scope order."""
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
