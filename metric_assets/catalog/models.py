"""The pairs of Model."""

from __future__ import annotations

import polars as pl

from metric_assets.catalog.model import Entity, Legacy, Live, LiveKey, Pair, Rule
from metric_assets.catalog.reasons import (
    DATED_BY_PUBLICATION,
    EVERY_DOWNLOAD,
    GROWS_IN_PLACE,
    NO_USER,
    NOT_ALL_REVIEWS,
    ONE_EVENT_A_BOOKMARK,
    ONE_EVENT_A_ROW_OF_A_USER,
    ONE_ROW_A_GIVER_AND_DONATION,
    TIPS_GROW_DONATIONS_DO_NOT,
    UNWRITTEN,
    WHOLE_DAYS,
)
from metric_assets.catalog.scan import Scan, Store
from metric_assets.ranges import Grid

ENTITY = Entity(
    "Model",
    table="Model",
    legacy_id="modelId",
    grid=Grid(size=50_000, stop=3_000_000),
    description="Models: reviews, downloads, generations, earnings, collections, uses and tips.",
)

_THUMBS_GAP = "frozen since 2024-03-06, when thumbs took the place of stars"

REVIEWS = Scan(
    "model/reviews",
    sources=("ResourceReview", "Model"),
    pairs=(
        Pair(
            "Model",
            "Rating",
            "Stars given by others than the owner; divided by RatingCount, the model's mean.",
            Legacy(
                "ModelMetric.rating",
                Rule.INFORMATIONAL,
                gap=_THUMBS_GAP,
                average_over="RatingCount",
            ),
            where=pl.col("byOther"),
            value=pl.col("rating"),
            live_reason=GROWS_IN_PLACE + UNWRITTEN,
        ),
        Pair(
            "Model",
            "RatingCount",
            "Reviews by others than the owner, one a version and user.",
            Legacy("ModelMetric.ratingCount", Rule.INFORMATIONAL, gap=_THUMBS_GAP),
            where=pl.col("byOther"),
            live_reason=NOT_ALL_REVIEWS,
            live=Live.ABSORB,
        ),
        Pair(
            "Model",
            "ThumbsUp",
            "Users who recommend a version of the model, the owner included, each counted once.",
            Legacy("ModelMetric.thumbsUpCount"),
            where=pl.col("recommended") & pl.col("firstOfUser"),
            live_reason=ONE_EVENT_A_ROW_OF_A_USER,
            live=Live.ABSORB,
        ),
        Pair(
            "Model",
            "ThumbsDown",
            "Users who advise against a version of the model, each counted once.",
            Legacy("ModelMetric.thumbsDownCount"),
            where=~pl.col("recommended") & pl.col("firstOfUser"),
            live_reason=ONE_EVENT_A_ROW_OF_A_USER,
            live=Live.ABSORB,
        ),
    ),
    index='CREATE INDEX CONCURRENTLY ON "ResourceReview" ("modelId")',
    cost="a scan of ResourceReview for every range",
)

COMMENTS = Scan(
    "model/comments",
    sources=("Model", "Comment"),
    pairs=(
        Pair(
            "Model",
            "Comment",
            "Users who commented on the model in the old comment table, each counted once.",
            Legacy(
                "ModelMetric.commentCount",
                Rule.TOLERANCE,
                gap="legacy bounds its unsorted batches by their first and last id and passes over"
                " the models outside",
                tolerance=0.02,
            ),
            live_reason=ONE_EVENT_A_ROW_OF_A_USER,
            live=Live.ABSORB,
        ),
    ),
)

COLLECTED = Scan(
    "model/collected",
    sources=("Model", "CollectionItem", "Collection"),
    pairs=(
        Pair(
            "Model",
            "Collection",
            "Users who put the model into any collection, each counted once.",
            Legacy("ModelMetric.collectedCount"),
            where=pl.col("firstOfUser"),
            live_reason=ONE_EVENT_A_ROW_OF_A_USER,
            live=Live.ABSORB,
        ),
        Pair(
            "Model",
            "Favorite",
            "Bookmarks of the model, likes of old times included.",
            Legacy(
                "ModelMetric.favoriteCount",
                Rule.INFORMATIONAL,
                gap="frozen since 2024-03-06, and counted in ModelEngagement before that",
            ),
            where=pl.col("bookmarked"),
            live_reason=ONE_EVENT_A_BOOKMARK,
        ),
    ),
)

