-- Entities whose live events lack something or have too much (a part of chosen.sql).
entityId IN (SELECT entityId FROM {judged:Identifier} WHERE metricType = {metric:Literal} AND NOT earlier AND rest != 0)
