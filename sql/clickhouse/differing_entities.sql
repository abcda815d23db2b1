-- Entities that a difference names (a part of chosen.sql).
entityId IN (SELECT entityId FROM {difference:Identifier} WHERE metricType = {metric:Literal})
