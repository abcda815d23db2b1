"""No false alarm while the platform goes on, and a real loss is found beside it.

Belongs here: a writer at work while both kinds of checks run. Does not belong here: what a check
says of a platform at rest.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import psycopg
import pytest
from clickhouse_connect.driver.client import Client

from metric_assets.audit.late_events import Patience
from metric_assets.audit.legacy_check import check_groups
from metric_assets.catalog import CATALOG
from metric_assets.defaults import MEMORY_ROWS
from metric_assets.live import LiveRules
from metric_assets.load.second_look import SecondLooks
from metric_assets.load_result import LoadResult
from metric_assets.local.demo_stores import clickhouse
from metric_assets.reconcile import Verdict
from metric_assets.stores.totals import EventTotals
from metric_assets_tests.integration.platforms import (
    CUTOFF,
    IDS,
    TARGET,
    Platform,
    load,
    stores_of,
)

pytestmark = pytest.mark.integration

KEY = "Tag/Follower"
#: Pairs of reconciliations, of both kinds.
ROUNDS = 4
#: Operations a second, tags and users of the writer.
RATE, TAGS, USERS = 200, 20, 400
#: Live events come in so many seconds after what they tell.
DELAYS = (0.0, 0.2, 1.0)
#: Seconds that one waits for others to come with it.
PATIENCE = 0.3
RULES = LiveRules(lag=3.0, skew=0.5)
_COLUMNS = ["entityType", "entityId", "userId", "metricType", "metricValue", "createdAt"]


class Writer(threading.Thread):
    """Users who follow and unfollow tags; the legacy counter moves with them, live events follow."""

    def __init__(self, platform: Platform) -> None:
        super().__init__(daemon=True)
        self._urls = platform.postgres_url, platform.clickhouse_url
        self._ending = threading.Event()
        self._chance = random.Random(7)  # noqa: S311 - not for secrets
        self._waiting: list[tuple[float, tuple[Any, ...]]] = []
        self.done = 0

    def run(self) -> None:
        """Act at RATE until told to end, then let the last events arrive."""
        with psycopg.connect(self._urls[0]) as source, clickhouse(self._urls[1]) as target:
            began = time.monotonic()
            while not self._ending.is_set():
                self._act(source)
                self.done += 1
                self._arrive(target)
                time.sleep(max(0.0, began + self.done / RATE - time.monotonic()))
            time.sleep(max(DELAYS))
            self._arrive(target)

    def end(self) -> None:
        """Stop."""
        self._ending.set()
        self.join()

    def _act(self, source: psycopg.Connection[Any]) -> None:
        tag, user = self._chance.randrange(TAGS), self._chance.randrange(USERS)
        with source.transaction():
            gone = source.execute(
                'DELETE FROM "TagEngagement" WHERE "tagId" = %s AND "userId" = %s', [tag, user]
            ).rowcount
            if not gone:
                source.execute(
                    'INSERT INTO "TagEngagement" ("tagId", "userId", type, "createdAt")'
                    " VALUES (%s, %s, 'Follow', clock_timestamp() AT TIME ZONE 'UTC')",
                    [tag, user],
                )
            value = -1 if gone else 1
            at: datetime = source.execute(
                'UPDATE "TagMetric" SET "followerCount" = "followerCount" + %s'
                " WHERE \"tagId\" = %s RETURNING clock_timestamp() AT TIME ZONE 'UTC'",
                [value, tag],
            ).fetchone()[0]  # type: ignore[index]
        due = time.monotonic() + self._chance.choice(DELAYS)
        self._waiting.append((due, ("Tag", tag, user, "Follower", value, at)))

    def _arrive(self, target: Client) -> None:
        now = time.monotonic()
        come = [row for due, row in self._waiting if due <= now]
        oldest = min((due for due, _ in self._waiting), default=now)
        # On a busy machine many would come together long after they are due.
        if len(come) >= RATE // 10 or now - oldest > PATIENCE or self._ending.is_set():
            self._waiting = [one for one in self._waiting if one[0] > now]
            target.insert(TARGET, come, column_names=_COLUMNS)


@pytest.fixture
def writing(platform: Platform) -> Iterator[Platform]:
    """A platform that is loaded, with a writer at work."""
    for tag in range(TAGS):
        platform.add("Tag", id=tag, createdAt="2024-01-01")
        platform.add("TagMetric", tagId=tag, timeframe="AllTime", followerCount=100, hiddenCount=0)
    platform.run(
        'INSERT INTO "TagEngagement" ("tagId", "userId", type, "createdAt")'
        f" SELECT t, u, 'Follow', '2024-01-01' FROM generate_series(0, {TAGS - 1}) t,"
        " generate_series(0, 99) u"
    )
    # The stream has begun.
    platform.command(
        f"INSERT INTO {TARGET} VALUES ('Tag', 0, 1, 'Follower', 1, '2025-11-01'),"
        " ('Tag', 0, 1, 'Follower', -1, '2025-11-02')"
    )
    assert load(platform, KEY, live=RULES)[0].inserted == 100 * TAGS
    writer = Writer(platform)
    writer.start()
    yield platform
    writer.end()
    assert writer.done > 0


def audit(platform: Platform, *, dry_run: bool = True) -> LoadResult:
    """What the source check of the schedule comes to; or a load, with its second look."""
    looks = SecondLooks()
    (found,) = load(platform, KEY, live=RULES, looks=looks, dry_run=dry_run)
    made = stores_of(platform)
    return next(iter(looks.take(made.target, made.postgres)), found)


@pytest.mark.promise(
    "Neither check raises a false alarm; one lost row is found.",
    when="a platform at work, 200 operations a second",
    area="counter",
)
def test_a_platform_at_work_raises_no_alarm_and_a_loss_is_found(writing: Platform) -> None:
    """Neither check differs while 200 operations a second go on and their events are late, compared
    in ClickHouse or in memory; then one row below the cutoff is lost, and the next source check
    names pair, range and what is missing.
    """
    for number in range(ROUNDS):
        writing.memory_rows = MEMORY_ROWS * (number % 2)
        found = audit(writing)
        assert (found.differs, found.drifts, found.verified) == (False, False, True), found
        made = stores_of(writing)
        patience, totals = Patience(RULES), EventTotals(made.clickhouse, TARGET)
        pair = CATALOG.pairs[KEY]
        ((_, _, verdict),) = check_groups(
            CATALOG.entity[pair.entity], [([pair], [IDS])], made.postgres, totals, patience
        )
        assert isinstance(verdict, Verdict)
        assert verdict.passed, verdict
    # A key that the writer never touches.
    writing.run(
        'INSERT INTO "TagEngagement" ("tagId", "userId", type, "createdAt")'
        " VALUES (5, 9999, 'Follow', '2024-01-01')"
    )
    audit(writing, dry_run=False)
    lost = f"entityId = 5 AND userId = 9999 AND createdAt < '{CUTOFF:%Y-%m-%d}'"
    writing.command(f"DELETE FROM {TARGET} WHERE {lost}")
    found = audit(writing)
    assert (found.pair.key, found.ids.key, found.inserted, found.removed) == (KEY, IDS.key, 1, 0)
