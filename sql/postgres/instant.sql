-- Which instant, UTC, a reading that begins now shows at the earliest ("shown": on a replica that of
-- the last commit that it has replayed), and what the clock says.
SELECT (CASE
            WHEN pg_is_in_recovery() THEN pg_last_xact_replay_timestamp()
            ELSE clock_timestamp()
        END AT TIME ZONE 'UTC') AS "shown",
       (clock_timestamp() AT TIME ZONE 'UTC') AS "clock"
