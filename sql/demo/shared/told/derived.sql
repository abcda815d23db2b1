-- Gives an empty table for the events of entities that have no live.sql: those of their scans, of
-- whatever time.
DROP TABLE IF EXISTS demo.derived;
CREATE UNLOGGED TABLE demo.derived (
    "entityType" text NOT NULL,
    "entityId" integer NOT NULL,
    "userId" integer NOT NULL,
    "metricType" text NOT NULL,
    "metricValue" integer NOT NULL,
    "createdAt" timestamp(3) NOT NULL
);
