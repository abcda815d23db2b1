-- The table of entities that differ, in no order of theirs: how many rows each has on all sides, how many it
-- has together with those before it, and its number. The first ones are looked at row by row.
CREATE TABLE {chosen:Identifier} (entityId {id_type:Clause}, rows UInt64, upTo UInt64, number UInt64)
ENGINE = MergeTree ORDER BY number
COMMENT {owner:Literal}
