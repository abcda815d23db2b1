"""The pairs of Image."""

from __future__ import annotations

import polars as pl

from metric_assets.catalog.model import Entity, Legacy, Live, Pair, Rule
from metric_assets.catalog.reasons import (
    GROWS_IN_PLACE,
    ONE_EVENT_A_ROW,
    ONE_ROW_A_GIVER,
    UNWRITTEN,
    USER_MAY_GO,
    WITHOUT_REPLIES,
)
from metric_assets.catalog.scan import Scan
from metric_assets.ranges import Grid

ENTITY = Entity(
    "Image",
    table="Image",
    legacy_id="imageId",
    grid=Grid(size=1_000_000, stop=140_000_000),
    description="Images: reactions, comments, collections and tips.",
)

_GAP = "frozen since 2025-02-28: the processor is switched off, rows made since then stay at zero"

#: The numbers of sql/image/reactions.sql.
_LIKE, _DISLIKE, _LAUGH, _CRY, _HEART = range(1, 6)

REACTIONS = Scan(
    "image/reactions",
    sources=("ImageReaction", "Image"),
    pairs=(
        Pair(
            "Image",
            "ReactionLike",
            "Like reactions that still stand.",
            Legacy("ImageMetric.likeCount", Rule.INFORMATIONAL, gap=_GAP),
            where=pl.col("reaction") == _LIKE,
            live_reason=ONE_EVENT_A_ROW,
        ),
        Pair(
            "Image",
            "ReactionDislike",
            "Dislike reactions that still stand.",
            Legacy("ImageMetric.dislikeCount", Rule.INFORMATIONAL, gap=_GAP),
            where=pl.col("reaction") == _DISLIKE,
            live_reason=ONE_EVENT_A_ROW + UNWRITTEN,
        ),
        Pair(
            "Image",
            "ReactionLaugh",
            "Laugh reactions that still stand.",
            Legacy("ImageMetric.laughCount", Rule.INFORMATIONAL, gap=_GAP),
            where=pl.col("reaction") == _LAUGH,
            live_reason=ONE_EVENT_A_ROW,
        ),
        Pair(
            "Image",
            "ReactionCry",
            "Cry reactions that still stand.",
            Legacy("ImageMetric.cryCount", Rule.INFORMATIONAL, gap=_GAP),
            where=pl.col("reaction") == _CRY,
            live_reason=ONE_EVENT_A_ROW,
        ),
        Pair(
            "Image",
            "ReactionHeart",
            "Heart reactions that still stand.",
            Legacy("ImageMetric.heartCount", Rule.INFORMATIONAL, gap=_GAP),
            where=pl.col("reaction") == _HEART,
            live_reason=ONE_EVENT_A_ROW,
        ),
        Pair(
            "Image",
            "Reaction",
            "Reactions that still stand, of every kind but Dislike.",
            Legacy("ImageMetric.reactionCount", Rule.INFORMATIONAL, gap=_GAP),
            where=pl.col("reaction").is_in([_LIKE, _HEART, _LAUGH, _CRY]),
            live_reason=ONE_EVENT_A_ROW + UNWRITTEN,
        ),
    ),
)

COMMENTS = Scan(
    "image/comments",
    sources=("Thread", "Image", "CommentV2"),
    pairs=(
        Pair(
            "Image",
            "Comment",
            "Comments directly in the image's thread; replies live in threads of their own.",
            Legacy("ImageMetric.commentCount", Rule.INFORMATIONAL, gap=_GAP),
            live_reason=WITHOUT_REPLIES,
            live=Live.ABSORB,
        ),
    ),
)

COLLECTED = Scan(
    "image/collected",
    sources=("Image", "CollectionItem"),
    pairs=(
        Pair(
            "Image",
            "Collection",
            "Items of collections that are the image, any mode and status.",
            Legacy("ImageMetric.collectedCount", Rule.INFORMATIONAL, gap=_GAP),
            live_reason=USER_MAY_GO,
        ),
    ),
    cost="a hash look-up an image, or a scan of CollectionItem, where the"
    " planner finds that cheaper",
)

TIPS = Scan(
    "image/tips",
    sources=("BuzzTip", "Image"),
    pairs=(
        Pair(
            "Image",
            "TipCount",
            "Users who tipped the image.",
            Legacy("ImageMetric.tippedCount", Rule.INFORMATIONAL, gap=_GAP),
            live_reason=ONE_ROW_A_GIVER + UNWRITTEN,
        ),
        Pair(
            "Image",
            "Buzz",
            "Amount tipped to the image; the name is that of the live events.",
            Legacy("ImageMetric.tippedAmountCount", Rule.INFORMATIONAL, gap=_GAP),
            value=pl.col("amount"),
            live_reason=GROWS_IN_PLACE,
        ),
    ),
)

SCANS = (REACTIONS, COMMENTS, COLLECTED, TIPS)
