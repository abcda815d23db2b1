-- Writes a change of the target down before it is made: rows as one of the fragments record_….sql gives them,
-- each with the range it lies in ("part"), where several neighbouring ones are loaded together.
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
          AND start < {stops:Array(Int64)}[-1] AND stop > {starts:Array(Int64)}[1]
    ) AS number,
    greatest(1, arrayFirstIndex(stop -> key.1 < stop, {stops:Array(Int64)})) AS part,
    {previous:Array(Int64)}[(part - 1) * length(metrics) + indexOf(metrics, metric)] AS known
SELECT now64(3, 'UTC'), {target_name:String}, {change:String}, number,
       {run:String}, {undoes:String}, {user:String}, {host:String}, {command:String},
       {entity:String}, metric, {starts:Array(Int64)}[part], {stops:Array(Int64)}[part], {cutoff:DateTime64(3, 'UTC')},
       if(known = {never:Int64}, NULL, fromUnixTimestamp64Milli(known, 'UTC')),
       if({append:Bool}, 'append', 'replace'), {kind:String},
       if({kind:String} = 'scope', 0, key.1), key.2, key.3, key.4,
       positive, negative, afterwards, negated, total, hash
FROM {rows:Clause}
