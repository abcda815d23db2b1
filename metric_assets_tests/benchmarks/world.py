"""The stores of the benchmark: one embedded stack, and what lies in it.

Belongs here: databases and rows. Does not belong here: what is measured.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from metric_assets.local import stack
from metric_assets.local.demo_stores import DemoPostgres
from metric_assets.local.demo_tables import make_keys, make_tables
from metric_assets.local.postgres import USER
from metric_assets.local.seed import seed
from metric_assets_tests.integration.local_fixtures import free_port
from metric_assets_tests.integration.platforms import TARGET, Platform, open_platform

#: Reactions an image of the benchmark, two events each: the kind, and Reaction.
REACTIONS = 25
EVENTS_AN_IMAGE = 2 * REACTIONS
CUTOFF = "2025-10-01T00:00:00Z"
#: Reactions arrive in the order of the heap, for a thousand images made lately: neighbours on disk
#: are near in ids, but not in their order.
_FILL = (
    """INSERT INTO "Image" (id, url, "userId", "createdAt", "updatedAt")
       SELECT n, 'u', 1, '2023-01-01', '2023-01-01' FROM generate_series(0, {images} - 1) n""",
    """INSERT INTO "ImageReaction" (id, "imageId", "userId", reaction, "createdAt", "updatedAt")
       SELECT n,
              n / ({reactions} * 1000) * 1000 + n % ({reactions} * 1000) * 389 % 1000,
              (n::bigint * 7919 % 12700000)::int,
              (ARRAY['Like', 'Like', 'Like', 'Heart', 'Heart', 'Laugh', 'Cry'])[1 + n % 7]
                  ::"ReviewReactions",
              timestamp '2023-01-01' + n * interval '3 seconds' + n % 997 * interval '1 ms',
              '2025-01-01'
       FROM generate_series(0, {rows} - 1) n""",
    #: What ClickHouse's own backfill reads: the rows of sql/image/reactions.sql, as one would write
    #: it, and with the kind as the number that our scan asks for.
    """CREATE VIEW standing AS
       SELECT r."imageId" AS "entityId", r."userId", r."createdAt", r.reaction::text AS reaction
       FROM "ImageReaction" r JOIN "Image" i ON i.id = r."imageId" """,
    """CREATE VIEW numbered AS
       SELECT r."imageId" AS "entityId", r."userId", r."createdAt",
              CASE r.reaction WHEN 'Like' THEN 1 WHEN 'Dislike' THEN 2 WHEN 'Laugh' THEN 3
                              WHEN 'Cry' THEN 4 WHEN 'Heart' THEN 5 END AS reaction
       FROM "ImageReaction" r JOIN "Image" i ON i.id = r."imageId" """,
)


@dataclass(frozen=True)
class World:
    """``source`` holds reactions, ``empty`` tables without rows, ``demo`` some of everything,
    ``months`` tables for layouts of many parts."""

    home: Path
    source: Platform
    empty: Platform
    demo: Platform
    months: Platform

    def environment(self, platform: Platform, grids: str, name: str) -> dict[str, str]:
        """What a command is given: stores over loopback TCP, a Dagster of its own by ``name``."""
        home = self.home / name
        home.mkdir(exist_ok=True)
        database = f"dagster_{name}"
        found = platform.rows(f"SELECT FROM pg_database WHERE datname = '{database}'")
        if not found:
            platform.run(f"CREATE DATABASE {database}")
        return {
            "METRIC_ASSETS_HOME": str(home),
            "METRIC_ASSETS_POSTGRES_URL": tcp(platform.postgres_url),
            "METRIC_ASSETS_CLICKHOUSE_URL": platform.clickhouse_url,
            "METRIC_ASSETS_DAGSTER_POSTGRES_URL": tcp(platform.postgres_url, database),
            "METRIC_ASSETS_CUTOFF": CUTOFF,
            **({"METRIC_ASSETS_RANGES": grids} if grids else {}),
            "DAGSTER_EVENT_BATCH_SIZE": "500",
            "DAGSTER_DISABLE_TELEMETRY": "1",
        }


@contextmanager
def build_world(home: Path, events: int, demo_scale: int) -> Iterator[World]:
    """Start the stack, make ``events`` of reactions and a demo of about ``demo_scale`` events."""
    endpoints = stack.up(home, clickhouse_port=free_port(), postgres_tcp_port=free_port())
    try:
        with ExitStack() as opened:
            source, empty, demo, months = (
                opened.enter_context(open_platform(endpoints)) for _ in range(4)
            )
            _fill(source, events // EVENTS_AN_IMAGE)
            _make_tables(empty, indexes=True)
            _make_tables(months, indexes=True)
            seed(demo.postgres_url, demo.clickhouse_url, scale=demo_scale, target_table=TARGET)
            yield World(home, source, empty, demo, months)
    finally:
        stack.down(home)


def tcp(url: str, database: str = "") -> str:
    """The URL of a socket as one of loopback TCP, which is what ClickHouse can read from."""
    parts = urlsplit(url)
    port = dict(one.split("=", 1) for one in parts.query.split("&")).get("port", "5432")
    return f"postgresql://{USER}@127.0.0.1:{port}/{database or parts.path.strip('/')}"


def _fill(platform: Platform, images: int) -> None:
    _make_tables(platform, indexes=False)
    for text in _FILL:
        platform.run(text.format(images=images, reactions=REACTIONS, rows=images * REACTIONS))
    DemoPostgres(platform.postgres, {}).run_all("indexes")
    platform.run('VACUUM ANALYZE "Image"')
    platform.run('VACUUM ANALYZE "ImageReaction"')
    platform.run("CHECKPOINT")
    time.sleep(1)


def _make_tables(platform: Platform, *, indexes: bool) -> None:
    session = DemoPostgres(platform.postgres, {})
    make_tables(session)
    if indexes:
        make_keys(session)
