"""The pairs of Bounty."""

from __future__ import annotations

import polars as pl

from metric_assets.catalog.model import Entity, Legacy, Live, Pair
from metric_assets.catalog.reasons import (
    GROWS_IN_PLACE,
    ONE_EVENT_A_ROW,
    UNWRITTEN,
    USER_MAY_GO,
    WITHOUT_REPLIES,
)
from metric_assets.catalog.scan import Scan
from metric_assets.ranges import Grid

ENTITY = Entity(
    "Bounty",
    table="Bounty",
    legacy_id="bountyId",
    grid=Grid(size=10_000, stop=100_000),
    description="Bounties: interest, entries, funding and comments.",
)

ENGAGED = Scan(
    "bounty/engaged",
    sources=("BountyEngagement",),
    pairs=(
        Pair(
            "Bounty",
            "Favorite",
            "Users who marked the bounty as a favourite.",
            Legacy("BountyMetric.favoriteCount"),
            where=pl.col("type") == "Favorite",
            live_reason=ONE_EVENT_A_ROW,
        ),
        Pair(
            "Bounty",
            "Track",
            "Users who track the bounty.",
            Legacy("BountyMetric.trackCount"),
            where=pl.col("type") == "Track",
            live_reason=ONE_EVENT_A_ROW + UNWRITTEN,
        ),
    ),
)

ENTRIES = Scan(
    "bounty/entries",
    sources=("BountyEntry",),
    pairs=(
        Pair(
            "Bounty",
            "Entry",
            "Entries handed in for the bounty.",
            Legacy("BountyMetric.entryCount"),
            live_reason=USER_MAY_GO + UNWRITTEN,
        ),
    ),
)

BENEFACTORS = Scan(
    "bounty/benefactors",
    sources=("BountyBenefactor",),
    pairs=(
        Pair(
            "Bounty",
            "Benefactor",
            "Users who fund the bounty.",
            Legacy("BountyMetric.benefactorCount"),
            live_reason=ONE_EVENT_A_ROW + UNWRITTEN,
        ),
        Pair(
            "Bounty",
            "UnitAmount",
            "Amount pledged to the bounty, all currencies together.",
            Legacy("BountyMetric.unitAmountCount"),
            value=pl.col("unitAmount"),
            live_reason=GROWS_IN_PLACE + UNWRITTEN,
        ),
    ),
)

COMMENTS = Scan(
    "bounty/comments",
    sources=("CommentV2", "Thread"),
    pairs=(
        Pair(
            "Bounty",
            "Comment",
            "Comments directly in the bounty's thread; replies live in threads of their own.",
            Legacy("BountyMetric.commentCount"),
            live_reason=WITHOUT_REPLIES,
            live=Live.ABSORB,
        ),
    ),
)

SCANS = (ENGAGED, ENTRIES, BENEFACTORS, COMMENTS)
