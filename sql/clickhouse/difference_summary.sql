-- The plan in numbers, a row a metric.
SELECT metricType,
       toInt64(sum(addPositive + addNegative)) AS inserted,
       toInt64(sum(removePositive + removeNegative)) AS removed,
       toInt64(sum(compensating)) AS compensated
FROM {difference:Identifier}
GROUP BY metricType
