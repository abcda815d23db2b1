-- The partitions of the target that staged events of some metrics fall into.
SELECT DISTINCT toString({partition:Clause}) AS partition
FROM {stage:Identifier}
WHERE metricType IN {metrics:Array(String)}
ORDER BY partition
