-- Judges what the target must hold below the cutoff for each key (entity and user, or entity alone), so
-- that it and the live events add up to what the source says (docs/explanation/counter.md derives the rule). A key
-- is written down where its base differs from the source or from what is held, where counter and source
-- cannot be made equal (rest), or where events near the snapshot leave a span (low < high).
-- Keys are first thrown into a million buckets, in which the source and the counters cancel out as
-- signed sums of hashes, and likewise the rows of the source and those held below the cutoff: only keys of
-- the other buckets are judged one by one. Where there are few, all of them are. A metric of which the scope holds nothing (fresh) is taken to
-- hold what the source has. Adjustments that would move an entity's counter away from the source are taken
-- back, user by user; and of an entity whose counter may be right as it is, what its changes add up to.
-- Sides: 0 source before the cutoff, 1 source from it on, 2 held below it, 3 live, 4 what the first look found
-- held: a second one judges from there, so that it comes to what one look at all events would have.
INSERT INTO {judged:Identifier}
    (metricType, entityId, userId, whole, source, present, negative, recent,
     low, high, base, asked, adjustment, rest, least_change, greatest_change)
WITH sides AS
(
    SELECT CAST(transform(metricType, {metrics:Array(String)}, arrayEnumerate({metrics:Array(String)}), 0),
                'UInt8') AS metric,
           entityId, userId, createdAt,
           toInt64(metricValue) AS value, toUInt8(0) AS side
    FROM {stage:Identifier}
    WHERE metricType IN {metrics:Array(String)}
    UNION ALL
    SELECT CAST(transform(metricType, {metrics:Array(String)}, arrayEnumerate({metrics:Array(String)}), 0),
                'UInt8') AS metric,
           entityId, userId, createdAt,
           toInt64(metricValue) AS value, toUInt8(1) AS side
    FROM {after:Identifier}
    WHERE metricType IN {metrics:Array(String)}
    UNION ALL
    SELECT CAST(transform(metricType, {metrics:Array(String)}, arrayEnumerate({metrics:Array(String)}), 0),
                'UInt8') AS metric,
           entityId, userId, createdAt,
           toInt64(metricValue) AS value,
           if(createdAt < {cutoff:DateTime64(3, 'UTC')}, toUInt8(2), toUInt8(3)) AS side
    FROM {held:Identifier}
    WHERE entityType = {entity:String}
      AND metricType IN {metrics:Array(String)}
      AND entityId >= {start:Int64}
      AND entityId < {stop:Int64}
      AND createdAt <= {until:DateTime64(3, 'UTC')}
      AND ({only:Clause})
    UNION ALL
    SELECT CAST(transform(metricType, {metrics:Array(String)}, arrayEnumerate({metrics:Array(String)}), 0),
                'UInt8') AS metric,
           entityId, userId,
           {cutoff:DateTime64(3, 'UTC')}, present AS value, toUInt8(4) AS side
    FROM {judged:Identifier}
    WHERE earlier
),
buckets AS
(
    SELECT toUInt32(bitAnd(key, 1048575)) AS bucket
    FROM
    (
        SELECT cityHash64(metric, entityId, if(has({by_entity:Array(UInt8)}, metric), 0, userId)) AS key,
               multiIf(side = 4 OR (side = 0 AND has({fresh:Array(UInt8)}, metric)), 0, side < 2, value, -value) AS weight,
               if(side IN (1, 3, 4) OR has({fresh:Array(UInt8)}, metric), 0,
                  reinterpretAsInt64(cityHash64(metric, entityId, userId, createdAt, abs(value)))
                  * if((side = 0) = (value >= 0), 1, -1)) AS row,
               side = 3 AND createdAt >= {sure:DateTime64(3, 'UTC')} AS ambiguous, side = 4 AS earlier
        FROM sides
    )
    GROUP BY bucket
    HAVING sumWithOverflow(reinterpretAsInt64(key) * weight) != 0 OR sumWithOverflow(row) != 0
        OR max(ambiguous OR earlier)
),
keys AS
(
    SELECT metric, entityId, if(has({by_entity:Array(UInt8)}, metric), 0, userId) AS user,
           sumIf(value, side = 0) AS source,
           sumIf(value, side = 1) AS after,
           sumIf(value, side = 2) AS held,
           countIf(side = 2) AS heldRows,
           sumIf(value, side = 4) AS heldEarlier,
           countIf(side = 4) > 0 AS judgedEarlier,
           sumIf(value, side = 3 AND createdAt < {sure:DateTime64(3, 'UTC')}) AS live,
           sumIf(value, side = 3 AND createdAt >= {sure:DateTime64(3, 'UTC')} AND value > 0) AS up,
           sumIf(-value, side = 3 AND createdAt >= {sure:DateTime64(3, 'UTC')} AND value < 0) AS down,
           sumIf(value, side = 3 AND value > 0) AS positive,
           sumIf(-value, side = 3 AND value < 0) AS negative,
           countIf(side = 1 AND createdAt >= {recent:DateTime64(3, 'UTC')}) > 0 AS recent
    FROM sides
    WHERE ({candidates:Clause})
    GROUP BY metric, entityId, user
),
bounds AS
(
    SELECT metric, entityId, user, source, negative, recent, heldRows, judgedEarlier,
           source + after - live - up AS low,
           source + after - live + down AS high,
           multiIf(judgedEarlier, heldEarlier,
                   heldRows = 0 AND (has({fresh:Array(UInt8)}, metric) OR NOT has({loaded:Array(UInt8)}, metric)),
                   source, held) AS present,
           multiIf(has({absorbing:Array(UInt8)}, metric), -4611686018427387904,
                   has({signed:Array(UInt8)}, metric), source - positive,
                   least(source, 0)) AS least_base,
           if(has({absorbing:Array(UInt8)}, metric), 4611686018427387904, source + negative) AS greatest_base,
           has({loaded:Array(UInt8)}, metric) AND NOT has({fresh:Array(UInt8)}, metric) AS loaded
    FROM keys
),
bases AS
(
    SELECT *, base - source AS asked, multiIf(base < low, low - base, base > high, high - base, 0) AS rest
    FROM
    (
        SELECT *,
               greatest(least(present, greatest(high, least(present, least_base))),
                        least(low, greatest(present, greatest_base))) AS base
        FROM bounds
    )
),
changed AS
(
    SELECT *,
           sum(low - present) OVER (PARTITION BY metric, entityId) AS least_change,
           sum(high - present) OVER (PARTITION BY metric, entityId) AS greatest_change,
           sum(base - present) OVER (PARTITION BY metric, entityId) AS change
    FROM bases
    WHERE asked != 0 OR rest != 0 OR low < high OR (base != present AND (heldRows > 0 OR judgedEarlier OR base < present))
),
entities AS
(
    SELECT *, loaded AND least_change <= 0 AND greatest_change >= 0 AS may_be_right FROM changed
),
taken_back AS
(
    SELECT *,
           if(may_be_right, greatest(change, 0), greatest(change - greatest_change, 0)) AS lower,
           if(may_be_right, greatest(-change, 0), greatest(least_change - change, 0)) AS raise,
           greatest(base - if(may_be_right, present, source), 0) AS up,
           greatest(if(may_be_right, present, source) - base, 0) AS down
    FROM entities
)
SELECT {metrics:Array(String)}[metric] AS metricType, entityId, user AS userId,
       has({by_entity:Array(UInt8)}, metric) AS whole,
       source, present, negative, recent, low, high, base, asked,
       asked - greatest(0, least(up, lower - (upTo - up))) + greatest(0, least(down, raise - (downTo - down))) AS adjustment,
       rest, least_change, greatest_change
FROM
(
    SELECT *,
           sum(up) OVER (PARTITION BY metric, entityId ORDER BY user
                         ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS upTo,
           sum(down) OVER (PARTITION BY metric, entityId ORDER BY user
                           ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS downTo
    FROM taken_back
)
