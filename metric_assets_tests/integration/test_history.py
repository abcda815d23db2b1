"""The history of checks in ClickHouse: what a load, an audit and a planted difference leave there."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest

from metric_assets.audit.checks import FAILED, LOAD, MATCHES_LEGACY, MATCHES_SOURCE, PASSED
from metric_assets.audit.history import History, HistoryRow
from metric_assets.catalog import CATALOG
from metric_assets.ranges import IdRange
from metric_assets.settings import Settings
from metric_assets.stores.clickhouse import ClickHouse
from metric_assets_tests.integration.platforms import TARGET, Platform

pytestmark = pytest.mark.integration

FOLLOWER = CATALOG.pairs["Tag/Follower"]
THEN = datetime(2026, 1, 2, 3, 4, 5, 678_000, tzinfo=timezone.utc)
ROW = HistoryRow(
    THEN, TARGET, "Tag", "Follower", 0, 10, MATCHES_SOURCE, LOAD, PASSED,
    "equal", 7, 7, withdrawn=2, events=7, total=-3, digest=2**64 - 1, cause="a sentence",
)  # fmt: skip


def test_what_is_written_is_read_again(platform: Platform) -> None:
    """Every column, numbers of 64 bits and empty ones included; before the first row there is
    nothing, and no error.
    """
    with ClickHouse(platform.clickhouse_url) as store:
        history = History(store, Settings(target_table=TARGET))
        assert history.last_verified(FOLLOWER, IdRange(0, 10)) is None
        history.write([ROW])
        assert history.last_verified(FOLLOWER, IdRange(0, 10)) == ROW


def test_the_newest_verification_of_a_range_is_found(platform: Platform) -> None:
    """Of this target, pair, range and check alone, and only if it passed."""
    at = [THEN + timedelta(hours=hour) for hour in range(7)]
    newest = replace(ROW, at=at[1], digest=5)
    with ClickHouse(platform.clickhouse_url) as store:
        history = History(store, Settings(target_table=TARGET))
        history.write(
            [
                ROW,
                newest,
                replace(ROW, at=at[2], verdict=FAILED),
                replace(ROW, at=at[3], check=MATCHES_LEGACY),
                replace(ROW, at=at[4], stop=20),
                replace(ROW, at=at[5], metric_type="Hidden"),
                replace(ROW, at=at[6], target="another"),
            ]
        )
        assert history.last_verified(FOLLOWER, IdRange(0, 10)) == newest
        assert history.last_verified(FOLLOWER, IdRange(10, 20)) is None