IMAGES = Scan(
    "model/images",
    sources=("Model", "ModelVersion", "ImageResourceNew", "Image", "Post"),
    pairs=(
        Pair(
            "Model",
            "Image",
            "Uses of the model's versions in published images by others than the owner.",
            Legacy(
                "ModelMetric.imageCount",
                Rule.INFORMATIONAL,
                gap="frozen since 2025-03-13: the sum of version counters that nothing updates",
            ),
            live_reason=DATED_BY_PUBLICATION + UNWRITTEN,
        ),
    ),
)

TIPS = Scan(
    "model/tips",
    sources=("BuzzTip", "Model", "Donation", "DonationGoal", "ModelVersion"),
    pairs=(
        Pair(
            "Model",
            "TipCount",
            "Users who tipped the model, plus donations to its versions.",
            Legacy(
                "ModelMetric.tippedCount",
                Rule.INFORMATIONAL,
                gap="legacy counts distinct amounts instead of tips, and writes only models with"
                " both tips and counters of versions",
            ),
            live_reason=ONE_ROW_A_GIVER_AND_DONATION + UNWRITTEN,
        ),
        Pair(
            "Model",
            "TipAmount",
            "Amount tipped to the model and donated to its versions.",
            Legacy(
                "ModelMetric.tippedAmountCount",
                Rule.INFORMATIONAL,
                gap="legacy writes only models with both tips and counters of versions, and may add"
                " amounts of the model that its versions were filled with before 2024-03-13",
            ),
            value=pl.col("amount"),
            live_reason=TIPS_GROW_DONATIONS_DO_NOT + UNWRITTEN,
        ),
    ),
    cost="scans of Donation and DonationGoal for every range",
)

DOWNLOADS = Scan(
    "model/downloads",
    sources=("modelVersionEvents",),
    pairs=(
        Pair(
            "Model",
            "Download",
            "Downloaders of each of the model's versions, accounts or addresses, summed.",
            Legacy(
                "ModelMetric.downloadCount",
                Rule.TOLERANCE,
                gap="legacy estimates large versions by uniq() and saw no downloads from before its"
                " view was made",
                tolerance=0.02,
            ),
            live_reason=EVERY_DOWNLOAD,
            live=Live.ABSORB,
        ),
    ),
    store=Store.CLICKHOUSE,
    dimensions=("versions",),
    cost="a scan of five columns of modelVersionEvents for every range: its sort key starts with"
    " time",
)

GENERATIONS = Scan(
    "model/generations",
    sources=("daily_user_resource",),
    pairs=(
        Pair(
            "Model",
            "Generation",
            "Generations with the model's versions; one event a version, user and day.",
            Legacy("ModelMetric.generationCount"),
            value=pl.col("value"),
            live_reason=WHOLE_DAYS + UNWRITTEN,
        ),
    ),
    store=Store.CLICKHOUSE,
    dimensions=("versions",),
    cost="a look-up a version: in the sort key (modelVersionId, date) the versions of a range of"
    " models lie scattered",
    daily=True,
)

EARNINGS = Scan(
    "model/earnings",
    sources=("buzz_resource_compensation",),
    pairs=(
        Pair(
            "Model",
            "Earned",
            "Buzz earned by the model's versions; one event a day.",
            Legacy(
                "ModelMetric.earnedAmount",
                Rule.LEGACY_AT_LEAST_EVENTS,
                gap="legacy adds up rows that were written again and not merged yet",
            ),
            value=pl.col("value"),
            live_reason=NO_USER + UNWRITTEN,
            live_key=LiveKey.ENTITY,
        ),
    ),
    store=Store.CLICKHOUSE,
    dimensions=("versions",),
    cost="a scan of buzz_resource_compensation, a row a version and day, for every range: its"
    " sort key starts with date",
    daily=True,
)

SCANS = (REVIEWS, COMMENTS, COLLECTED, IMAGES, TIPS, DOWNLOADS, GENERATIONS, EARNINGS)
