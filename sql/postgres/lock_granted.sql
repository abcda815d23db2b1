-- Tries locks that another session is said to hold: how many of them are granted, which should be
-- none; they are let go when this transaction ends.
SELECT count(*) FILTER (WHERE pg_try_advisory_xact_lock(k.key)) AS "granted"
FROM unnest(:keys::bigint[]) AS k (key)
