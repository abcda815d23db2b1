"""The pairs of Collection."""

from __future__ import annotations

import polars as pl

from metric_assets.catalog.model import Entity, Legacy, Pair
from metric_assets.catalog.reasons import USER_MAY_GO
from metric_assets.catalog.scan import Scan
from metric_assets.ranges import Grid

ENTITY = Entity(
    "Collection",
    table="Collection",
    legacy_id="collectionId",
    grid=Grid(size=100_000, stop=18_000_000),
    description="Collections: their items, followers and contributors.",
)

CONTRIBUTORS = Scan(
    "collection/contributors",
    sources=("CollectionContributor",),
    pairs=(
        Pair(
            "Collection",
            "Follower",
            "Users who may view the collection; a row without permissions counts, as in legacy.",
            Legacy("CollectionMetric.followerCount"),
            where=pl.col("mayView"),
            live_reason=(
                "Permissions change in place and the row keeps its time; each change is -1 or +1 "
                "of the contributor."
            ),
        ),
        Pair(
            "Collection",
            "Contributor",
            "Users who may add to the collection; a row without permissions counts, as in legacy.",
            Legacy("CollectionMetric.contributorCount"),
            where=pl.col("mayAdd"),
            live_reason=(
                "Permissions change in place and the row keeps its time; each change is -1 or +1 "
                "of the contributor."
            ),
        ),
    ),
    index='CREATE INDEX CONCURRENTLY ON "CollectionContributor" ("collectionId")',
    cost="a scan of CollectionContributor for every range",
)

ITEMS = Scan(
    "collection/items",
    sources=("CollectionItem",),
    pairs=(
        Pair(
            "Collection",
            "Item",
            "Items in the collection, any status, those of deleted entities included.",
            Legacy("CollectionMetric.itemCount"),
            live_reason=USER_MAY_GO,
        ),
    ),
)

SCANS = (CONTRIBUTORS, ITEMS)
