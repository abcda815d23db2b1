-- What an attempt keeps until its second look: keys (whole ones are entities), and the source's rows of them.
-- A late key showed a live event only at the second look. A judged key's value is what the first look found held.
CREATE TABLE {look:Identifier}
(
    kind Enum8('key' = 0, 'row' = 1, 'late' = 2, 'judged' = 3),
    whole Bool,
    metricType LowCardinality(String),
    entityId {id_type:Clause},
    userId {user_type:Clause},
    metricValue Int64,
    createdAt {time_type:Clause}
)
ENGINE = MergeTree ORDER BY (kind, metricType, entityId)
COMMENT {owner:Literal}
