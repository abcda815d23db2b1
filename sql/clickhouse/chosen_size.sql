-- How many entities differ, how many of them are chosen because they have at most so many rows together (at
-- least one), and how many rows these have.
SELECT toInt64(count()) AS entities,
       toInt64(countIf(upTo <= {most:UInt64} OR number = 1)) AS chosen,
       toInt64(sumIf(rows, upTo <= {most:UInt64} OR number = 1)) AS rows
FROM {chosen:Identifier}
