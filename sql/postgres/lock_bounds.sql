-- Keeps the transaction that holds locks from being ended while it waits for a reading, and lets a
-- client that lost its power be noticed within a minute; for this transaction only.
SELECT pg_backend_pid() AS "backend",
       set_config('idle_in_transaction_session_timeout', '0', true) AS "idle",
       set_config('statement_timeout', '60s', true) AS "statement",
       set_config('tcp_keepalives_idle', '30', true) AS "keepalive",
       set_config('tcp_keepalives_interval', '10', true) AS "interval",
       set_config('tcp_keepalives_count', '3', true) AS "count",
       CASE
           WHEN current_setting('transaction_timeout', true) IS NOT NULL
               THEN set_config('transaction_timeout', '0', true)
       END AS "transaction"
