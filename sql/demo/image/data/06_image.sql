-- Images: about two a post, three in eight without any.
INSERT INTO "Image" (id, url, "userId", "createdAt", "updatedAt", "featuredAt", "postId", "sortAt")
SELECT demo.id(i),
       'demo/' || i,
       demo.owner(i, 601),
       demo.at(born),
       demo.at(born),
       CASE WHEN i % 499 = 0 THEN demo.at(born) END,
       CASE WHEN i % 8 NOT IN (3, 5, 6) THEN demo.id(1 + ((i - 1) * :posts) / :images) END,
       demo.at(born)
FROM (SELECT i, demo.born(i, :images) AS born FROM generate_series(1, :images::bigint) AS i) AS
    image;
