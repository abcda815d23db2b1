-- Gives a ClickHouse table of the platform that nothing here counts. Repeatable.
CREATE TABLE IF NOT EXISTS comments (
    type Enum8('Model' = 1),
    time DateTime DEFAULT now(),
    userId Int32 DEFAULT 0,
    entityId Int32
) ENGINE = MergeTree ORDER BY (time, entityId);
