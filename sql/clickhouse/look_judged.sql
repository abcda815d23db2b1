-- Tells the judgement of a second look what the first one found held.
INSERT INTO {judged:Identifier} (metricType, entityId, userId, whole, earlier, present)
SELECT metricType, entityId, userId, whole, true, metricValue
FROM {look:Identifier}
WHERE kind = 'judged'
