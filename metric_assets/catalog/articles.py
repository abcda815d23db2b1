"""The pairs of Article."""

from __future__ import annotations

import polars as pl

from metric_assets.catalog.model import Entity, Legacy, Live, Pair, Rule
from metric_assets.catalog.reasons import (
    GROWS_IN_PLACE,
    ONE_EVENT_A_BOOKMARK,
    ONE_EVENT_A_ROW,
    ONE_ROW_A_GIVER,
    UNWRITTEN,
    USER_MAY_GO,
    WITHOUT_REPLIES,
)
from metric_assets.catalog.scan import Scan
from metric_assets.ranges import Grid

ENTITY = Entity(
    "Article",
    table="Article",
    legacy_id="articleId",
    grid=Grid(size=5_000, stop=100_000),
    description="Articles: reactions, comments, collections, hides and tips.",
)

REACTIONS = Scan(
    "article/reactions",
    sources=("ArticleReaction",),
    pairs=(
        Pair(
            "Article",
            "ReactionLike",
            "Like reactions that still stand.",
            Legacy("ArticleMetric.likeCount"),
            where=pl.col("reaction") == "Like",
            live_reason=ONE_EVENT_A_ROW,
        ),
        Pair(
            "Article",
            "ReactionDislike",
            "Dislike reactions that still stand.",
            Legacy("ArticleMetric.dislikeCount"),
            where=pl.col("reaction") == "Dislike",
            live_reason=ONE_EVENT_A_ROW,
        ),
        Pair(
            "Article",
            "ReactionLaugh",
            "Laugh reactions that still stand.",
            Legacy("ArticleMetric.laughCount"),
            where=pl.col("reaction") == "Laugh",
            live_reason=ONE_EVENT_A_ROW,
        ),
        Pair(
            "Article",
            "ReactionCry",
            "Cry reactions that still stand.",
            Legacy("ArticleMetric.cryCount"),
            where=pl.col("reaction") == "Cry",
            live_reason=ONE_EVENT_A_ROW,
        ),
        Pair(
            "Article",
            "ReactionHeart",
            "Heart reactions that still stand.",
            Legacy("ArticleMetric.heartCount"),
            where=pl.col("reaction") == "Heart",
            live_reason=ONE_EVENT_A_ROW,
        ),
    ),
)

COMMENTS = Scan(
    "article/comments",
    sources=("Thread", "CommentV2"),
    pairs=(
        Pair(
            "Article",
            "Comment",
            "Comments directly in the article's thread; replies live in threads of their own.",
            Legacy("ArticleMetric.commentCount"),
            live_reason=WITHOUT_REPLIES,
            live=Live.ABSORB,
        ),
    ),
)

COLLECTED = Scan(
    "article/collected",
    sources=("CollectionItem", "Article", "Collection"),
    pairs=(
        Pair(
            "Article",
            "Favorite",
            "Bookmarks of the article, in collections of type Article.",
            Legacy(
                "ArticleMetric.favoriteCount",
                Rule.INFORMATIONAL,
                gap="frozen since 2024-03-13: no processor writes it any more",
            ),
            where=pl.col("bookmark"),
            live_reason=ONE_EVENT_A_BOOKMARK,
        ),
        Pair(
            "Article",
            "Collection",
            "Items of collections that are the article, any mode and status, bookmarks included.",
            Legacy("ArticleMetric.collectedCount"),
            where=~pl.col("bookmark"),
            live_reason=USER_MAY_GO,
        ),
    ),
    index='CREATE INDEX CONCURRENTLY ON "CollectionItem" ("articleId")'
    ' WHERE "articleId" IS NOT NULL',
    cost="a scan of CollectionItem for every range",
)

HIDDEN = Scan(
    "article/hidden",
    sources=("Article", "ArticleEngagement"),
    pairs=(
        Pair(
            "Article",
            "Hide",
            "Users who hide the article.",
            Legacy("ArticleMetric.hideCount"),
            live_reason=ONE_EVENT_A_ROW + UNWRITTEN,
        ),
    ),
)

TIPS = Scan(
    "article/tips",
    sources=("BuzzTip", "Article"),
    pairs=(
        Pair(
            "Article",
            "TipCount",
            "Users who tipped the article.",
            Legacy("ArticleMetric.tippedCount"),
            live_reason=ONE_ROW_A_GIVER + UNWRITTEN,
        ),
        Pair(
            "Article",
            "TipAmount",
            "Amount tipped to the article.",
            Legacy("ArticleMetric.tippedAmountCount"),
            value=pl.col("amount"),
            live_reason=GROWS_IN_PLACE + UNWRITTEN,
        ),
    ),
)

SCANS = (REACTIONS, COMMENTS, COLLECTED, HIDDEN, TIPS)
