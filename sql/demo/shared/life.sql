-- What became, after the cutoff, of earlier comments and tips: comments were deleted; tips were topped up in place,
-- the row keeps its time.
DELETE FROM "CommentV2" WHERE "createdAt" < :cutoff AND demo.h(id, 9303) % 60 = 0;
UPDATE "BuzzTip" SET amount = amount + 50
WHERE "createdAt" < :cutoff AND demo.h("fromUserId" * 1000003::bigint + "entityId", 9401) % 20 = 0;
