"""What a torture loads: scans, partitions, targets, and an oracle written by hand.

Belongs here: constants of the rounds. The oracle shares no statement with the scans. Does not belong
here: the stores (world), or how a target is compared with the oracle (damage).
"""

from __future__ import annotations

from dataclasses import dataclass

CUTOFF = "2025-10-01T00:00:00+00:00"
#: The partitions of every case.
RANGES = ("0-99", "100-199", "200-299")


@dataclass(frozen=True)
class Case:
    """A scan, and by hand what it implies: events as entityId, userId, metricType, value, ms."""

    scan: str
    entity: str
    metrics: tuple[str, ...]
    fill: str
    shrink: str
    oracle: str


_MS = "(extract(epoch from date_trunc('milliseconds', {0})) * 1000)::bigint"
_WHEN = (
    "timestamp '2025-06-10' + (n * 7919 % 10000000) * interval '1 second'"
    " + n % 1000 * interval '1 millisecond'"
)

ITEMS = Case(
    "collection/items",
    "Collection",
    ("Item",),
    f"""INSERT INTO "CollectionItem" (id, "createdAt", "updatedAt", "collectionId", "addedById", "imageId")
        SELECT n, CASE WHEN n % 50 <> 0 THEN {_WHEN} END, CASE WHEN n % 100 <> 0 THEN {_WHEN} END,
               n * 31 % 310, CASE WHEN n % 9 <> 0 THEN n % 977 END, n
        FROM generate_series({{first}}, {{last}}) n""",
    'DELETE FROM "CollectionItem" WHERE (id + {salt}) % 41 = 0',
    f"""SELECT "collectionId", coalesce("addedById", 0), 'Item', 1, {_MS.format("t")}
        FROM (SELECT *, coalesce("createdAt", "updatedAt", 'epoch') AS t FROM "CollectionItem") ci
        WHERE "collectionId" < 300 AND t < '2025-10-01'""",
)
ENGAGED = Case(
    "user/engaged",
    "User",
    ("Follower", "Hidden"),
    f"""INSERT INTO "UserEngagement" ("userId", "targetUserId", type, "createdAt")
        SELECT n, n * 37 % 310,
               (ARRAY['Follow', 'Follow', 'Hide', 'Block'])[1 + n % 4]::"UserEngagementType", {_WHEN}
        FROM generate_series({{first}}, {{last}}) n""",
    'DELETE FROM "UserEngagement" WHERE ("userId" + {salt}) % 41 = 0',
    f"""SELECT "targetUserId", "userId", CASE type WHEN 'Follow' THEN 'Follower' ELSE 'Hidden' END, 1,
               {_MS.format('"createdAt"')}
        FROM "UserEngagement"
        WHERE type <> 'Block' AND "targetUserId" < 300 AND "createdAt" < '2025-10-01'""",
)
REACTIONS = Case(
    "image/reactions",
    "Image",
    ("ReactionLike", "ReactionDislike", "ReactionLaugh", "ReactionCry", "ReactionHeart"),
    f"""INSERT INTO "ImageReaction" (id, "imageId", "userId", reaction, "createdAt", "updatedAt")
        SELECT n, n * 41 % 310, n,
               (ARRAY['Like', 'Dislike', 'Laugh', 'Cry', 'Heart'])[1 + n % 5]::"ReviewReactions", {_WHEN}, now()
        FROM generate_series({{first}}, {{last}}) n""",
    'DELETE FROM "ImageReaction" WHERE (id + {salt}) % 41 = 0',
    f"""SELECT "imageId", "userId", 'Reaction' || reaction, 1, {_MS.format('"createdAt"')}
        FROM "ImageReaction"
        WHERE "imageId" IN (SELECT id FROM "Image" WHERE id < 300) AND "createdAt" < '2025-10-01'""",
)
CASES = (ITEMS, ENGAGED, REACTIONS)

#: With these a delete is a small patch part.
PATCHES = " SETTINGS enable_block_number_column = 1, enable_block_offset_column = 1"
#: Ours; the customer's by month, in which attaching is many steps; the customer's unpartitioned, from
#: which surplus is deleted while it has few parts, and compensated else.
TABLES = {
    "ownEvents": "PARTITION BY entityType ORDER BY (entityType, metricType, entityId, createdAt)"
    + PATCHES,
    "monthlyEvents": "PARTITION BY toYYYYMM(createdAt) ORDER BY (entityType, entityId, createdAt)"
    + PATCHES,
    "plainEvents": "ORDER BY (entityType, entityId, createdAt)",
    "summedEvents": "PARTITION BY entityType ORDER BY (entityType, metricType, entityId, createdAt)",
}
#: The table that a materialized view sums up: nothing is ever taken away from it (append mode).
SUMMED = "summedEvents"
#: The sums; ``ours`` is below the cutoff. The view is slow: what is ended in the middle of showing it
#: rows would leave it short.
SUMS = f"""CREATE TABLE {SUMMED}Sums (entityType String, metricType String, entityId Int32, ours Bool,
    total Int64) ENGINE = SummingMergeTree ORDER BY (entityType, metricType, entityId, ours)"""
VIEW = f"""CREATE MATERIALIZED VIEW {SUMMED}View TO {SUMMED}Sums AS
    SELECT entityType, metricType, entityId, createdAt < toDateTime64('2025-10-01', 3, 'UTC') AS ours,
           sum(toInt64(metricValue)) + 0 * any(sleep(0.3)) AS total
    FROM {SUMMED} GROUP BY entityType, metricType, entityId, ours"""
