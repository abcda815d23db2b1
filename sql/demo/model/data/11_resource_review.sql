-- Reviews: one a user and version; excluded, TOS-violating and own ones among them, reviews of
-- unpublished versions, and users who review several versions of a model. Ids mostly follow time,
-- moved old likes do not.
INSERT INTO "ResourceReview" (
    id, "modelId", "modelVersionId", rating, recommended, "userId", "createdAt", "updatedAt",
    exclude, "tosViolation"
)
SELECT demo.id(row_number() OVER (ORDER BY CASE WHEN n % 9 = 4 THEN demo.at(demo.u(n, 1106))
    ELSE "createdAt" END, n)),
       "modelId", "modelVersionId",
       CASE WHEN recommended THEN 5 - (n % 3 = 0)::integer ELSE 1 + (n % 5 = 0)::integer END,
       recommended, "userId", "createdAt", "createdAt", n % 23 = 7, n % 29 = 9
FROM (
    SELECT DISTINCT ON ("modelVersionId", "userId")
           n, demo.id(demo.model_of(i)) AS "modelId", "modelVersionId", "userId",
           demo.moment(n, 1103, born) AS "createdAt", demo.u(n, 1104) < 0.8 AS recommended
    FROM (
        SELECT p.i, p.id AS "modelVersionId", p.born, p.before + j AS n,
               CASE
                   WHEN j = p.size AND p.i % 4 = 1 THEN demo.owner(demo.model_of(p.i), 301)
                   WHEN p.i % 3 = 0 THEN demo.actor(p.id + 1000000000, j, p.size, 1101)
                   ELSE demo.actor(demo.id(demo.model_of(p.i)), j, p.size, 1101)
               END AS "userId"
        FROM demo.popular(:versions, :reviews, :actors, 1105) AS p, generate_series(1, p.size) AS j
    ) AS drawn
    ORDER BY "modelVersionId", "userId", n
) AS review;
