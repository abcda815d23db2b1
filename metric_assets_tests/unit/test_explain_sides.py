"""Sums of hashes in 64 bits that wrap: which of them lead to a goal."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metric_assets.audit.explain.subsets import stretch, subset

pytestmark = pytest.mark.unit

numbers = st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=24, unique=True)


@given(numbers, st.data())
def test_a_subset_is_found(found: list[int], data: st.DataObject) -> None:
    """Any subset, by its sum alone; never one that does not sum to it."""
    chosen = data.draw(st.sets(st.integers(0, len(found) - 1)))
    goal = sum(found[place] for place in chosen) % 2**64
    places = subset(np.array(found, np.uint64), np.uint64(goal))
    assert places is not None
    assert sum(found[place] for place in places) % 2**64 == goal


def test_no_subset_is_made_up() -> None:
    """A goal that nothing sums to has no answer."""
    assert subset(np.array([2, 4, 8], np.uint64), np.uint64(5)) is None
    assert stretch(np.array([2, 4, 8], np.uint64), np.uint64(5)) is None


@given(st.integers(0, 2**32), st.data())
def test_a_stretch_is_found(seed: int, data: st.DataObject) -> None:
    """Numbers that lie side by side, all of them but for one or two, or with one or two beside."""
    values = np.random.default_rng(seed).integers(0, 2**64, 60, np.uint64)
    first = data.draw(st.integers(0, 50))
    inside = set(range(first, first + data.draw(st.integers(3, 10))))
    beside = data.draw(st.sets(st.sampled_from(sorted(inside)), max_size=2))
    outside = data.draw(st.sets(st.sampled_from(sorted(set(range(60)) - inside)), max_size=2))
    chosen = inside - beside if data.draw(st.booleans()) else inside | outside
    goal = values[sorted(chosen)].sum(dtype=np.uint64)
    found = stretch(values, goal)
    assert found is not None
    assert values[found].sum(dtype=np.uint64) == goal
