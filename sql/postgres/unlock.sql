-- Lets go of every lock of this session at once: ending the session does it only a little later.
SELECT pg_advisory_unlock_all()
