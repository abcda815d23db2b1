-- Posts: some never published (NULL), some scheduled for a far future, two at the cutoff instant
-- and before it.
INSERT INTO "Post" (id, "userId", "modelVersionId", "createdAt", "updatedAt", "publishedAt")
SELECT demo.id(i),
       demo.owner(i, 501),
       CASE WHEN i % 3 = 0 THEN demo.id(1 + demo.h(i, 502) % :versions) END,
       demo.at(demo.born(i, :posts)),
       demo.at(demo.born(i, :posts)),
       CASE
           WHEN i % 997 = 1 THEN :cutoff - INTERVAL '1 millisecond'
           WHEN i % 997 = 2 THEN :cutoff
           WHEN i % 9 = 4 THEN NULL
           WHEN i % 23 = 6 THEN TIMESTAMP '2131-01-01' + i * INTERVAL '1 second'
           ELSE least(:now - INTERVAL '1 millisecond',
                      demo.at(demo.born(i, :posts)) + floor(demo.u(i, 503) * 172800000) * INTERVAL
                          '1 millisecond')
       END
FROM generate_series(1, :posts::bigint) AS i;
