-- Takes a source table of ClickHouse away.
DROP TABLE IF EXISTS {database:Identifier}.{table:Identifier} SYNC;
