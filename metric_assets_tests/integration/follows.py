"""Follows of users: what tests of faults load, and ways to hold a load up or to see what it left.

Belongs here: the small world that several test modules of faults share. Does not belong here: what
any test expects.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from metric_assets.catalog import CATALOG
from metric_assets.load.loading import Stores
from metric_assets.load.pipeline import materialize
from metric_assets.sql import Statement
from metric_assets.sql import load as load_sql
from metric_assets.stores.clickhouse import ClickHouse
from metric_assets.stores.ports import Scope
from metric_assets.stores.postgres import Postgres
from metric_assets.stores.target import ClickHouseTarget
from metric_assets_tests.integration.local_fixtures import eventually
from metric_assets_tests.integration.platforms import CUTOFF, IDS, TARGET, Platform, stores_of

FOLLOWER = Scope("User", ("Follower",), IDS, CUTOFF)
FOLLOWS = 2_000


def follows(platform: Platform, rows: int = FOLLOWS) -> None:
    """Users who follow and hide users 0 to 99."""
    platform.run(
        'INSERT INTO "UserEngagement" ("userId", "targetUserId", type, "createdAt")'
        " SELECT n, n % 100, (ARRAY['Follow', 'Hide'])[1 + n % 2]::\"UserEngagementType\","
        f" timestamp '2024-01-01' + n * interval '1 second' FROM generate_series(1, {rows}) n"
    )


def exact(platform: Platform, metric: str = "Follower") -> bool:
    """Whether the target holds the follows (or hides), each once, and nothing else of them."""
    kind = {"Follower": "Follow", "Hidden": "Hide"}[metric]
    wanted = platform.rows(
        'SELECT "targetUserId", "userId" FROM "UserEngagement"'
        f" WHERE type = '{kind}' ORDER BY 1, 2"
    )
    found = [(event[0], event[1]) for event in platform.standing(f"metricType = '{metric}'")]
    return found == wanted


def leftovers(platform: Platform) -> list[tuple[Any, ...]]:
    """Private tables, statements and unfinished mutations in this platform's database."""
    return platform.query(
        "SELECT name FROM system.tables WHERE database = currentDatabase()"
        f" AND startsWith(name, '{TARGET}__')"
        " UNION ALL SELECT query FROM system.processes"
        " WHERE current_database = currentDatabase()"
        " AND startsWith(Settings['log_comment'], 'metric_assets ')"
        " UNION ALL SELECT command FROM system.mutations"
        " WHERE database = currentDatabase() AND NOT is_done"
    )


def sessions(platform: Platform) -> int:
    """Sessions of ours that run something in this platform's source."""
    count: int = platform.rows(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        " AND application_name LIKE 'metric_assets%' AND state <> 'idle'"
    )[0][0]
    return count


@contextmanager
def dead_attempt(platform: Platform) -> Iterator[tuple[dict[str, str], str]]:
    """The tables of an attempt that has died, and its name in log comments."""
    stage = stores_of(platform).target.private(FOLLOWER, "dead")
    made = stage.__enter__()
    made.create()
    yield made.tables.names, made.tables.owner
    del stage


def orphan(platform: Platform, text: str, owner: str) -> None:
    """A statement whose client is gone as soon as the server has begun it."""
    url = urlsplit(platform.clickhouse_url)
    asked = urlencode(
        {
            "database": url.path.strip("/"),
            "log_comment": owner,
            "query_id": f"orphan-{url.path[-8:]}",
            "min_insert_block_size_rows": 1,
            "max_block_size": 100,
            "max_threads": 1,
        },
        quote_via=quote,
    )
    with socket.create_connection((url.hostname, url.port or 8123)) as client:
        head = f"POST /?{asked} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(text)}\r\n\r\n"
        client.sendall(head.encode() + text.encode())
        assert eventually(lambda: running(platform, owner))


def running(platform: Platform, owner: str) -> bool:
    """Whether the server runs a statement of this owner."""
    return platform.query(
        f"SELECT count() FROM system.processes WHERE Settings['log_comment'] = '{owner}'"
    ) != [(0,)]


class Gate(Postgres):
    """A source that stops between opening a reading and its rows until let through."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.reached = threading.Event()
        self.opened = threading.Event()

    @contextmanager
    def read(self, *asked: Any) -> Iterator[Any]:
        with super().read(*asked) as reading:
            self.reached.set()
            assert self.opened.wait(30)
            yield reading


def run(
    platform: Platform, key: str, source: Postgres, *, timeout: int = 1800, **options: Any
) -> Any:
    """Materialize a pair through stores of its own, as another process would."""
    with source, ClickHouse(platform.clickhouse_url, timeout=timeout) as store:
        target = ClickHouseTarget(store, TARGET)
        stores = Stores(source, target, source)
        return materialize(CATALOG.scan[key], [CATALOG.pairs[key]], IDS, CUTOFF, stores, **options)


def slowly(name: str, text: str) -> Callable[..., Statement]:
    """Statements as on disk, but for one, whose text is another."""

    def loaded(asked: str, folder: Path | None = None) -> Statement:
        found = load_sql(asked, folder)
        if asked != name:
            return found
        return Statement(found.name, text, "", frozenset())

    return loaded


SLOW_READ = 'SELECT 1 AS "entityId", 2 AS "userId", now()::timestamp AS "createdAt", pg_sleep(60)::text AS "type"'


#: Rows as they come, for minutes.
SLOW_ROWS = (
    'SELECT n AS "entityId", n AS "userId", timestamp \'2024-01-01\' AS "createdAt",'
    " repeat('x', 30000) || pg_sleep(0.01)::text AS \"type\" FROM generate_series(1, 10000) n"
)
