-- The staging table is full: index it and count it.
CREATE INDEX total_entity ON demo.total (entity, "asOf", "metricType");
ANALYZE demo.total;
