-- The mirror of ModelVersion: which versions exist and of which model. Not partitioned, so that
-- all of it is replaced at once. As wide as an id of the source can be: a narrower column would take
-- another id for it without a word.
CREATE TABLE IF NOT EXISTS {versions:Identifier} (id Int64, modelId Int64)
ENGINE = MergeTree ORDER BY id
