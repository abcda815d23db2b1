"""The pairs of Tag."""

from __future__ import annotations

import polars as pl

from metric_assets.catalog.model import Entity, Legacy, Pair
from metric_assets.catalog.reasons import SWITCHED_IN_PLACE, UNWRITTEN
from metric_assets.catalog.scan import Scan
from metric_assets.ranges import Grid

ENTITY = Entity(
    "Tag",
    table="Tag",
    legacy_id="tagId",
    grid=Grid(size=50_000, stop=1_000_000),
    description="Tags: who follows and who hides them.",
)

ENGAGED = Scan(
    "tag/engaged",
    sources=("TagEngagement",),
    pairs=(
        Pair(
            "Tag",
            "Hidden",
            "Users who hide the tag.",
            Legacy("TagMetric.hiddenCount"),
            where=pl.col("type") == "Hide",
            live_reason=SWITCHED_IN_PLACE + UNWRITTEN,
        ),
        Pair(
            "Tag",
            "Follower",
            "Users who follow the tag.",
            Legacy("TagMetric.followerCount"),
            where=pl.col("type") == "Follow",
            live_reason=SWITCHED_IN_PLACE,
        ),
    ),
    index='CREATE INDEX CONCURRENTLY ON "TagEngagement" ("tagId")',
    cost="a scan of TagEngagement for every range",
)

SCANS = (ENGAGED,)
