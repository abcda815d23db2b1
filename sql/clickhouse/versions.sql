-- The mirror of ModelVersion: which versions exist and of which model. Not partitioned, so that
-- all of it is replaced at once.
CREATE TABLE IF NOT EXISTS {versions:Identifier} (id Int32, modelId Int32)
ENGINE = MergeTree ORDER BY id
