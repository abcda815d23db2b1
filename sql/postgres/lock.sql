-- True if this transaction now holds the advisory lock; it is let go when the transaction ends.
SELECT pg_try_advisory_xact_lock(:key)
