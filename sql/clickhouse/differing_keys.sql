-- Rows of users that a difference names (a part of chosen_rows.sql).
(entityId, userId) IN (SELECT entityId, userId FROM {difference:Identifier} WHERE metricType = {metric:Literal})
