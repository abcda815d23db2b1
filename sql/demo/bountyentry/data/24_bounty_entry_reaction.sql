-- Reactions on entries. Every fifth user leaves two different ones.
INSERT INTO "BountyEntryReaction" ("bountyEntryId", "userId", reaction, "createdAt")
SELECT p.id, demo.actor(p.id, j - j / 5, p.size, 2401),
       demo.reaction(p.before + j - repeated, 2402, repeated),
           demo.moment(p.before + j, 2403, p.born)
FROM demo.popular((SELECT count(*) FROM "BountyEntry"), :entry_reactions, :actors, 2404) AS p
CROSS JOIN generate_series(1, p.size) AS j
CROSS JOIN LATERAL (SELECT CASE WHEN j % 5 = 0 THEN 1 ELSE 0 END AS repeated) AS again;
