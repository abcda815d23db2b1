-- Gives the target table if it is absent. Column types are the customer's; the partition and sort
-- keys are ours, and a small delete is written as a patch part.
CREATE TABLE IF NOT EXISTS {target:Identifier} (
    entityType LowCardinality(String),
    entityId Int32,
    userId Int32,
    metricType LowCardinality(String),
    metricValue Int32,
    createdAt DateTime64(3)
) ENGINE = MergeTree PARTITION BY entityType ORDER BY (entityType, metricType, entityId, createdAt)
SETTINGS enable_block_number_column = 1, enable_block_offset_column = 1;
