-- What the source is and shows in this reading: primary or replica, how a replica follows, and which
-- of the tables that are read may show less than there is. "applied": all that was received has been
-- replayed (NULL: nothing is streamed); "age": seconds since the last replayed commit was made;
-- "instant": what the snapshot shows, seconds since 1970. "openSince": when the oldest transaction began
-- whose rows the snapshot does not show yet; "writersUnknown": one of them is not ours to see, or has
-- just ended, or is on the primary.
SELECT pg_is_in_recovery() AS "replica",
       extract(epoch FROM CASE
           WHEN pg_is_in_recovery() THEN pg_last_xact_replay_timestamp()
           ELSE now()
       END)::float8 AS "instant",
       extract(epoch FROM w.since)::float8 AS "openSince",
       pg_is_in_recovery() OR w.unknown AS "writersUnknown",
       (SELECT c.system_identifier::text FROM pg_control_system() c) AS "system",
       EXISTS (SELECT FROM pg_stat_wal_receiver r WHERE r.pid IS NOT NULL) AS "receiver",
       CASE WHEN pg_is_in_recovery() THEN pg_is_wal_replay_paused() END AS "paused",
       pg_last_wal_replay_lsn() >= pg_last_wal_receive_lsn() AS "applied",
       extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp())::float8 AS "age",
       (
           SELECT extract(epoch FROM clock_timestamp() - r.last_msg_receipt_time)::float8
           FROM pg_stat_wal_receiver r
       ) AS "silent",
       extract(epoch FROM current_setting('recovery_min_apply_delay')::interval)::float8 AS "delay",
       (
           SELECT coalesce(
               json_agg(json_build_object(
                   'table', t.name,
                   'kind', CASE WHEN f.relid IS NULL THEN c.relkind::text ELSE 'f' END,
                   'sync', sr.srsubstate::text,
                   'enabled', s.subenabled,
                   'applying', EXISTS (
                       SELECT FROM pg_stat_subscription w
                       WHERE w.subid = sr.srsubid AND w.relid IS NULL AND w.pid IS NOT NULL
                   )
               )),
               '[]'
           )::text
           FROM unnest(:tables::text[]) AS t (name)
           JOIN pg_class c ON c.oid = to_regclass(quote_ident(t.name))
           LEFT JOIN LATERAL (
               SELECT p.relid
               FROM pg_partition_tree(c.oid) p
               JOIN pg_class k ON k.oid = p.relid AND k.relkind = 'f'
               LIMIT 1
           ) f ON c.relkind = 'p'
           LEFT JOIN pg_subscription_rel sr ON sr.srrelid = c.oid
           LEFT JOIN pg_subscription s ON s.oid = sr.srsubid
           WHERE c.relkind NOT IN ('r', 'p') OR f.relid IS NOT NULL OR sr.srrelid IS NOT NULL
       ) AS "tables"
FROM (
    SELECT min(coalesce(a.xact_start, p.prepared)) AS since,
           coalesce(bool_or(coalesce(a.xact_start, p.prepared) IS NULL), FALSE) AS unknown
    FROM pg_snapshot_xip(pg_current_snapshot()) AS open (xid)
    LEFT JOIN pg_stat_activity a ON a.backend_xid = open.xid::xid
    LEFT JOIN pg_prepared_xacts p ON p.transaction = open.xid::xid
) w
