"""The pairs of User."""

from __future__ import annotations

import polars as pl

from metric_assets.catalog.model import Entity, Legacy, Pair
from metric_assets.catalog.reasons import SWITCHED_IN_PLACE, UNWRITTEN
from metric_assets.catalog.scan import Scan, Store
from metric_assets.ranges import Grid

ENTITY = Entity(
    "User",
    table="User",
    legacy_id="userId",
    grid=Grid(size=250_000, stop=14_000_000),
    description="Accounts: follows, hides, reviews and reactions received.",
)

FOLLOWING = Scan(
    "user/following",
    sources=("UserEngagement",),
    pairs=(
        Pair(
            "User",
            "Following",
            "Users whom this user follows; one event a surviving follow.",
            Legacy("UserMetric.followingCount"),
            live_reason=SWITCHED_IN_PLACE + UNWRITTEN,
        ),
    ),
)

ENGAGED = Scan(
    "user/engaged",
    sources=("UserEngagement",),
    pairs=(
        Pair(
            "User",
            "Follower",
            "Users who follow this user; one event a surviving follow.",
            Legacy("UserMetric.followerCount"),
            where=pl.col("type") == "Follow",
            live_reason=SWITCHED_IN_PLACE + UNWRITTEN,
        ),
        Pair(
            "User",
            "Hidden",
            "Users who hide this user; one event a surviving hide.",
            Legacy("UserMetric.hiddenCount"),
            where=pl.col("type") == "Hide",
            live_reason=SWITCHED_IN_PLACE + UNWRITTEN,
        ),
    ),
    index='CREATE INDEX CONCURRENTLY ON "UserEngagement" ("targetUserId")',
    cost="a scan of UserEngagement for every range",
)

REVIEWS = Scan(
    "user/reviews",
    sources=("ResourceReview", "ModelVersion"),
    pairs=(
        Pair(
            "User",
            "Review",
            "Reviews the user wrote of versions that are published now.",
            Legacy("UserMetric.reviewCount"),
            live_reason=(
                "A row is an event of +1; a version that is published or taken back changes the "
                "count without one, which is reported as gone untold or live drift."
            )
            + UNWRITTEN,
        ),
    ),
)

REACTIONS = Scan(
    "user/reactions",
    sources=("reactions",),
    pairs=(
        Pair(
            "User",
            "UserImageReaction",
            "Reactions received, created minus deleted, all kinds, self-reactions only before"
            " 2024-04-27.",
            Legacy("UserMetric.reactionCount"),
            value=pl.col("value"),
            live_reason=(
                "The source is itself a stream of creations and deletions, each announced by a "
                "live event of its sign, by the reacting user."
            )
            + UNWRITTEN,
            signed=True,
        ),
    ),
    store=Store.CLICKHOUSE,
    cost="a scan of four narrow columns of reactions for every range: it is sorted by time",
)

SCANS = (FOLLOWING, ENGAGED, REVIEWS, REACTIONS)
