-- What a mirror of ModelVersion holds: rows, and a hash that adds up over them.
SELECT count() AS rows, sumWithOverflow(cityHash64(toInt64(id), toInt64(modelId))) AS hash
FROM {versions:Identifier}
