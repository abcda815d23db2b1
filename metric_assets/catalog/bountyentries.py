"""The pairs of BountyEntry."""

from __future__ import annotations

import polars as pl

from metric_assets.catalog.model import Entity, Legacy, Pair, Rule, Scan
from metric_assets.ranges import Grid

ENTITY = Entity(
    "BountyEntry",
    table="BountyEntry",
    legacy_table="BountyEntryMetric",
    grid=Grid(size=50_000, stop=500_000),
    description="Entries of bounties: reactions, awards and tips.",
)

REACTIONS = Scan(
    "bountyentry/reactions",
    sources=("BountyEntryReaction",),
    pairs=(
        Pair(
            "BountyEntry",
            "ReactionLike",
            "Like reactions that still stand.",
            Legacy("BountyEntryMetric.likeCount"),
            where=pl.col("reaction") == "Like",
        ),
        Pair(
            "BountyEntry",
            "ReactionDislike",
            "Dislike reactions that still stand.",
            Legacy("BountyEntryMetric.dislikeCount"),
            where=pl.col("reaction") == "Dislike",
        ),
        Pair(
            "BountyEntry",
            "ReactionLaugh",
            "Laugh reactions that still stand.",
            Legacy("BountyEntryMetric.laughCount"),
            where=pl.col("reaction") == "Laugh",
        ),
        Pair(
            "BountyEntry",
            "ReactionCry",
            "Cry reactions that still stand.",
            Legacy("BountyEntryMetric.cryCount"),
            where=pl.col("reaction") == "Cry",
        ),
        Pair(
            "BountyEntry",
            "ReactionHeart",
            "Heart reactions that still stand.",
            Legacy("BountyEntryMetric.heartCount"),
            where=pl.col("reaction") == "Heart",
        ),
    ),
)

AWARDS = Scan(
    "bountyentry/awards",
    sources=("BountyBenefactor",),
    pairs=(
        Pair(
            "BountyEntry",
            "UnitAmount",
            "Amount awarded to the entry, at the time of the award.",
            Legacy(
                "BountyEntryMetric.unitAmountCount",
                Rule.EVENTS_AT_LEAST_LEGACY,
                gap="legacy revisits an entry only when an awarded benefactor row is created,"
                " but an award is an update made later: legacy stays below",
            ),
            value=pl.col("unitAmount"),
        ),
    ),
    cost="a scan of BountyBenefactor for every range",
)

_TIP_GAP = "legacy looks for 'bountyEntry' only, the scan accepts both spellings found in BuzzTip"

TIPS = Scan(
    "bountyentry/tips",
    sources=("BuzzTip", "BountyEntry"),
    pairs=(
        Pair(
            "BountyEntry",
            "TipCount",
            "Users who tipped the entry.",
            Legacy("BountyEntryMetric.tippedCount", Rule.INFORMATIONAL, gap=_TIP_GAP),
        ),
        Pair(
            "BountyEntry",
            "TipAmount",
            "Amount tipped to the entry.",
            Legacy("BountyEntryMetric.tippedAmountCount", Rule.INFORMATIONAL, gap=_TIP_GAP),
            value=pl.col("amount"),
        ),
    ),
)

SCANS = (REACTIONS, AWARDS, TIPS)
