-- The private table of an attempt whose rows are compared and inserted from, never handed over: it has
-- the columns of the target and no order, so that nothing is sorted for it.
CREATE TABLE {stage:Identifier} AS {target:Identifier}
ENGINE = MergeTree ORDER BY tuple()
SETTINGS max_bytes_to_merge_at_max_space_in_pool = 1
COMMENT {owner:Literal}
