-- Writes a change of the target down before it is made: rows as one of the fragments record_….sql gives them.
INSERT INTO {repairs:Identifier}
    (at, target, change, sequence, run, undoes, user, host, command, entityType, metricType, start, stop, cutoff,
     previousCutoff, mode, kind, entityId, userId, createdAt, magnitude,
     beforePositive, beforeNegative, afterPositive, afterNegative, total, hash)
WITH
    {metrics:Array(String)} AS metrics,
    (
        SELECT max(sequence) + 1
        FROM {repairs:Identifier}
        WHERE target = {target_name:String} AND entityType = {entity:String} AND metricType IN {metrics:Array(String)}
          AND start < {stop:Int64} AND stop > {start:Int64}
    ) AS number
SELECT now64(3, 'UTC'), {target_name:String}, {change:String}, number,
       {run:String}, {undoes:String}, {user:String}, {host:String}, {command:String},
       {entity:String}, metric, {start:Int64}, {stop:Int64}, {cutoff:DateTime64(3, 'UTC')},
       if({previous:Array(Int64)}[indexOf(metrics, metric)] = {never:Int64}, NULL,
          fromUnixTimestamp64Milli({previous:Array(Int64)}[indexOf(metrics, metric)], 'UTC')),
       if({append:Bool}, 'append', 'replace'), {kind:String},
       key.1, key.2, key.3, key.4,
       positive, negative, afterwards, negated, total, hash
FROM {rows:Clause}
