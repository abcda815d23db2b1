-- Comment events on models, which the legacy processor uses to find changed models; no value comes
-- from here.
INSERT INTO comments (type, time, userId, entityId)
SELECT 'Model',
       toDateTime({start:Int64} + toInt64(sipHash64(number, 701, {seed:Int64}) %
           toUInt64({now:Int64} - {start:Int64}))),
       toInt32(1 + sipHash64(number, 702, {seed:Int64}) % toUInt64({actors:Int64})),
       toInt32(1 + sipHash64(number, 703, {seed:Int64}) % toUInt64({models:Int64}))
FROM numbers(toUInt64({comments:Int64}));
