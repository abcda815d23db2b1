-- Fingerprints of what the target holds in a scope, a row a metric and bucket of ids: the arithmetic of
-- metric_assets/fingerprint.py (see there), over rows below the cutoff and, of judged metrics, over live
-- events up to an instant. Beside them what is held below the cutoff, and what of it lies just before the
-- cutoff, where adjustments are. "digest" is the hash of all rows below the cutoff, as scope_summary.sql has it.
SELECT {metrics:Array(String)}[toUInt8(bitAnd(code, 255))] AS metricType, bitShiftRight(code, 8) AS bucket,
       sumWithOverflow(toUInt64(value) * key) AS net,
       toUInt64(sumWithOverflow(if(dated_exactly, event, 0))) AS dated,
       toUInt64(sumWithOverflow(if(below, event, 0))) AS digest,
       max(late) AS recent,
       toInt64(countIf(below)) AS held,
       sumIf(value, below) AS held_total,
       toInt64(countIf(below AND NOT dated_exactly)) AS adjustments,
       sumIf(value, below AND NOT dated_exactly AND value > 0) AS up,
       sumIf(-value, below AND NOT dated_exactly AND value < 0) AS down
FROM
(
    SELECT bitShiftLeft(bucket, 8) + metric AS code, value, below, dated_exactly, late,
           bitXor(inner, bitShiftRight(inner, 32)) AS mixed,
           bitXor(mixed, bitShiftRight(keyed, 32) * 1609587929392839161) * 15485907386658061715 AS outer,
           bitXor(outer, bitShiftRight(outer, 32)) AS key,
           bitXor(own, bitShiftRight(own, 32)) AS own_mixed,
           bitXor(own_mixed, bitShiftRight(user, 32) * 1609587929392839161) * 15485907386658061715 AS own_outer,
           if(empty({by_entity:Array(UInt8)}), key, bitXor(own_outer, bitShiftRight(own_outer, 32))) AS whose,
           (whose + at * 1609587929392839161) * 18397679294719823053 AS dating,
           bitXor(bitXor(dating, bitShiftRight(dating, 32)),
                  toUInt64(abs(value)) * 11400714819323198485 + user * 14029467366897019727)
               * 15485907386658061715 AS sizing,
           if(value < 0, -1, 1) * reinterpretAsInt64(bitXor(sizing, bitShiftRight(sizing, 32))) AS event
    FROM
    (
        SELECT CAST(transform(metricType, {metrics:Array(String)}, arrayEnumerate({metrics:Array(String)}), 0),
                    'UInt8') AS metric,
               bitShiftRight(toInt64(entityId), {bits:UInt8}) AS bucket,
               toInt64(metricValue) AS value,
               toUInt64(userId) AS user,
               if(notEmpty({by_entity:Array(UInt8)}) AND has({by_entity:Array(UInt8)}, metric), 0, user) AS keyed,
               toUInt64(toUnixTimestamp64Milli(toDateTime64(createdAt, 3, 'UTC'))) AS at,
               createdAt < {cutoff:DateTime64(3, 'UTC')} AS below,
               createdAt < {exact:DateTime64(3, 'UTC')} AS dated_exactly,
               createdAt >= {recent:DateTime64(3, 'UTC')} AS late,
               (toUInt64(entityId) * 4294967296 + bitAnd(keyed, 4294967295)) * 14029467366897019727 AS inner,
               (toUInt64(entityId) * 4294967296 + bitAnd(user, 4294967295)) * 14029467366897019727 AS own
        FROM {target:Identifier}
        WHERE entityType = {entity:String}
          AND metricType IN {metrics:Array(String)}
          AND entityId >= {start:Int64}
          AND entityId < {stop:Int64}
          AND createdAt <= {until:DateTime64(3, 'UTC')}
          AND (createdAt < {cutoff:DateTime64(3, 'UTC')} OR metricType IN {judged:Array(String)})
    )
)
GROUP BY code
