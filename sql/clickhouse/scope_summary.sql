-- What the target holds in the scope, a row a metric: count, sum, and a hash that adds up, in which an
-- event and its compensation cancel. The hash is that of metric_assets/fingerprint.py, row by row.
SELECT metricType,
       count() AS events,
       sum(value) AS total,
       sum(if(value >= 0, 1, -1)) AS net,
       toUInt64(sumWithOverflow(if(value < 0, -1, 1)
                                * reinterpretAsInt64(bitXor(sizing, bitShiftRight(sizing, 32))))) AS hash
FROM
(
    SELECT metricType, toInt64(metricValue) AS value, toUInt64(userId) AS user,
           toUInt64(toUnixTimestamp64Milli(toDateTime64(createdAt, 3, 'UTC'))) AS at,
           (toUInt64(entityId) * 4294967296 + bitAnd(user, 4294967295)) * 14029467366897019727 AS inner,
           bitXor(inner, bitShiftRight(inner, 32)) AS mixed,
           bitXor(mixed, bitShiftRight(user, 32) * 1609587929392839161) * 15485907386658061715 AS outer,
           (bitXor(outer, bitShiftRight(outer, 32)) + at * 1609587929392839161) * 18397679294719823053 AS dating,
           bitXor(bitXor(dating, bitShiftRight(dating, 32)),
                  toUInt64(abs(value)) * 11400714819323198485 + user * 14029467366897019727)
               * 15485907386658061715 AS sizing
    FROM {held:Identifier}
    WHERE entityType = {entity:String}
      AND metricType IN {metrics:Array(String)}
      AND entityId >= {start:Int64}
      AND entityId < {stop:Int64}
      AND createdAt < {cutoff:DateTime64(3, 'UTC')}
      AND ({only:Clause})
)
GROUP BY metricType
