-- Generation jobs: several a user, version and day, a job kind that does not count, injected
-- versions, versions deleted in Postgres, and now and then the same resource twice in one job.
INSERT INTO orchestration.jobs (jobId, userId, jobType, createdAt, completedAt, provider, issuedBy,
    cost, resourcesUsed)
SELECT concat('job-', toString(n)),
       toInt32(user + intDiv(user - 1, 6)),
       multiIf(n % 10 = 7, 'comfyVideoGen', n % 10 < 5, 'TextToImageV2', n % 10 < 6, 'TextToImage',
           'Comfy'),
       fromUnixTimestamp64Milli(multiIf(
           n % 1009 = 1, {cutoff:Int64} * 1000 - 1,
           n % 1009 = 2, {cutoff:Int64} * 1000,
           ({start:Int64} + day * 86400) * 1000 + toInt64(sipHash64(n, 304, {seed:Int64}) %
               86400000)
       )) AS created,
       created,
       'demo', 'demo', 1,
       arrayMap(v -> toInt32(v), arrayConcat(
           [if(k % 41 = 7, 7 * (1 + intDiv(first, 6)), first + intDiv(first - 1, 6)),
               second + intDiv(second - 1, 6)],
           if(n % 4 = 0, [391999], []), if(n % 10 = 0, [424706], []),
               if(n % 50 = 3, [second + intDiv(second - 1, 6)], [])
       ))
FROM (
    SELECT n, k,
           toInt64(1 + sipHash64(k, 301, {seed:Int64}) % toUInt64({actors:Int64})) AS user,
           toInt64(sipHash64(k, 302, {seed:Int64}) % toUInt64(intDiv({now:Int64} - {start:Int64},
               86400))) AS day,
           1 + (toInt64(floor({versions:Int64} * pow((sipHash64(k, 303, {seed:Int64}) %
               4503599627370496) / 4503599627370496, 3))) * 1000003)
             % {versions:Int64} AS first,
           1 + (first * 7 + k % 3) % {versions:Int64} AS second
    FROM (SELECT toInt64(number + 1) AS n, if(n % 3 = 2, n - 1, n) AS k
        FROM numbers(toUInt64({generations:Int64})))
);
