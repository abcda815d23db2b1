-- The table that the addresses of surplus rows of one attempt go into.
CREATE TABLE {surplus:Identifier} (part LowCardinality(String), position UInt64)
ENGINE = MergeTree ORDER BY (part, position)
COMMENT {owner:Literal}
