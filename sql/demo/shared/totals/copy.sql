-- Takes the totals that come from ClickHouse into the staging table.
COPY demo.total (entity, "asOf", "entityId", "metricType", total, events) FROM STDIN;
