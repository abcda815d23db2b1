-- Gives an empty cellar on the ClickHouse side. The target is not touched:
-- clickhouse_target_clear.sql does that.
DROP TABLE IF EXISTS modelVersionEvents SYNC;
DROP TABLE IF EXISTS daily_downloads_unique SYNC;
DROP TABLE IF EXISTS modelVersionUniqueDownloads SYNC;
DROP TABLE IF EXISTS orchestration.jobs SYNC;
DROP TABLE IF EXISTS daily_user_resource SYNC;
DROP TABLE IF EXISTS buzz_resource_compensation SYNC;
DROP TABLE IF EXISTS reactions SYNC;
DROP TABLE IF EXISTS comments SYNC;
