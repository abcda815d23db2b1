-- The copy of a dimension. Not partitioned, so that all of it is replaced at once. As wide as an id of
-- the source can be: a narrower column would take another id for it without a word.
CREATE TABLE IF NOT EXISTS {copy:Identifier} ({columns:Clause})
ENGINE = MergeTree ORDER BY {key:Identifier}
