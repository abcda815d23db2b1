-- Gives the dice of the generator, in a schema of their own that goes away when the seeding ends.
-- Every die is a hash of (row number, salt, seed): the same scale and seed give the same rows, byte
-- for byte.
DROP SCHEMA IF EXISTS demo CASCADE;
CREATE SCHEMA demo;

-- A hash of n that is never negative.
CREATE FUNCTION demo.h(n bigint, salt integer) RETURNS bigint
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN hashint8extended(n, :seed::bigint * 100003 + salt) & 9223372036854775807;

-- A number in [0, 1).
CREATE FUNCTION demo.u(n bigint, salt integer) RETURNS double precision
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (hashint8extended(n, :seed::bigint * 100003 + salt) & 4503599627370495) /
        4503599627370496.0::double precision;

-- The id of the i-th entity: every seventh id is a gap.
CREATE FUNCTION demo.id(i bigint) RETURNS integer
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (i + (i - 1) / 6)::integer;

-- The id of the i-th entity that was deleted: the gaps.
CREATE FUNCTION demo.gone(i bigint) RETURNS integer
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (i * 7)::integer;

-- When the i-th of n entities was born, as a share of the demo's time. Ids follow time, but every
-- 17th does not.
CREATE FUNCTION demo.born(i bigint, n integer) RETURNS double precision
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN i % 17 = 5 THEN demo.u(i, 1) ELSE (i - demo.u(i, 1)) / n END;

-- A share of the demo's time as an instant.
CREATE FUNCTION demo.at(share double precision) RETURNS timestamp(3)
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN :start + floor(share * :span_ms) * INTERVAL '1 millisecond';

-- When event n on an entity born at that share happened: soon after its birth more often than late.
-- Four rows of every 1009 stand at the two cutoffs, exactly and one millisecond before.
CREATE FUNCTION demo.moment(n bigint, salt integer, born double precision) RETURNS timestamp(3)
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE n % 1009
        WHEN 1 THEN :cutoff - INTERVAL '1 millisecond'
        WHEN 2 THEN :cutoff
        WHEN 3 THEN :image_cutoff - INTERVAL '1 millisecond'
        WHEN 4 THEN :image_cutoff
        ELSE :start + floor((born + (1 - born) * power(demo.u(n, salt), 4)) * :span_ms) * INTERVAL
            '1 millisecond'
    END;

-- Popularity: how many events each of n entities has, zipf-like, summing to about total, never
-- above cap; a quarter has none. before = events of the entities that are more popular, so before +
-- j numbers all rows of a table.
CREATE FUNCTION demo.popular(entities bigint, total bigint, cap integer, salt integer)
    RETURNS TABLE (i bigint, id integer, size integer, before bigint, born double precision)
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    BEGIN ATOMIC
        WITH weighed AS (
            SELECT rank, power(rank::double precision, -0.95::double precision) AS weight
                FROM generate_series(1, (entities * 3 + 3) / 4) AS rank
        ), sized AS (
            SELECT rank,
                   (rank * 1000003 + salt) % entities + 1 AS i,
                   least(cap, floor(total * weight / sum(weight) OVER () +
                       demo.u(rank, salt)))::integer
                       AS size
            FROM weighed
        )
        SELECT i,
               demo.id(i),
               size,
               (sum(size) OVER (ORDER BY rank) - size)::bigint,
               demo.born(i, entities::integer)
        FROM sized
        WHERE size > 0
        ORDER BY rank;
    END;

-- The j-th of size distinct picks for a key, out of many things. Most keys pick from a few
-- favourites, so the picked ones are skewed as well. many, medium and few are primes, so a stride
-- never meets itself.
CREATE FUNCTION demo.pick(key bigint, j bigint, size integer, many integer, medium integer,
    few integer, salt integer)
    RETURNS integer
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE
        WHEN key % 3 = 0 AND size <= few
        THEN (demo.h(key, salt) % few + j * (1 + demo.h(key, salt + 1) % (few - 1))) % few
        WHEN key % 3 = 1 AND size <= medium
        THEN (demo.h(key, salt) % medium + j * (1 + demo.h(key, salt + 1) % (medium - 1))) % medium
        ELSE (demo.h(key, salt) % many + j * (1 + demo.h(key, salt + 1) % (many - 1))) % many
    END + 1;

-- The id of the j-th of size distinct users who act on a thing.
CREATE FUNCTION demo.actor(key bigint, j bigint, size integer, salt integer) RETURNS integer
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN demo.id(demo.pick(key, j, size, :actors, :regulars, :addicts, salt));

-- The user who owns the i-th thing.
CREATE FUNCTION demo.owner(i bigint, salt integer) RETURNS integer
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN demo.id(1 + demo.h(i, salt) % :actors);

-- The model (as an index, not an id) of the i-th version: most models have one version, some have
-- none or many.
CREATE FUNCTION demo.model_of(i bigint) RETURNS bigint
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN i * 10 <= :models::bigint * 9 THEN i ELSE 1 + (i * i) % :models END;

-- A reaction, likes more often than others; the first fifty take turns, so that even a small demo
-- has them all. shift gives the same user another one on the same thing.
CREATE FUNCTION demo.reaction(n bigint, salt integer, shift integer) RETURNS "ReviewReactions"
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (ARRAY['Like', 'Heart', 'Laugh', 'Cry', 'Dislike']::"ReviewReactions"[])[
        1 + ((CASE
            WHEN n <= 50 THEN (n % 5)::integer
            WHEN demo.u(n, salt) < 0.55 THEN 0
            WHEN demo.u(n, salt) < 0.80 THEN 1
            WHEN demo.u(n, salt) < 0.88 THEN 2
            WHEN demo.u(n, salt) < 0.94 THEN 3
            ELSE 4
        END) + shift) % 5
    ];

-- What the i-th collection holds. Every seventh is a Bookmark one and takes its kind in turn.
CREATE FUNCTION demo.kind(i bigint) RETURNS "CollectionType"
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE
        WHEN i % 7 = 2 THEN (ARRAY['Image', 'Model', 'Article', 'Post']::"CollectionType"[])[1 +
            (i / 7) % 4]
        WHEN i % 30 < 22 THEN 'Image'::"CollectionType"
        WHEN i % 30 < 26 THEN 'Post'::"CollectionType"
        WHEN i % 30 < 29 THEN 'Article'::"CollectionType"
        ELSE 'Model'::"CollectionType"
    END;
