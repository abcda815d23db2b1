-- What became of engagements of before the cutoff: some were taken back, some given again (a new row of
-- after the cutoff), some follows became hides in place and keep their time, and the other way round.
DELETE FROM "UserEngagement"
WHERE "createdAt" < :cutoff AND demo.h("userId" * 1000003::bigint + "targetUserId", 9101) % 100 = 0;
UPDATE "UserEngagement"
SET "createdAt" = demo.after("userId" * 1000003::bigint + "targetUserId")
WHERE "createdAt" < :cutoff AND demo.h("userId" * 1000003::bigint + "targetUserId", 9101) % 100 = 1;
UPDATE "UserEngagement"
SET type = CASE type WHEN 'Follow' THEN 'Hide' ELSE 'Follow' END::"UserEngagementType"
WHERE type <> 'Block' AND "createdAt" < :cutoff
    AND demo.h("userId" * 1000003::bigint + "targetUserId", 9101) % 200 = 2;
DELETE FROM "TagEngagement"
WHERE "createdAt" < :cutoff AND demo.h("userId" * 1000003::bigint + "tagId", 9102) % 100 = 0;
UPDATE "TagEngagement"
SET "createdAt" = demo.after("userId" * 1000003::bigint + "tagId")
WHERE "createdAt" < :cutoff AND demo.h("userId" * 1000003::bigint + "tagId", 9102) % 100 = 1;
UPDATE "TagEngagement"
SET type = CASE type WHEN 'Follow' THEN 'Hide' ELSE 'Follow' END::"TagEngagementType"
WHERE type <> 'Allow' AND "createdAt" < :cutoff
    AND demo.h("userId" * 1000003::bigint + "tagId", 9102) % 200 = 2;
DELETE FROM "ArticleEngagement"
WHERE "createdAt" < :cutoff AND demo.h("userId" * 1000003::bigint + "articleId", 9103) % 50 = 0;
DELETE FROM "BountyEngagement"
WHERE "createdAt" < :cutoff AND demo.h("userId" * 1000003::bigint + "bountyId", 9104) % 50 = 0;
DELETE FROM "CollectionContributor"
WHERE "createdAt" < :cutoff AND demo.h("userId" * 1000003::bigint + "collectionId", 9105) % 100 = 0;
UPDATE "CollectionContributor"
SET permissions = CASE WHEN permissions @> '{ADD}' THEN '{VIEW}' ELSE '{VIEW,ADD}' END
    ::"CollectionContributorPermission"[]
WHERE "createdAt" < :cutoff AND demo.h("userId" * 1000003::bigint + "collectionId", 9105) % 100 = 1;
