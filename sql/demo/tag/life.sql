-- What became, after the cutoff, of earlier engagements: taken back, given again, turned in place.
DELETE FROM "TagEngagement"
WHERE "createdAt" < :cutoff AND demo.h("userId" * 1000003::bigint + "tagId", 9102) % 100 = 0;
UPDATE "TagEngagement"
SET "createdAt" = demo.after("userId" * 1000003::bigint + "tagId")
WHERE "createdAt" < :cutoff AND demo.h("userId" * 1000003::bigint + "tagId", 9102) % 100 = 1;
UPDATE "TagEngagement"
SET type = CASE type WHEN 'Follow' THEN 'Hide' ELSE 'Follow' END::"TagEngagementType"
WHERE type <> 'Allow' AND "createdAt" < :cutoff
    AND demo.h("userId" * 1000003::bigint + "tagId", 9102) % 200 = 2;
