-- Ends a private table; nothing else is ever dropped.
DROP TABLE IF EXISTS {table:Identifier} SYNC
