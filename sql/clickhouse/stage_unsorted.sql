-- The staging table of an attempt whose rows are compared and inserted from, never attached: it has the
-- columns of an event as the target types them and no order, so that nothing is sorted for it.
CREATE TABLE {stage:Identifier} ({columns:Clause})
ENGINE = MergeTree ORDER BY tuple()
SETTINGS max_bytes_to_merge_at_max_space_in_pool = 1
COMMENT {owner:Literal}
