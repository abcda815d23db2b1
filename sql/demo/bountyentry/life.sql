-- What became, after the cutoff, of earlier reactions: some were taken back.
DELETE FROM "BountyEntryReaction"
WHERE "createdAt" < :cutoff AND demo.h("userId" * 1000003::bigint + "bountyEntryId", 9203) % 60 = 0;
