-- Donations to the version's goals, the only way to tip a version. No index serves the range; both
-- tables are small.
SELECT dg."modelVersionId" AS "entityId",
       d."userId" AS "userId",
       d."createdAt" AS "createdAt",
       d.amount AS "amount"
FROM "DonationGoal" dg
JOIN "Donation" d ON d."donationGoalId" = dg.id
WHERE dg."modelVersionId" >= :start
  AND dg."modelVersionId" < :stop
  AND d."createdAt" < :until
