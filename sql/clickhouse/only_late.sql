-- Rows of late keys.
(metricType, entityId, userId) IN (SELECT metricType, entityId, userId FROM {look:Identifier} WHERE kind = 'late' AND NOT whole)
OR (metricType, entityId) IN (SELECT metricType, entityId FROM {look:Identifier} WHERE kind = 'late' AND whole)
