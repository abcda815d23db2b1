-- Gives the staging table of formula totals, one state of the world an instant ("asOf"), long.
DROP TABLE IF EXISTS demo.total;
CREATE UNLOGGED TABLE demo.total (
    entity text NOT NULL,
    "asOf" date NOT NULL,
    "entityId" integer NOT NULL,
    "metricType" text NOT NULL,
    total bigint NOT NULL,
    events bigint NOT NULL
);

-- The five timeframes and by what the shorter ones are smaller.
DROP TABLE IF EXISTS demo.timeframe;
CREATE TABLE demo.timeframe AS
SELECT timeframe::"MetricTimeframe" AS timeframe, share
FROM (VALUES ('Day', 300), ('Week', 60), ('Month', 14), ('Year', 2), ('AllTime', 1)) AS t
    (timeframe, share);
