"""A plain loader, as one would write it in an afternoon: what ours is measured against.

Batches of 500 ids, ten at once; rows fetched as objects, events made one by one, sent as lines of
JSON. Nothing is validated, compared or verified, and a second run writes everything twice.
"""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import psycopg
from psycopg.rows import dict_row

from metric_assets_tests.benchmarks.measures import clear, settle
from metric_assets_tests.benchmarks.world import EVENTS_AN_IMAGE, World, tcp
from metric_assets_tests.integration.platforms import TARGET

#: As the customer's plan has them.
BATCH_IDS, AT_ONCE = 500, 10
_ROWS = """SELECT r."imageId", r."userId", r.reaction::text AS reaction, r."createdAt"
FROM "ImageReaction" r JOIN "Image" i ON i.id = r."imageId"
WHERE r."imageId" >= %s AND r."imageId" < %s AND r."createdAt" < '2025-10-01'"""


def plain(world: World, events: int) -> float:
    """Seconds in which it loads so many events."""
    clear(world.source)
    images = events // EVENTS_AN_IMAGE
    batches = [(first, min(first + BATCH_IDS, images)) for first in range(0, images, BATCH_IDS)]
    began = time.perf_counter()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for share in range(AT_ONCE):
            pool.submit(_load, world, batches[share::AT_ONCE]).add_done_callback(
                lambda done: done.result()
            )
    seconds = time.perf_counter() - began
    settle(world.source)
    assert world.source.query(f"SELECT count() FROM {TARGET}") == [(events,)]
    return seconds


def _load(world: World, batches: list[tuple[int, int]]) -> None:
    parts = urlsplit(world.source.clickhouse_url)
    address = (
        f"http://{parts.hostname}:{parts.port}/?database={parts.path.strip('/')}"
        f"&query=INSERT+INTO+{TARGET}+FORMAT+JSONEachRow"
    )
    with psycopg.connect(tcp(world.source.postgres_url), row_factory=dict_row) as connection:
        for batch in batches:
            lines = []
            for row in connection.execute(_ROWS, batch).fetchall():
                for metric in (f"Reaction{row['reaction']}", "Reaction"):
                    event = {
                        "entityType": "Image",
                        "entityId": row["imageId"],
                        "userId": row["userId"],
                        "metricType": metric,
                        "metricValue": 1,
                        "createdAt": f"{row['createdAt']:%Y-%m-%d %H:%M:%S.%f}"[:-3],
                    }
                    lines.append(json.dumps(event))
            urlopen(Request(address, "\n".join(lines).encode())).read()
