-- The plan of an undo in numbers; the hash is that of the rows that are held.
SELECT toInt64(count()) AS keys,
       toInt64(sum(addPositive + addNegative)) AS inserted,
       toInt64(sum(removePositive + removeNegative)) AS removed,
       toInt64(sum(compensating)) AS compensated,
       toInt64(countIf(foreign)) AS foreign_keys,
       toInt64(sum(heldPositive + heldNegative)) AS held,
       sumWithOverflow(reinterpretAsInt64(cityHash64(
           (toInt64(entityId), toInt64(userId), toDateTime64(createdAt, 9, 'UTC'), magnitude)
       )) * (heldPositive - heldNegative)) AS hash
FROM {difference:Identifier}
