"""Random histories: no counter ends other than its source untold, and no load moves a right one.

Belongs here: the rule against the source, which is the oracle, and loads and undoings over fakes
against the rule. Does not belong here: an engine (integration/test_engine_histories).
"""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metric_assets.plan import Mode
from metric_assets_tests.histories.__main__ import verdicts
from metric_assets_tests.histories.kinds import KINDS
from metric_assets_tests.histories.model import Verdict
from metric_assets_tests.histories.play import Play
from metric_assets_tests.histories.tables import FakeTable

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=60)
@given(seed=st.integers(0, 2**32))
def test_counters_equal_their_source_or_it_is_told(kind: str, seed: int) -> None:
    """Four loads, each with its second look, while users act and events go wrong."""
    found = verdicts(kind, seed)
    assert Verdict.WRONG not in found
    assert Verdict.MOVED not in found


@pytest.mark.parametrize(
    "kind", ["toggles", "tips that grow and shrink", "signed values", "late events"]
)
def test_the_last_load_finds_every_counter_right(kind: str) -> None:
    """Where nothing is lost or doubled, a load that all has arrived for leaves nothing wrong."""
    assert {verdicts(kind, seed)[-1] for seed in range(200)} == {Verdict.RIGHT}


@pytest.mark.parametrize("mode", [Mode.REPLACE, Mode.APPEND])
@pytest.mark.parametrize("kind", KINDS)
def test_fakes_hold_what_the_rule_says(kind: str, mode: Mode) -> None:
    """After every load; after every undoing exactly the rows of before the load, and the cutoff that
    was recorded then; where nothing is deleted, in worth.
    """
    assert list(Play(FakeTable(mode), kind, 1_000, 12, figures=False).run()) == []
