-- What the difference of an attempt will change, key by key.
SELECT toString(metricType) AS metric,
       (toInt64(entityId), toInt64(userId), toDateTime64(createdAt, 9, 'UTC'), magnitude) AS key,
       heldPositive AS positive, heldNegative AS negative,
       heldPositive + addPositive - removePositive AS afterwards,
       heldNegative + addNegative - removeNegative AS negated,
       afterwards - negated - positive + negative AS change,
       magnitude * change AS total,
       reinterpretAsInt64(cityHash64(key)) * change AS hash
FROM {difference:Identifier}
WHERE addPositive + addNegative + removePositive + removeNegative > 0
