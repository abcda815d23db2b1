"""The pairs of BountyEntry."""

from __future__ import annotations

import polars as pl

from metric_assets.catalog.model import Entity, Legacy, Pair, Rule
from metric_assets.catalog.reasons import (
    GROWS_IN_PLACE,
    ONE_EVENT_A_ROW,
    ONE_ROW_A_GIVER,
    UNWRITTEN,
)
from metric_assets.catalog.scan import Scan
from metric_assets.ranges import Grid

ENTITY = Entity(
    "BountyEntry",
    table="BountyEntry",
    legacy_id="bountyEntryId",
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
            live_reason=ONE_EVENT_A_ROW,
        ),
        Pair(
            "BountyEntry",
            "ReactionDislike",
            "Dislike reactions that still stand.",
            Legacy("BountyEntryMetric.dislikeCount"),
            where=pl.col("reaction") == "Dislike",
            live_reason=ONE_EVENT_A_ROW,
        ),
        Pair(
            "BountyEntry",
            "ReactionLaugh",
            "Laugh reactions that still stand.",
            Legacy("BountyEntryMetric.laughCount"),
            where=pl.col("reaction") == "Laugh",
            live_reason=ONE_EVENT_A_ROW,
        ),
        Pair(
            "BountyEntry",
            "ReactionCry",
            "Cry reactions that still stand.",
            Legacy("BountyEntryMetric.cryCount"),
            where=pl.col("reaction") == "Cry",
            live_reason=ONE_EVENT_A_ROW,
        ),
        Pair(
            "BountyEntry",
            "ReactionHeart",
            "Heart reactions that still stand.",
            Legacy("BountyEntryMetric.heartCount"),
            where=pl.col("reaction") == "Heart",
            live_reason=ONE_EVENT_A_ROW,
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
            live_reason=(
                "An award is a change of the benefactor's row, dated by it, and an event of the "
                "amount by the benefactor."
            )
            + UNWRITTEN,
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
            live_reason=ONE_ROW_A_GIVER + UNWRITTEN,
        ),
        Pair(
            "BountyEntry",
            "TipAmount",
            "Amount tipped to the entry.",
            Legacy("BountyEntryMetric.tippedAmountCount", Rule.INFORMATIONAL, gap=_TIP_GAP),
            value=pl.col("amount"),
            live_reason=GROWS_IN_PLACE + UNWRITTEN,
        ),
    ),
)

SCANS = (REACTIONS, AWARDS, TIPS)
