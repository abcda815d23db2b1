-- What became, after the cutoff, of earlier engagements: some were taken back, some given again (a new
-- row of after the cutoff), some follows became hides in place and keep their time, and the other way
-- round.
DELETE FROM "UserEngagement"
WHERE "createdAt" < :cutoff AND demo.h("userId" * 1000003::bigint + "targetUserId", 9101) % 100 = 0;
UPDATE "UserEngagement"
SET "createdAt" = demo.after("userId" * 1000003::bigint + "targetUserId")
WHERE "createdAt" < :cutoff AND demo.h("userId" * 1000003::bigint + "targetUserId", 9101) % 100 = 1;
UPDATE "UserEngagement"
SET type = CASE type WHEN 'Follow' THEN 'Hide' ELSE 'Follow' END::"UserEngagementType"
WHERE type <> 'Block' AND "createdAt" < :cutoff
    AND demo.h("userId" * 1000003::bigint + "targetUserId", 9101) % 200 = 2;
