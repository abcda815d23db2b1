-- The staging table of one attempt whose parts are attached to the target: its columns, indexes, keys
-- and disks, but plainly a MergeTree. Its parts are merged once, in the target: merging them here first
-- would only cost time.
CREATE TABLE {stage:Identifier} AS {target:Identifier}
ENGINE = MergeTree
{keys:Clause}
SETTINGS max_bytes_to_merge_at_max_space_in_pool = 1, storage_policy = {policy:Literal}
COMMENT {owner:Literal}
