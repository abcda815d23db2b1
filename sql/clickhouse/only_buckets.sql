-- Rows of a scope whose fingerprints differ from the source's. A metric and bucket are one number, because
-- looking up a pair with a name in it takes many times as long.
bitShiftRight(toInt64(entityId), {bits:Clause}) * {codes:Clause}
    + CAST(transform(metricType, [{names:Clause}], arrayEnumerate([{names:Clause}]), 0), 'UInt8')
    IN (SELECT code FROM {buckets:Identifier})
