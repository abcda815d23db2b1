-- The table that the difference of one attempt goes into. It is made apart from its rows: a database
-- of the engine Replicated refuses CREATE TABLE … AS SELECT.
CREATE TABLE {difference:Identifier}
(
    metricType LowCardinality(String),
    entityId {id_type:Clause},
    userId {user_type:Clause},
    createdAt {time_type:Clause},
    magnitude Int64,
    addPositive Int64,
    addNegative Int64,
    removePositive Int64,
    removeNegative Int64,
    compensating Int64,
    heldPositive Int64,
    heldNegative Int64,
    foreign Bool DEFAULT false
)
ENGINE = MergeTree ORDER BY (metricType, entityId)
COMMENT {owner:Literal}
