"""Undo on a replicated target: nothing is deleted, and everything is worth again what it was.

Runs against the server of METRIC_ASSETS_TEST_CLICKHOUSE_URL (docs/how-to/testing-against-a-server.md); without one it
says that it was skipped.
"""

from __future__ import annotations

from collections import Counter

import pytest

from metric_assets.load.undo import Undo
from metric_assets_tests.integration.platforms import Platform, load, stores_of
from metric_assets_tests.integration.servers import Server
from metric_assets_tests.integration.test_replicated_target import (
    CUTOFF,
    EVENTS,
    Replicated,
    make,
)
from metric_assets_tests.integration.test_undo import CHOSEN

pytestmark = pytest.mark.integration


def run(made: Replicated, name: str) -> None:
    """Load two pairs as a run."""
    through = stores_of(made.platform, table=EVENTS, run=name)
    load(made.platform, CHOSEN, cutoff=CUTOFF, through=through, max_removed_share=1.0)


def undo(made: Replicated, undone: str, name: str) -> None:
    """Undo a run as another; no mutation begins meanwhile."""
    before = made.mutations()
    through = stores_of(made.platform, table=EVENTS, run=name)
    assert through.target.repairs is not None
    for changed in through.target.repairs.ranges(undone):
        Undo(through.target, through.postgres).run(changed)
    assert made.mutations() == before


@pytest.mark.promise(
    "Every event is worth again what it was before the run; nothing is deleted.",
    when="a run is undone on a replicated target",
    area="undo",
)
@pytest.mark.parametrize("layout", ["unpartitioned", "by day"])
def test_runs_are_undone_by_compensation(
    served: Platform, server: Server | None, layout: str
) -> None:
    """A first load, a repair of lost and doubled rows, an undo of each, and of an undo."""
    assert server is not None
    made = make(served, server, "default path", layout)
    empty: Counter[object] = Counter(made.net())
    run(made, "first")
    full = made.net()
    assert full.total() == 2_400
    made.command(
        "INSERT INTO {t} SELECT * FROM {t} WHERE {s} AND metricType = 'ReactionLike'"
        " ORDER BY userId LIMIT 100"
    )
    made.command("DELETE FROM {t} WHERE {s} AND userId > 5000")
    damaged = made.net()
    run(made, "second")
    assert made.net() == full
    undo(made, "second", "third")
    assert made.net() == damaged
    undo(made, "third", "fourth")
    assert made.net() == full
    undo(made, "second", "fifth")
    undo(made, "first", "sixth")
    assert made.net() == empty
    undo(made, "sixth", "seventh")
    assert made.net() == damaged
    assert made.left() == []
