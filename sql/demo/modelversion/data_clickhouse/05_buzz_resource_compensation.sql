-- What versions earned a day, since 2024-08-01. An hourly job inserts the same day again: newer
-- rows with a newer updated_at stand beside the older ones until they are merged.
INSERT INTO buzz_resource_compensation (date, modelVersionId, comp, tip, total, updated_at)
SELECT toDateTime(day * 86400), id, 10 + sipHash64(id, day, 503, {seed:Int64}) % 500 AS comp,
    id % 7 AS tip, comp + tip,
       toDateTime(day * 86400 + 90000)
FROM (
    SELECT DISTINCT
           if(n % 37 = 5, 7 * (1 + intDiv(version, 6)), version + intDiv(version - 1, 6)) AS id,
           multiIf(
               n = 1, intDiv({cutoff:Int64}, 86400) - 1,
               n = 2, intDiv({cutoff:Int64}, 86400),
               19936 + toInt64(sipHash64(n, 502, {seed:Int64}) %
                   toUInt64(intDiv({now:Int64}, 86400) - 19936))
           ) AS day
    FROM (
        SELECT toInt64(number + 1) AS n,
               1 + (toInt64(floor({versions:Int64} * pow((sipHash64(n, 501, {seed:Int64}) %
                   4503599627370496) / 4503599627370496, 3))) * 1000003)
                 % {versions:Int64} AS version
        FROM numbers(toUInt64({compensations:Int64}))
    )
);

INSERT INTO buzz_resource_compensation (date, modelVersionId, comp, tip, total, updated_at)
SELECT date, modelVersionId, comp + 20, tip, total + 20, updated_at + 3600
FROM buzz_resource_compensation
WHERE sipHash64(date, modelVersionId) % 5 = 0 AND updated_at = date + 90000;

INSERT INTO buzz_resource_compensation (date, modelVersionId, comp, tip, total, updated_at)
SELECT date, modelVersionId, comp, tip + 5, total + 5, updated_at + 3600
FROM buzz_resource_compensation
WHERE sipHash64(date, modelVersionId) % 20 = 0 AND updated_at = date + 93600;
