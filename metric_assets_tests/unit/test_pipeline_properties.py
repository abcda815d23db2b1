"""Materialize as a law: whatever is wanted and whatever is there, the nets agree afterwards."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta, timezone

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metric_assets.catalog.model import Legacy, Pair
from metric_assets.catalog.scan import Scan
from metric_assets.load.loading import Stores
from metric_assets.load.pipeline import materialize
from metric_assets.plan import Mode
from metric_assets.ranges import IdRange
from metric_assets_tests.fakes import Event, FakeLocks, FakeSource, FakeTarget

pytestmark = pytest.mark.unit

NET = Pair("User", "Net", "Signed.", Legacy("UserMetric.x"), value=pl.col("value"))
SCAN = Scan("user/reactions", (NET,), ("reactions",))
IDS = IdRange(0, 10)
CUTOFF = datetime(2025, 10, 1, tzinfo=timezone.utc)
START = datetime(2025, 1, 1, tzinfo=timezone.utc)

Row = tuple[int, int, int, int]

#: Few entities, users, days and values, so that rows meet: copies, negations, other values.
row = st.tuples(
    st.integers(0, 2), st.integers(0, 1), st.integers(0, 1), st.sampled_from([-2, -1, 0, 1, 2])
)
rows = st.lists(row, max_size=14)


def event(one: Row) -> Event:
    """A row as an event of the target."""
    entity, user, day, value = one
    return Event("User", "Net", entity, user, START + timedelta(days=day), value)


def frames(wanted: list[Row], cut: int) -> list[pl.DataFrame]:
    """Source rows in two frames."""
    schema = pl.Schema(
        {
            "entityId": pl.Int32(),
            "userId": pl.Int32(),
            "createdAt": pl.Datetime("ms", "UTC"),
            "value": pl.Int32(),
        }
    )
    whole = pl.DataFrame(
        [(e, u, START + timedelta(days=day), v) for e, u, day, v in wanted],
        schema=schema,
        orient="row",
    )
    return [whole.head(cut), whole.slice(cut)]


def nets(events: Counter[Event]) -> dict[tuple[object, ...], int]:
    """Copies of an event less copies of its negation, by key; what comes to 0 left out."""
    found: Counter[tuple[object, ...]] = Counter()
    for one, copies in events.items():
        key = (one.metric, one.entity_id, one.user_id, one.created, abs(one.value))
        found[key] += copies if one.value >= 0 else -copies
    return {key: net for key, net in found.items() if net and key[4]}


@pytest.mark.parametrize("mode", [Mode.REPLACE, Mode.APPEND])
@settings(max_examples=30)
@given(
    wanted=rows,
    present=rows,
    compensated=st.lists(row, max_size=4),
    cut=st.integers(0, 14),
    changed=rows,
)
def test_nets_agree_and_stay(
    mode: Mode,
    wanted: list[Row],
    present: list[Row],
    compensated: list[Row],
    cut: int,
    changed: list[Row],
) -> None:
    """After a run every key nets what is wanted, a repetition writes nothing, a change follows.

    Events of value 0 weigh nothing: append, which cannot delete, may keep more than are wanted.
    """
    there = Counter(map(event, present))
    for entity, user, day, value in compensated:
        there.update([event((entity, user, day, value)), event((entity, user, day, -value))])
    stranger = Event("User", "Net", 0, 9, CUTOFF, 1)
    target = FakeTarget(mode, [*there.elements(), stranger])
    source = FakeSource(frames(wanted, cut))
    stores = Stores(source, target, FakeLocks())
    for now in (wanted, changed):
        source.items = frames(now, cut)
        (load_result,) = materialize(SCAN, SCAN.pairs, IDS, CUTOFF, stores)
        assert target.rows[stranger] == 1
        ours = Counter(dict(target.rows))
        del ours[stranger]
        left, right = nets(ours), nets(Counter(map(event, now)))
        if mode is Mode.APPEND:
            assert all(left.get(key, 0) >= net for key, net in right.items() if not key[4])
            left = {key: net for key, net in left.items() if key[4]}
            right = {key: net for key, net in right.items() if key[4]}
        assert left == right
        assert load_result.events == sum(ours.values())
        assert load_result.total == sum(value for _, _, _, value in now)
        assert min(target.rows.values()) > 0
        target.writes.clear()
        (again,) = materialize(SCAN, SCAN.pairs, IDS, CUTOFF, stores)
        assert (again.inserted, again.removed) == (0, 0)
        assert target.writes == []
        assert target.open_stages == 0
