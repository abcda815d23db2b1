"""What repairs cost on tables of many parts: 100 rows of surplus, and a source of which 1 % changed.

Belongs here: the layouts, and loads into them. Does not belong here: loads of one size or another
into our own layout (measures).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from metric_assets.ranges import IdRange
from metric_assets_tests.benchmarks.measures import Figure, interleaved
from metric_assets_tests.integration.platforms import Platform, load, stores_of

#: Reactions lie in 37 months, evenly.
MONTHS = 37
_COLUMNS = (
    "entityType LowCardinality(String), entityId Int32, userId Int32,"
    " metricType LowCardinality(String), metricValue Int32, createdAt DateTime64(3)"
)
_MONTHLY = "PARTITION BY toYYYYMM(createdAt) ORDER BY (entityType, entityId, createdAt)"
_PATCHES = "enable_block_number_column = 1, enable_block_offset_column = 1"
LAYOUTS = {
    "by month": _MONTHLY,
    "by month, patch parts": f"{_MONTHLY} SETTINGS {_PATCHES}",
    "by entity, patch parts": "PARTITION BY entityType ORDER BY (entityType, metricType, entityId,"
    f" createdAt) SETTINGS {_PATCHES}",
}
_KEYS = [f"Image/Reaction{kind}" for kind in ("Like", "Dislike", "Laugh", "Cry", "Heart")]
_IMAGES = 4_000
_CELLS = [IdRange(start, start + 1_000) for start in range(0, _IMAGES, 1_000)]
_INSERT = (
    'INSERT INTO "ImageReaction" (id, "imageId", "userId", reaction, "createdAt", "updatedAt")'
    f" SELECT n, n * 41 % {_IMAGES}, n,"
    " (ARRAY['Like', 'Dislike', 'Laugh', 'Cry', 'Heart'])[1 + n % 5]::\"ReviewReactions\","
    " timestamp '2022-09-01' + (n::bigint * 7919 % 97000000) * interval '1 second', now()"
    " FROM generate_series({first}, {last}) n"
)


@dataclass
class Layouts:
    """Tables of every layout over one source of ``rows`` reactions."""

    platform: Platform
    rows: int
    _last: int = 0

    def measure(self, rounds: int) -> dict[str, dict[str, Figure]]:
        """By layout: seconds of an unchanged re-run, of one with 1 % changed, and those that 100
        surplus rows take to be removed.
        """
        self._fill()
        found = {}
        for name, layout in LAYOUTS.items():
            table = "layout_" + "".join(filter(str.isalpha, name))
            self.platform.command(f"CREATE TABLE {table} ({_COLUMNS}) ENGINE = MergeTree {layout}")
            self._load(table)
            # Three more parts a month, as a live stream leaves them.
            self.platform.command(f"SYSTEM STOP MERGES {table}")
            for _ in range(3):
                self.platform.command(
                    f"INSERT INTO {table} SELECT 'Live', number, 1, 'x', 1,"
                    " toDateTime64('2022-09-15', 3, 'UTC') + toIntervalMonth(number % 37)"
                    " FROM numbers(3700)"
                )
            found[name] = interleaved(rounds, self._steps(table))
        return found

    def _steps(self, table: str) -> dict[str, Callable[[], float]]:
        def surplus() -> float:
            self.platform.command(
                f"INSERT INTO {table} SELECT * FROM {table} WHERE entityType = 'Image'"
                " AND entityId < 1000 AND metricValue > 0 ORDER BY cityHash64(userId) LIMIT 100"
            )
            return self._load(table)[1]

        def changed() -> float:
            self._change()
            return self._load(table)[0]

        return {
            "unchanged": lambda: self._load(table)[0],
            "100 surplus": surplus,
            "1 % changed": changed,
        }

    def _load(self, table: str) -> tuple[float, float]:
        """Seconds of all ranges, and of them those in which the difference was written."""
        through = stores_of(self.platform, table=table)
        began = time.perf_counter()
        load_results = [load(self.platform, _KEYS, ids, through=through)[0] for ids in _CELLS]
        seconds = time.perf_counter() - began
        return seconds, sum(load_result.phases.get("apply", 0.0) for load_result in load_results)

    def _fill(self) -> None:
        self.platform.run(
            'INSERT INTO "Image" (id, url, "userId", "createdAt", "updatedAt")'
            f" SELECT n, 'u', 1, '2022-01-01', '2022-01-01' FROM generate_series(0, {_IMAGES}) n"
        )
        self.platform.run(_INSERT.format(first=1, last=self.rows))
        self.platform.run('VACUUM ANALYZE "ImageReaction"')
        self._last = self.rows

    def _change(self) -> None:
        """Half a percent of the rows go, as many come."""
        share = self.rows // 200
        self.platform.run(
            f'DELETE FROM "ImageReaction" WHERE id IN (SELECT id FROM "ImageReaction"'
            f" ORDER BY id LIMIT {share})"
        )
        self.platform.run(_INSERT.format(first=self._last + 1, last=self._last + share))
        self._last += share
