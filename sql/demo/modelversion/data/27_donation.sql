-- Donations: several of one user to one goal, often of the same amount.
INSERT INTO "Donation" (id, "userId", "donationGoalId", amount, "buzzTransactionId", "createdAt")
SELECT demo.id(p.before + j), demo.actor(p.id, j / 2, p.size, 2701), p.id,
    100 * (1 + (p.before + j) % 4), 'tx ' || p.before + j,
       demo.moment(p.before + j, 2703, p.born)
FROM demo.popular(:goals, :donations, 1000000, 2704) AS p, generate_series(1, p.size) AS j;
