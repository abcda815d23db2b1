-- Rows of the keys of a second look.
(metricType, entityId, userId) IN (SELECT metricType, entityId, userId FROM {look:Identifier} WHERE kind != 'row' AND NOT whole)
OR (metricType, entityId) IN (SELECT metricType, entityId FROM {look:Identifier} WHERE kind != 'row' AND whole)
