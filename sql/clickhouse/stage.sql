-- The private table of one attempt, shaped like the target; the comment says whose it is.
CREATE TABLE {stage:Identifier} AS {target:Identifier} COMMENT {owner:Literal}
