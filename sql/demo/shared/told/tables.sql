-- What counted before the cutoff when live events began, by key; and a time between then and now.
CREATE UNLOGGED TABLE demo.before_life (
    entity text NOT NULL,
    "entityId" integer NOT NULL,
    "userId" integer NOT NULL,
    metric text NOT NULL,
    total bigint NOT NULL
);
CREATE FUNCTION demo.after(n bigint) RETURNS timestamp(3)
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN :cutoff + (1 + demo.h(n, 9001) % 2400) * INTERVAL '15 minutes';
