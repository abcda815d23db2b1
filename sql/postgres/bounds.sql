-- The first statement of a reading: fixes and names its snapshot, and sets its bounds for this
-- transaction only, so that they hold behind any pooler. Says what then holds, to be compared with
-- what was asked for; timeouts in seconds. Row security is off: a policy that would hide rows is an
-- error instead. Settings that this server does not know are left out. The name says what is read: a
-- session may have been opened for something else.
SELECT pg_current_snapshot()::text AS "snapshot",
       current_setting('transaction_isolation') AS "isolation",
       current_setting('transaction_read_only') AS "readOnly",
       set_config('application_name', :application, true) AS "application",
       set_config('TimeZone', 'UTC', true) AS "zone",
       set_config('row_security', 'off', true) AS "rowSecurity",
       extract(epoch FROM set_config('statement_timeout', :timeout, true)::interval)::float8 AS "statement",
       extract(epoch FROM set_config('idle_in_transaction_session_timeout', :timeout, true)::interval)::float8 AS "idle",
       CASE
           WHEN current_setting('client_connection_check_interval', true) IS NOT NULL
               THEN set_config('client_connection_check_interval', '5s', true)
       END AS "check",
       CASE
           WHEN current_setting('transaction_timeout', true) IS NOT NULL
               THEN set_config('transaction_timeout', '0', true)
       END AS "transaction"
