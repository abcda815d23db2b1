"""The pairs of ModelVersion."""

from __future__ import annotations

import polars as pl

from metric_assets.catalog.model import Entity, Legacy, Live, LiveKey, Pair, Rule
from metric_assets.catalog.reasons import (
    DATED_BY_PUBLICATION,
    EVERY_DOWNLOAD,
    EXCLUDED_LATER,
    FAN_OUT,
    GROWS_IN_PLACE,
    NEWEST_VERSION_ONLY,
    NO_USER,
    NOT_ALL_REVIEWS,
    ONE_EVENT_A_ROW,
    ONE_EVENT_A_ROW_OF_A_USER,
    SWITCHED_IN_PLACE,
    UNWRITTEN,
    WHOLE_DAYS,
)
from metric_assets.catalog.scan import Dimension, Scan, Store
from metric_assets.ranges import Grid

ENTITY = Entity(
    "ModelVersion",
    table="ModelVersion",
    legacy_id="modelVersionId",
    grid=Grid(size=50_000, stop=3_000_000),
    description="Versions: reviews, downloads, generations, earnings, uses and donations.",
)

_THUMBS_GAP = "frozen since 2024-03-06, when thumbs took the place of stars"

VERSIONS = Dimension(
    "versions",
    table="ModelVersion",
    statement="mirror/versions",
    columns=("id", "modelId"),
    description="Versions that exist and their models, copied from Postgres for scans that read"
    " ClickHouse.",
)

REVIEWS = Scan(
    "modelversion/reviews",
    sources=("ResourceReview", "Model"),
    pairs=(
        Pair(
            "ModelVersion",
            "Rating",
            "Stars given by others than the owner; divided by RatingCount, the version's mean.",
            Legacy(
                "ModelVersionMetric.rating",
                Rule.INFORMATIONAL,
                gap=_THUMBS_GAP,
                average_over="RatingCount",
            ),
            where=pl.col("byOther"),
            value=pl.col("rating"),
            live_reason=GROWS_IN_PLACE + UNWRITTEN,
        ),
        Pair(
            "ModelVersion",
            "RatingCount",
            "Reviews by others than the owner.",
            Legacy("ModelVersionMetric.ratingCount", Rule.INFORMATIONAL, gap=_THUMBS_GAP),
            where=pl.col("byOther"),
            live_reason=NOT_ALL_REVIEWS,
            live=Live.ABSORB,
        ),
        Pair(
            "ModelVersion",
            "ThumbsUp",
            "Users who recommend the version, the owner included.",
            Legacy("ModelVersionMetric.thumbsUpCount"),
            where=pl.col("recommended"),
            live_reason=SWITCHED_IN_PLACE + EXCLUDED_LATER,
        ),
        Pair(
            "ModelVersion",
            "ThumbsDown",
            "Users who advise against the version, the owner included.",
            Legacy("ModelVersionMetric.thumbsDownCount"),
            where=~pl.col("recommended"),
            live_reason=SWITCHED_IN_PLACE + EXCLUDED_LATER,
        ),
    ),
)

COMMENTS = Scan(
    "modelversion/comments",
    sources=("ModelVersion", "Comment"),
    pairs=(
        Pair(
            "ModelVersion",
            "Comment",
            "Comments on the model in the old comment table, on each of its versions.",
            Legacy(
                "ModelVersionMetric.commentCount",
                Rule.INFORMATIONAL,
                gap="frozen since 2024-03-13: comments are counted for models only",
            ),
            live_reason=FAN_OUT + UNWRITTEN,
        ),
    ),
)

COLLECTED = Scan(
    "modelversion/collected",
    sources=("ModelVersion", "Model", "CollectionItem", "Collection"),
    pairs=(
        Pair(
            "ModelVersion",
            "Collection",
            "Users other than the owner who collected the model, on each of its versions.",
            Legacy(
                "ModelVersionMetric.collectedCount",
                Rule.INFORMATIONAL,
                gap="frozen since 2024-03-06: collecting is counted for models only",
            ),
            where=pl.col("firstOfUser"),
            live_reason=ONE_EVENT_A_ROW_OF_A_USER + UNWRITTEN,
            live=Live.ABSORB,
        ),
        Pair(
            "ModelVersion",
            "Favorite",
            "Bookmarks of the model, on each of its versions.",
            Legacy(
                "ModelVersionMetric.favoriteCount",
                Rule.INFORMATIONAL,
                gap="frozen since 2024-03-06, and counted in ModelEngagement before that",
            ),
            where=pl.col("bookmarked"),
            live_reason=NEWEST_VERSION_ONLY,
            live=Live.ABSORB,
        ),
    ),
)

IMAGES = Scan(
    "modelversion/images",
    sources=("ModelVersion", "Model", "ImageResourceNew", "Image", "Post"),
    pairs=(
        Pair(
            "ModelVersion",
            "Image",
            "Uses of the version in published images by others than the owner.",
            Legacy(
                "ModelVersionMetric.imageCount",
                Rule.INFORMATIONAL,
                gap="frozen since 2025-03-13: the task that counted is switched off",
            ),
            live_reason=DATED_BY_PUBLICATION + UNWRITTEN,
        ),
    ),
)

DONATIONS = Scan(
    "modelversion/donations",
    sources=("DonationGoal", "Donation"),
    pairs=(
        Pair(
            "ModelVersion",
            "TipCount",
            "Donations to the version's goals.",
            Legacy(
                "ModelVersionMetric.tippedCount",
                Rule.INFORMATIONAL,
                gap="legacy counts distinct amounts instead of donations, and versions without a"
                " recent one keep what they were given of the model's tips before 2024-03-13",
            ),
            live_reason=ONE_EVENT_A_ROW + UNWRITTEN,
        ),
        Pair(
            "ModelVersion",
            "TipAmount",
            "Amount donated to the version's goals.",
            Legacy(
                "ModelVersionMetric.tippedAmountCount",
                Rule.INFORMATIONAL,
                gap="versions without a recent donation keep what they were given of the model's"
                " tips before 2024-03-13",
            ),
            value=pl.col("amount"),
            live_reason=("A donation is one row and one event of its amount, by the donor.")
            + UNWRITTEN,
        ),
    ),
    cost="scans of Donation and DonationGoal for every range",
)

DOWNLOADS = Scan(
    "modelversion/downloads",
    sources=("modelVersionEvents",),
    pairs=(
        Pair(
            "ModelVersion",
            "Download",
            "Downloaders of the version, accounts or, where nobody is logged in, addresses.",
            Legacy(
                "ModelVersionMetric.downloadCount",
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
    "modelversion/generations",
    sources=("daily_user_resource",),
    pairs=(
        Pair(
            "ModelVersion",
            "Generation",
            "Generations with the version; one event a user and day.",
            Legacy("ModelVersionMetric.generationCount"),
            value=pl.col("value"),
            live_reason=WHOLE_DAYS + UNWRITTEN,
        ),
    ),
    store=Store.CLICKHOUSE,
    dimensions=("versions",),
    daily=True,
)

EARNINGS = Scan(
    "modelversion/earnings",
    sources=("buzz_resource_compensation",),
    pairs=(
        Pair(
            "ModelVersion",
            "Earned",
            "Buzz earned by the version; one event a day.",
            Legacy(
                "ModelVersionMetric.earnedAmount",
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

SCANS = (REVIEWS, COMMENTS, COLLECTED, IMAGES, DONATIONS, DOWNLOADS, GENERATIONS, EARNINGS)
