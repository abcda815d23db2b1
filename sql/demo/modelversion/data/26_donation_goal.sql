-- Donation goals; some point to no version (NULL).
INSERT INTO "DonationGoal" (id, "userId", title, "goalAmount", "paidAmount", "modelVersionId",
    "createdAt")
SELECT demo.id(i), demo.owner(i, 2601), 'goal ' || i, 1000, 0,
       CASE WHEN i % 5 <> 3 THEN demo.id(1 + demo.h(i, 2602) % :versions) END,
           demo.at(demo.born(i, :goals))
FROM generate_series(1, :goals::bigint) AS i;
