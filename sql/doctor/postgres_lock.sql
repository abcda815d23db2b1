-- What matters to a lock: whether this is a replica, whose locks the primary does not know, and after
-- how long the role's idle sessions are ended (NULL: this server knows no such end).
SELECT pg_is_in_recovery() AS "replica",
       current_setting('idle_session_timeout', true) AS "idleSession"
