"""Real engines with many places of one pair: written, loaded, spoiled and explained together.

Belongs here: from rows to stores and back. Does not belong here: the rows (places, injections).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from pydantic import SecretStr

from metric_assets.audit.explain.case import Verified
from metric_assets.catalog import CATALOG
from metric_assets.catalog.model import Pair
from metric_assets.connect import open_both, open_stores
from metric_assets.examined import COLUMNS
from metric_assets.live import LiveRules
from metric_assets.load.pipeline import materialize
from metric_assets.operations.explain import Explained, Explainer
from metric_assets.ranges import IdRange
from metric_assets.row_hash import row_hashes
from metric_assets.settings import Settings
from metric_assets.source_state import Loaded, Position
from metric_assets_tests.explained.places import SIZE, VERIFIED, Place, Row
from metric_assets_tests.integration.platforms import CUTOFF, TARGET, Platform

#: An exact pair, an informational one, and one that is read from ClickHouse.
KINDS = {
    "exact": "Tag/Follower",
    "informational": "Image/ReactionLike",
    "ClickHouse": "User/UserImageReaction",
}
_METRIC = {
    "Tag": ("TagMetric", "tagId", "followerCount"),
    "Image": ("ImageMetric", "imageId", "likeCount"),
    "User": ("UserMetric", "userId", "reactionCount"),
}
_TARGET = ("entityType", "entityId", "userId", "metricType", "metricValue", "createdAt")


@dataclass
class Records:
    """What is on record of earlier loads and checks, as the history has it."""

    verified: dict[tuple[Pair, IdRange], Verified] = field(default_factory=dict)

    def last_verified(
        self, pair: Pair, ids: IdRange, by: datetime | None = None
    ) -> Verified | None:
        """The load of a range."""
        del by
        return self.verified.get((pair, ids))

    def last_agreed(self, pair: Pair, ids: IdRange) -> datetime | None:
        """Legacy agreed when the range was loaded."""
        return VERIFIED if (pair, ids) in self.verified else None


@dataclass
class World:
    """A platform with places of one pair."""

    platform: Platform
    pair: Pair
    home: Path
    places: list[Place]
    memory_rows: int = 50_000
    records: Records = field(default_factory=Records)
    codes: dict[IdRange, str] = field(default_factory=dict)

    @property
    def settings(self) -> Settings:
        """The settings of the platform."""
        return Settings(
            postgres_url=SecretStr(self.platform.postgres_url),
            clickhouse_url=SecretStr(self.platform.clickhouse_url),
            home=self.home,
            target_table=TARGET,
            cutoff=CUTOFF,
            live_lag=0.2,
            clock_skew=0.1,
            memory_rows=self.memory_rows,
        )

    def load(self) -> None:
        """Write source and live events, load what is to be loaded, and read the target back."""
        self.write_source()
        self.write_target([row for place in self.places for row in place.live])
        settings, scan = self.settings, CATALOG.scan[self.pair.key]
        with open_both(settings) as (postgres, clickhouse):
            stores = open_stores(scan, postgres, clickhouse, settings, "explained")
            # One load for all is quicker; what each range holds then is one sum of hashes.
            for stretch in _stretches(self.places):
                (result,) = materialize(
                    scan, [self.pair], stretch, CUTOFF, stores, live=LiveRules(0.2, 0.1)
                )
                self.codes[stretch] = result.code_version
        self._read_back()
        for place in self.places:
            place.recompute()
            if place.loaded:
                rows = pl.DataFrame(place.below, schema=COLUMNS, orient="row")
                digest = int(row_hashes(rows).to_numpy().sum(dtype=np.uint64))
                self.records.verified[self.pair, place.ids] = Verified(digest, CUTOFF, VERIFIED)

    def _read_back(self) -> None:
        """The places hold what the target holds."""
        held = self.platform.query(
            "SELECT toInt64(entityId), toInt64(userId), toInt64(metricValue),"
            f" toUnixTimestamp64Milli(toDateTime64(createdAt, 3, 'UTC')) FROM {TARGET}"
        )
        by_start = {place.ids.start: place for place in self.places}
        for place in self.places:
            place.target = []
        for entity, user, value, at in held:
            instant = datetime.fromtimestamp(at // 1000, timezone.utc)
            row = Row(entity, user, value, instant.replace(microsecond=at % 1000 * 1000))
            by_start[entity // SIZE * SIZE].target.append(row)

    def write(self) -> None:
        """Write everything as the places have it now."""
        self.write_source()
        self.write_target([row for place in self.places for row in place.target])
        self.write_legacy()

    def write_target(self, rows: Sequence[Row]) -> None:
        """The target holds these rows, and nothing else."""
        self.platform.command(f"TRUNCATE TABLE {TARGET}")
        entity, metric = self.pair.entity, self.pair.metric
        data = [(entity, row.entity, row.user, metric, row.value, row.at) for row in rows]
        if data:
            self.platform.clickhouse.insert(TARGET, data, column_names=_TARGET)

    def write_source(self) -> None:
        """The source has the rows and entities of the places, and nothing else."""
        rows = [row for place in self.places for row in place.source]
        ids = sorted({one for place in self.places for one in place.entities})
        made = "2024-01-01"
        match self.pair.entity:
            case "Tag":
                self._copy("Tag", ("id", "name", "createdAt"), [(i, str(i), made) for i in ids])
                follows = [(row.user, row.entity, "Follow", _text(row.at)) for row in rows]
                self._copy("TagEngagement", ("userId", "tagId", "type", "createdAt"), follows)
            case "Image":
                names = ("id", "url", "userId", "createdAt", "updatedAt")
                self._copy("Image", names, [(i, "", 1, made, made) for i in ids])
                likes = [
                    (number, row.entity, row.user, "Like", _text(row.at), made)
                    for number, row in enumerate(rows)
                ]
                columns = ("id", "imageId", "userId", "reaction", "createdAt", "updatedAt")
                self._copy("ImageReaction", columns, likes)
            case _:
                self._copy("User", ("id", "createdAt"), [(i, made) for i in ids])
                self._react(rows)

    def _react(self, rows: Sequence[Row]) -> None:
        self.platform.command("TRUNCATE TABLE reactions")
        names = (
            "type", "time", "userId", "entityId", "reaction", "nsfw", "ip", "userAgent", "ownerId",
        )  # fmt: skip
        data = [
            (
                "Image_Create" if row.value > 0 else "Image_Delete",
                row.at, row.user, 1, "Like", "None", "", "", row.entity,
            )
            for row in rows
        ]  # fmt: skip
        self.platform.clickhouse.insert("reactions", data, column_names=names)

    def write_legacy(self) -> None:
        """The legacy table holds the counters of the places."""
        table, key, column = _METRIC[self.pair.entity]
        rows = [
            (entity, "AllTime", value, _text(updated))
            for place in self.places
            for entity, (value, updated) in place.legacy.items()
        ]
        self._copy(table, (key, "timeframe", column, "updatedAt"), rows)

    def _copy(self, table: str, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
        self.platform.run(f'TRUNCATE "{table}"')
        names = ", ".join(f'"{name}"' for name in columns)
        with (
            self.platform.postgres.cursor() as cursor,
            cursor.copy(f'COPY "{table}" ({names}) FROM STDIN'.encode()) as copy,
        ):
            for row in rows:
                copy.write_row(row)

    @contextmanager
    def explainer(self) -> Iterator[Explainer]:
        """What explains the places, with what is on record."""

        def recorded(_pairs: Sequence[Pair], ids: IdRange) -> dict[str, Loaded]:
            if (self.pair, ids) not in self.records.verified:
                return {}
            code = next(iter(self.codes.values()))
            return {self.pair.metric: Loaded(Position(), CUTOFF, code)}

        with open_both(self.settings) as (postgres, clickhouse):
            yield Explainer(self.settings, postgres, clickhouse, recorded, self.records)

    def explain(self) -> list[Explained]:
        """What is said of each place."""
        with self.explainer() as explainer:
            return [explainer.explain(self.pair, place.ids) for place in self.places]


def _stretches(places: Sequence[Place]) -> list[IdRange]:
    """The ids of neighbouring places that are loaded."""
    found: list[IdRange] = []
    for place in places:
        if place.loaded and found and found[-1].stop == place.ids.start:
            found[-1] = IdRange(found[-1].start, place.ids.stop)
        elif place.loaded:
            found.append(place.ids)
    return found


def make_fine(platform: Platform) -> None:
    """A table of reactions that keeps milliseconds."""
    (made,) = platform.query("SHOW CREATE TABLE reactions")[0]
    platform.command("DROP TABLE reactions")
    platform.command(
        made.replace("`time` DateTime ", "`time` DateTime64(3) ").replace(
            "DEFAULT now()", "DEFAULT now64(3)"
        )
    )


def _text(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
