-- What became of reactions of before the cutoff: some were taken back, some given again.
DELETE FROM "ImageReaction" WHERE "createdAt" < :cutoff AND demo.h(id, 9201) % 100 = 0;
UPDATE "ImageReaction" SET "createdAt" = demo.after(id)
WHERE "createdAt" < :cutoff AND demo.h(id, 9201) % 200 = 1;
DELETE FROM "ArticleReaction" WHERE "createdAt" < :cutoff AND demo.h(id, 9202) % 60 = 0;
UPDATE "ArticleReaction" SET "createdAt" = demo.after(id)
WHERE "createdAt" < :cutoff AND demo.h(id, 9202) % 100 = 1;
DELETE FROM "BountyEntryReaction"
WHERE "createdAt" < :cutoff AND demo.h("userId" * 1000003::bigint + "bountyEntryId", 9203) % 60 = 0;
