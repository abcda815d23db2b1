"""The fake target's arithmetic against cases worked out by hand from difference.sql."""

from __future__ import annotations

import pytest

from metric_assets.plan import Mode
from metric_assets_tests.fakes import Change, signed_difference

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("wanted", "present", "replace", "append"),
    [
        # Copies of (event, negation); None is in sync.
        ((1, 0), (1, 0), None, None),
        ((0, 0), (1, 1), None, None),
        ((1, 0), (2, 1), None, None),
        ((1, 0), (0, 0), Change(1, 0, 0, 0, 0), Change(1, 0, 0, 0, 0)),
        ((2, 0), (1, 0), Change(1, 0, 0, 0, 0), Change(1, 0, 0, 0, 0)),
        ((0, 0), (2, 0), Change(0, 0, 2, 0, 0), Change(0, 2, 0, 0, 2)),
        ((1, 0), (1, 1), Change(0, 0, 0, 1, 0), Change(1, 0, 0, 0, 1)),
        ((0, 1), (0, 0), Change(0, 1, 0, 0, 0), Change(0, 1, 0, 0, 0)),
        ((0, 0), (0, 2), Change(0, 0, 0, 2, 0), Change(2, 0, 0, 0, 2)),
        ((0, 1), (1, 0), Change(0, 1, 1, 0, 0), Change(0, 2, 0, 0, 1)),
    ],
)
def test_difference(
    wanted: tuple[int, int],
    present: tuple[int, int],
    replace: Change | None,
    append: Change | None,
) -> None:
    """What replace and append do about one key of value 1."""
    assert signed_difference(wanted, present, 1, Mode.REPLACE) == replace
    assert signed_difference(wanted, present, 1, Mode.APPEND) == append


def test_an_event_of_value_zero_needs_no_negation() -> None:
    """Append leaves surplus zeros, which weigh nothing; replace takes them away."""
    assert signed_difference((0, 0), (3, 0), 0, Mode.APPEND) is None
    assert signed_difference((0, 0), (3, 0), 0, Mode.REPLACE) == Change(0, 0, 3, 0, 0)
    assert signed_difference((2, 0), (1, 0), 0, Mode.APPEND) == Change(1, 0, 0, 0, 0)
