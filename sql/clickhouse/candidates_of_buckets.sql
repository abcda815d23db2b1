-- Keys of buckets that do not cancel out (a part of judge.sql).
toUInt32(bitAnd(cityHash64(metric, entityId, if(has({by_entity:Clause}, metric), 0, userId)), 1048575)) IN buckets
