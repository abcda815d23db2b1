"""Fingerprints: Polars and the engine come to the same, bucket by bucket.

Belongs here: the equality of both sides. Does not belong here: what a fingerprint tells apart
(unit/test_fingerprint).
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from metric_assets.difference import summaries
from metric_assets.fingerprint import Accumulator, Prints, differing
from metric_assets.ranges import IdRange
from metric_assets.rows import rows_of
from metric_assets.stores.ports import Scope
from metric_assets_tests.integration.platforms import CUTOFF, Platform, stores_of

pytestmark = pytest.mark.integration

IDS = IdRange(-(2**62), 2**62)
METRICS = ("Hidden", "Follower", "Earned")
SCHEMA: dict[str, Any] = {
    "metricType": pl.Enum(METRICS),
    "entityId": pl.Int64,
    "userId": pl.Int64,
    "metricValue": pl.Int64,
    "createdAt": pl.Datetime("ms", "UTC"),
}
PRINTS = Prints(
    METRICS,
    judged=("Follower", "Earned"),
    by_entity=("Earned",),
    exact=CUTOFF - timedelta(milliseconds=1),
    cutoff=CUTOFF,
    recent=CUTOFF + timedelta(days=30),
    until=CUTOFF + timedelta(days=40),
)
event = st.tuples(
    st.sampled_from(METRICS),
    st.sampled_from([0, 1, 15, 16, -1, -16, -17, 2**31, 2**32 + 5, 2**40 + 3, -(2**50), 2**61 + 7]),
    st.integers(-5, 5) | st.sampled_from([2**31, 2**33 + 1, -(2**40)]),
    st.integers(-3, 3) | st.sampled_from([2**31 - 1, -(2**31), 2**40]),
    st.integers(-80_000, 40).map(lambda days: CUTOFF + timedelta(days=days / 2, milliseconds=days)),
)


@pytest.mark.promise("Polars and the engine compute the same.", when="fingerprints", area="counter")
def test_both_sides_come_to_the_same(platform: Platform) -> None:
    """Over events of all kinds, whatever the column types: extremes, negatives, before 1970."""
    platform.create(
        "CREATE TABLE wide (entityType String, entityId Int64, userId Int64, metricType String,"
        " metricValue Int64, createdAt DateTime64(3, 'UTC')) ENGINE = MergeTree ORDER BY entityId"
    )
    target = stores_of(platform, table="wide").target
    scope = Scope("Tag", METRICS, IDS, CUTOFF)

    @settings(
        max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
    )
    @given(st.lists(event, max_size=60), st.integers(0, 60))
    def agree(rows: list[tuple[object, ...]], cut: int) -> None:
        frame = pl.DataFrame(rows, schema=SCHEMA, orient="row")
        platform.command("TRUNCATE TABLE wide")
        platform.clickhouse.insert(
            "wide",
            [("Tag", entity, user, metric, value, at) for metric, entity, user, value, at in rows]
            or [("Other", 0, 0, "x", 0, CUTOFF)],
            column_names=[
                "entityType",
                "entityId",
                "userId",
                "metricType",
                "metricValue",
                "createdAt",
            ],
        )
        sums = Accumulator(PRINTS)
        # The source's side never holds live events of metrics that are not judged.
        seen = frame.filter(
            (pl.col("createdAt") < CUTOFF) | pl.col("metricType").is_in(["Follower", "Earned"])
        )
        sums.add(seen.head(cut))
        sums.add(seen.slice(cut))
        with target.stage(scope, "prints") as stage:
            found = stage.fingerprints(PRINTS)
            present = stage.present()
        recent = seen.filter(pl.col("createdAt") >= PRINTS.recent)
        differ = differing(sums.result(), found)
        # A bucket has 56 bits: of larger ids it wraps, on both sides.
        buckets = {(one // 16 + 2**55) % 2**56 - 2**55 for one in recent["entityId"]}
        assert set(differ["bucket"]) == buckets
        held = frame.filter(pl.col("createdAt") < CUTOFF)
        assert (found["held"].sum(), found["held_total"].sum()) == (
            held.height,
            held["metricValue"].sum(),
        )
        # One hash of all rows below the cutoff, by whichever way it is computed.
        by_buckets = dict(found.group_by("metricType").agg(pl.col("digest").sum()).iter_rows())
        by_rows = summaries(rows_of(held, METRICS, coarse=False), METRICS)
        for metric in METRICS:
            assert present[metric] == by_rows[metric]
            assert by_buckets.get(metric, 0) == by_rows[metric].hash

    agree()


def test_whole_seconds_are_compared_as_such(platform: Platform) -> None:
    """A target of whole seconds holds what the source's milliseconds are cut to."""
    platform.create(
        "CREATE TABLE coarse (entityType String, entityId UInt32, userId UInt32, metricType String,"
        " metricValue Int32, createdAt DateTime('UTC')) ENGINE = MergeTree ORDER BY entityId"
    )
    at = datetime(2024, 5, 1, 10, 0, 0, 987_000, tzinfo=timezone.utc)
    platform.command(
        "INSERT INTO coarse VALUES ('Tag', 1, 2, 'Follower', 1, '2024-05-01 10:00:00')"
    )
    prints = Prints(("Follower",), (), (), CUTOFF, CUTOFF, CUTOFF, CUTOFF, coarse=True)
    sums = Accumulator(prints)
    frame = pl.DataFrame([("Follower", 1, 2, 1, at)], schema=SCHEMA, orient="row")
    sums.add(frame)
    target = stores_of(platform, table="coarse").target
    with target.stage(Scope("Tag", ("Follower",), IdRange(0, 10), CUTOFF), "coarse") as stage:
        assert differing(sums.result(), stage.fingerprints(prints)).is_empty()
