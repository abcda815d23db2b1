-- The server's instant.
SELECT now64(3, 'UTC') AS instant
