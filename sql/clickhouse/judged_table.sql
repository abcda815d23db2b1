-- The table that the judgement of one attempt goes into: keys whose base is not simply what the source
-- and the target both hold. A second look finds there what the first one found held (earlier).
CREATE TABLE {judged:Identifier}
(
    metricType LowCardinality(String),
    entityId {id_type:Clause},
    userId {user_type:Clause},
    whole Bool,
    earlier Bool DEFAULT false,
    source Int64,
    present Int64,
    negative Int64,
    recent Bool,
    low Int64,
    high Int64,
    base Int64,
    asked Int64,
    adjustment Int64,
    rest Int64,
    least_change Int64,
    greatest_change Int64
)
ENGINE = MergeTree ORDER BY (metricType, entityId, userId)
COMMENT {owner:Literal}
