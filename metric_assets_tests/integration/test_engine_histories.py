"""Random histories on a real engine come out as the model says, row by row.

Belongs here: the comparison of sql/clickhouse/judge.sql with the rule in plain Python. Does not
belong here: whether the rule is right (unit/test_histories).
"""

from __future__ import annotations

import pytest

from metric_assets.actor import Actor
from metric_assets.defaults import MEMORY_ROWS
from metric_assets.stores import judging, kept
from metric_assets.stores.clickhouse import ClickHouse
from metric_assets.stores.repairs import Repairs
from metric_assets.stores.target import ClickHouseTarget
from metric_assets_tests.histories.kinds import KINDS
from metric_assets_tests.histories.play import Play
from metric_assets_tests.histories.tables import EngineTable
from metric_assets_tests.integration.platforms import TARGET, Platform

pytestmark = pytest.mark.integration

#: Histories of each kind, all loaded together.
COUNT = 30


def table_of(platform: Platform) -> EngineTable:
    """The target of a platform; surplus is deleted where its engine allows it."""

    def opened(run: str, store: type[ClickHouse]) -> ClickHouseTarget:
        client = store(platform.clickhouse_url)
        repairs = Repairs(client, TARGET, 90, Actor("somebody", "here", "a test", run))
        rows = platform.memory_rows
        mode = "replace" if platform.deletes else "append"
        return ClickHouseTarget(client, TARGET, mode, memory_rows=rows, repairs=repairs)

    return EngineTable(platform.clickhouse, TARGET, opened, appends=not platform.deletes)


@pytest.mark.promise(
    "The target holds, row by row, what the rule in plain Python says.",
    when="random histories on an engine",
    area="counter",
)
@pytest.mark.parametrize(
    ("memory_rows", "together"),
    [(0, 0), (MEMORY_ROWS, 0), (MEMORY_ROWS, COUNT // 3)],
    ids=["engine", "memory", "together"],
)
@pytest.mark.parametrize("kind", KINDS)
def test_an_engine_holds_what_the_rule_says(
    platform: Platform,
    kind: str,
    memory_rows: int,
    together: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """After each of four loads, of which each has a second look, and the figures as well; for every
    other kind keys are sifted first, as those of a large range are; or all are compared in
    memory, and what a second look needs is kept there, or for every other kind in the target; or
    they are three ranges that are loaded together.
    """
    odd = list(KINDS).index(kind) % 2
    monkeypatch.setattr(judging, "MANY", 10**9 * odd)
    monkeypatch.setattr(kept, "KEPT_BYTES", 10**9 * (odd or together))
    platform.memory_rows = memory_rows
    table = table_of(platform)
    # A compensated adjustment is counted on both sides.
    play = Play(table, kind, 1_000, COUNT, figures=not table.appends, together=together)
    assert list(play.run()) == []
    assert bool(play.joined) == bool(together)
