-- The target, made only if it is absent. The order puts all events of one metric of one entity
-- side by side, so that a scope is one stretch of the primary key.
CREATE TABLE IF NOT EXISTS {target:Identifier}
(
    entityType LowCardinality(String),
    entityId Int32,
    userId Int32,
    metricType LowCardinality(String),
    metricValue Int32,
    createdAt DateTime64(3)
)
ENGINE = MergeTree
PARTITION BY entityType
ORDER BY (entityType, metricType, entityId, createdAt)
SETTINGS index_granularity = 8192{patches:Clause}
