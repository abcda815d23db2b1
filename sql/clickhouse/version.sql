-- The version of the server, in a statement that every version understands.
SELECT version()
