-- Downloads (repeated ones, anonymous ones told apart by ip, some of versions and models that
-- Postgres has deleted) and the other kinds of version events. Seconds, not milliseconds: the rows
-- at the cutoff stand at it and one second before.
INSERT INTO modelVersionEvents (type, time, userId, modelId, modelVersionId, nsfw, ip)
SELECT multiIf(n % 20 = 13, 'Create', n % 20 = 14, 'Publish', n % 20 = 15, 'Unpublish', n % 20 = 16,
    'HideDownload', 'Download'),
       toDateTime(multiIf(
           n % 1009 = 1, {cutoff:Int64} - 1,
           n % 1009 = 2, {cutoff:Int64},
           {start:Int64} + toInt64(sipHash64(n, 103, {seed:Int64}) %
               toUInt64({now:Int64} - {start:Int64}))
       )),
       if(anonymous, 0, user + intDiv(user - 1, 6)),
       model + intDiv(model - 1, 6),
       if(k % 37 = 5, 7 * (1 + intDiv(version, 6)), version + intDiv(version - 1, 6)),
       0,
       concat('10.', toString(user % 3), '.', toString(intDiv(user, 250) % 250), '.',
           toString(user % 250))
FROM (
    SELECT n, k,
           k % 5 = 4 AS anonymous,
           toInt64(1 + sipHash64(k, 101, {seed:Int64}) % toUInt64({actors:Int64})) AS user,
           1 + (toInt64(floor({versions:Int64} * pow((sipHash64(k, 102, {seed:Int64}) %
               4503599627370496) / 4503599627370496, 3))) * 1000003)
             % {versions:Int64} AS version,
           if(version * 10 <= {models:Int64} * 9, version, 1 + (version * version) % {models:Int64})
               AS model
    FROM (SELECT toInt64(number + 1) AS n, if(n % 8 = 5, n - 1, n) AS k
        FROM numbers(toUInt64({downloads:Int64})))
);
