-- What a session of ours looks like from inside the server, and how much room there is for more.
SELECT current_setting('server_version') AS "version",
       current_setting('transaction_read_only') AS "readOnly",
       current_setting('transaction_isolation') AS "isolation",
       current_setting('TimeZone') AS "zone",
       (SELECT s.setting::bigint FROM pg_settings s WHERE s.name = 'statement_timeout')
           AS "timeoutMilliseconds",
       pg_is_in_recovery() AS "replica",
       current_setting('hot_standby_feedback') AS "feedback",
       (SELECT s.setting::bigint FROM pg_settings s WHERE s.name = 'max_standby_streaming_delay')
           AS "delayMilliseconds",
       current_setting('max_connections')::bigint
           - current_setting('superuser_reserved_connections')::bigint AS "connections",
       (SELECT sum(d.numbackends)::bigint FROM pg_stat_database d) AS "taken",
       (SELECT r.rolconnlimit::bigint FROM pg_roles r WHERE r.rolname = current_user) AS "roleLimit",
       current_user::text AS "role"
