"""The pairs of Post."""

from __future__ import annotations

import polars as pl

from metric_assets.catalog.model import Entity, Legacy, Live, Pair
from metric_assets.catalog.reasons import (
    ONE_EVENT_A_REACTION_OF_AN_IMAGE,
    USER_MAY_GO,
    WITHOUT_REPLIES,
)
from metric_assets.catalog.scan import Scan
from metric_assets.ranges import Grid

ENTITY = Entity(
    "Post",
    table="Post",
    legacy_id="postId",
    grid=Grid(size=250_000, stop=25_000_000),
    description="Posts: reactions to their images, comments and collections.",
)

REACTIONS = Scan(
    "post/reactions",
    sources=("Post", "Image", "ImageReaction"),
    pairs=(
        Pair(
            "Post",
            "ReactionLike",
            "Like reactions that still stand, to images that are in the post today.",
            Legacy("PostMetric.likeCount"),
            where=pl.col("reaction") == "Like",
            live_reason=ONE_EVENT_A_REACTION_OF_AN_IMAGE,
        ),
        Pair(
            "Post",
            "ReactionDislike",
            "Dislike reactions that still stand, to images that are in the post today.",
            Legacy("PostMetric.dislikeCount"),
            where=pl.col("reaction") == "Dislike",
            live_reason=ONE_EVENT_A_REACTION_OF_AN_IMAGE,
        ),
        Pair(
            "Post",
            "ReactionLaugh",
            "Laugh reactions that still stand, to images that are in the post today.",
            Legacy("PostMetric.laughCount"),
            where=pl.col("reaction") == "Laugh",
            live_reason=ONE_EVENT_A_REACTION_OF_AN_IMAGE,
        ),
        Pair(
            "Post",
            "ReactionCry",
            "Cry reactions that still stand, to images that are in the post today.",
            Legacy("PostMetric.cryCount"),
            where=pl.col("reaction") == "Cry",
            live_reason=ONE_EVENT_A_REACTION_OF_AN_IMAGE,
        ),
        Pair(
            "Post",
            "ReactionHeart",
            "Heart reactions that still stand, to images that are in the post today.",
            Legacy("PostMetric.heartCount"),
            where=pl.col("reaction") == "Heart",
            live_reason=ONE_EVENT_A_REACTION_OF_AN_IMAGE,
        ),
    ),
)

COMMENTS = Scan(
    "post/comments",
    sources=("Thread", "CommentV2"),
    pairs=(
        Pair(
            "Post",
            "Comment",
            "Comments directly in the post's thread; replies live in threads of their own.",
            Legacy("PostMetric.commentCount"),
            live_reason=WITHOUT_REPLIES,
            live=Live.ABSORB,
        ),
    ),
)

COLLECTED = Scan(
    "post/collected",
    sources=("CollectionItem", "Post"),
    pairs=(
        Pair(
            "Post",
            "Collection",
            "Items of collections that are the post, any mode and status.",
            Legacy("PostMetric.collectedCount"),
            live_reason=USER_MAY_GO,
        ),
    ),
    index='CREATE INDEX CONCURRENTLY ON "CollectionItem" ("postId") WHERE "postId" IS NOT NULL',
    cost="a scan of CollectionItem for every range",
)

SCANS = (REACTIONS, COMMENTS, COLLECTED)
