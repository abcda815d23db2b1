"""The catalog of another platform: a market of shops and couriers.

It shares no table with the delivered catalog. Two scans read Postgres, one reads ClickHouse and joins
with a dimension. ``schema.sql`` beside it makes the tables.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from metric_assets.catalog.catalog import Catalog
from metric_assets.catalog.model import Entity, Legacy, Pair
from metric_assets.catalog.scan import Dimension, Scan, Store
from metric_assets.ranges import Grid

HERE = Path(__file__).parent

SHOP = Entity(
    "Shop",
    table="shops",
    id="shop_id",
    created="opened_at",
    legacy_id="shop_id",
    grid=Grid(size=10, stop=30),
    description="Shops of the market.",
)
COURIER = Entity(
    "Courier",
    table="couriers",
    id="courier_id",
    created=None,
    legacy_id="courier_id",
    grid=Grid(size=10, stop=20),
    description="Couriers, who deliver for shops.",
)

CATALOG = Catalog(
    entities=[SHOP, COURIER],
    scans=[
        Scan(
            "shop/ratings",
            sources=["ratings"],
            pairs=[
                Pair(
                    "Shop",
                    "Praise",
                    "Ratings of four stars or more.",
                    Legacy("shop_counters.praise"),
                    where=pl.col("stars") >= 4,
                ),
                Pair(
                    "Shop",
                    "Blame",
                    "Ratings of two stars or less.",
                    Legacy("shop_counters.blame"),
                    where=pl.col("stars") <= 2,
                ),
            ],
        ),
        Scan(
            "shop/sales",
            sources=["sales"],
            pairs=[
                Pair(
                    "Shop",
                    "Turnover",
                    "What customers paid.",
                    Legacy("shop_counters.turnover"),
                    value=pl.col("cents"),
                )
            ],
        ),
        Scan(
            "courier/deliveries",
            sources=["deliveries"],
            store=Store.CLICKHOUSE,
            dimensions=["shops"],
            pairs=[
                Pair(
                    "Courier",
                    "Delivery",
                    "Deliveries for shops that exist.",
                    Legacy("courier_counters.deliveries"),
                )
            ],
        ),
    ],
    dimensions=[
        Dimension(
            "shops",
            table="shops",
            statement="mirror/shops",
            columns=("shop_id",),
            description="Shops that exist.",
        )
    ],
    statements=HERE / "sql",
)
