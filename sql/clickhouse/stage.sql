-- The private table of one attempt, shaped like the target; the comment says whose it is. Its parts
-- are merged once, in the target: merging them here first would only cost time.
CREATE TABLE {stage:Identifier} AS {target:Identifier}
SETTINGS max_bytes_to_merge_at_max_space_in_pool = 1
COMMENT {owner:Literal}
