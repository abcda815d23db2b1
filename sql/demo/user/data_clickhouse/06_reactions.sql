-- Reactions of all eight kinds, made and withdrawn, with the owner of what was reacted to: unknown
-- owners (-1), owners deleted in Postgres, self reactions before and after 2024-04-27, exactly then
-- and one second before.
INSERT INTO reactions (type, time, userId, entityId, reaction, nsfw, ip, userAgent, ownerId)
SELECT concat(
           ['Image', 'Image', 'Image', 'Image', 'Image', 'Comment', 'CommentV2', 'Review',
               'Question', 'Answer', 'BountyEntry', 'Article']
               [1 + k % 12],
           if(k = n, '_Create', '_Delete')
       ),
       toDateTime(multiIf(
           n % 1009 = 1, {cutoff:Int64} - 1,
           n % 1009 = 2, {cutoff:Int64},
           n % 1009 = 3, 1714176000 - 1,
           n % 1009 = 4, 1714176000,
           1682553600 + toInt64(sipHash64(n, 603, {seed:Int64}) %
               toUInt64({now:Int64} - 1682553600))
       )),
       if(n % 1009 IN (3, 4) OR k % 25 = 13, owner, user + intDiv(user - 1, 6)),
       toInt32(1 + sipHash64(k, 604, {seed:Int64}) % 100000),
       ['Like', 'Like', 'Like', 'Heart', 'Heart', 'Laugh', 'Cry', 'Dislike'][1 + k % 8],
       'None', '', '',
       owner
FROM (
    SELECT n, k,
           toInt64(1 + sipHash64(k, 601, {seed:Int64}) % toUInt64({actors:Int64})) AS user,
           1 + (toInt64(floor({users:Int64} * pow((sipHash64(k, 602, {seed:Int64}) %
               4503599627370496) / 4503599627370496, 3))) * 1000003)
             % {users:Int64} AS picked,
           multiIf(k % 30 = 11, -1, k % 40 = 17, 7 * (1 + intDiv(picked, 6)),
               picked + intDiv(picked - 1, 6)) AS owner
    FROM (SELECT toInt64(number + 1) AS n, if(n % 11 = 6, n - 1, n) AS k
        FROM numbers(toUInt64({reactions:Int64})))
);
