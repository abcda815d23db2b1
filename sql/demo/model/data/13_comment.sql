-- Old comments on models: several a user, TOS-violating, hidden and locked ones, and twins (same
-- user, same millisecond).
INSERT INTO "Comment" (id, content, "createdAt", "updatedAt", "tosViolation", "parentId", "userId",
    "modelId", locked, hidden)
SELECT demo.id(row_number() OVER (ORDER BY CASE WHEN n % 9 = 4 THEN demo.at(demo.u(n, 1306))
    ELSE "createdAt" END, n)),
       'comment', "createdAt", "createdAt", n % 19 = 8, NULL, "userId", "modelId", n % 43 = 6,
           n % 47 = 6
FROM (
    SELECT p.before + j AS n, p.id AS "modelId", demo.actor(p.id, j / 2, p.size, 1301) AS "userId",
           demo.moment(p.before + j - CASE WHEN j % 10 = 3 THEN 1 ELSE 0 END, 1303, p.born)
               AS "createdAt"
    FROM demo.popular(:models, :comments, 1000000, 1304) AS p, generate_series(1, p.size) AS j
) AS comment;
