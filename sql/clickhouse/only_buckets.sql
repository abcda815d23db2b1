-- Rows of a scope whose fingerprints differ from the source's.
(metricType, bitShiftRight(toInt64(entityId), {bits:Clause})) IN (SELECT metricType, bucket FROM {buckets:Identifier})
