-- Puts one entity's formula totals into the staging table.
INSERT INTO demo.total (entity, "asOf", "entityId", "metricType", total, events)
SELECT :entity, :as_of, f."entityId", f."metricType", f.total, f.events
FROM (:formula) AS f ("entityId", "metricType", total, events);
