-- Follows, hides and blocks. A toggled row keeps its first createdAt, so type says nothing about
-- time. Some users follow themselves.
INSERT INTO "UserEngagement" ("userId", "targetUserId", type, "createdAt")
SELECT demo.actor(p.id, j, p.size, 1001),
       p.id,
       CASE p.before + j
           WHEN 5 THEN 'Hide' WHEN 6 THEN 'Hide'
           ELSE (ARRAY['Follow', 'Follow', 'Follow', 'Follow', 'Follow', 'Block', 'Hide', 'Follow',
               'Hide', 'Follow',
                       'Follow', 'Follow'])[1 + (p.before + j) % 12]
       END::"UserEngagementType",
       CASE p.before + j
           WHEN 5 THEN :cutoff - INTERVAL '1 millisecond' WHEN 6 THEN :cutoff
           ELSE demo.moment(p.before + j, 1003, p.born)
       END
FROM demo.popular(:users, :engagements, :actors, 1004) AS p, generate_series(1, p.size) AS j;

INSERT INTO "UserEngagement" ("userId", "targetUserId", type, "createdAt")
SELECT u.id, u.id, 'Follow', demo.moment(u.id, 1005, 0.5)
FROM "User" u
WHERE u.id % 97 = 2
  AND NOT EXISTS (SELECT FROM "UserEngagement" e WHERE e."targetUserId" = u.id
      AND e."userId" = u.id);
