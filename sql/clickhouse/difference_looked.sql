-- The part of the plan that lies in the keys of a second look, a row a metric.
SELECT metricType,
       toInt64(sum(addPositive + addNegative)) AS inserted,
       toInt64(sum(removePositive + removeNegative)) AS removed,
       toInt64(sum(compensating)) AS compensated
FROM {difference:Identifier}
WHERE ({only:Clause})
GROUP BY metricType
