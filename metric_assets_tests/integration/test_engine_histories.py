"""Random histories on a real engine come out as the model says, row by row.

Belongs here: the comparison of sql/clickhouse/judge.sql with the rule in plain Python. Does not
belong here: whether the rule is right (unit/test_histories).
"""

from __future__ import annotations

import pytest

from metric_assets.defaults import MEMORY_ROWS
from metric_assets.stores import judging, kept
from metric_assets_tests.histories.engine import Play
from metric_assets_tests.histories.kinds import KINDS
from metric_assets_tests.integration.platforms import TARGET, Platform, stores_of

pytestmark = pytest.mark.integration

#: Histories of each kind, all loaded together.
COUNT = 30


@pytest.mark.promise(
    "The target holds, row by row, what the rule in plain Python says.",
    when="random histories on an engine",
    area="counter",
)
@pytest.mark.parametrize("memory_rows", [0, MEMORY_ROWS], ids=["engine", "memory"])
@pytest.mark.parametrize("kind", KINDS)
def test_an_engine_holds_what_the_rule_says(
    platform: Platform, kind: str, memory_rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After each of four loads, of which each has a second look, and the figures as well; for every
    other kind keys are sifted first, as those of a large range are; or all are compared in
    memory, and what a second look needs is kept there, or for every other kind in the target.
    """
    odd = list(KINDS).index(kind) % 2
    monkeypatch.setattr(judging, "MANY", 10**9 * odd)
    monkeypatch.setattr(kept, "KEPT_BYTES", 10**9 * odd)
    platform.memory_rows = memory_rows
    target = stores_of(platform, mode="replace").target
    play = Play(platform.clickhouse, TARGET, target, kind, 1_000, COUNT)
    assert list(play.run()) == []
