-- True if this session now holds the advisory lock; it is let go when the session ends.
SELECT pg_try_advisory_lock(:key)
