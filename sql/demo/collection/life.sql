-- What became, after the cutoff, of earlier contributors and items: some left, some changed what they may do in
-- place; items were taken out again.
DELETE FROM "CollectionContributor"
WHERE "createdAt" < :cutoff AND demo.h("userId" * 1000003::bigint + "collectionId", 9105) % 100 = 0;
UPDATE "CollectionContributor"
SET permissions = CASE WHEN permissions @> '{ADD}' THEN '{VIEW}' ELSE '{VIEW,ADD}' END
    ::"CollectionContributorPermission"[]
WHERE "createdAt" < :cutoff AND demo.h("userId" * 1000003::bigint + "collectionId", 9105) % 100 = 1;
DELETE FROM "CollectionItem" WHERE "createdAt" < :cutoff AND demo.h(id, 9501) % 100 = 0;
