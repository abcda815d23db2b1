-- Results since an instant whose verdict is another than that of the result before, newest first; of
-- first results those that did not pass. Results before "known" are not looked at.
SELECT at, entityType, metricType, start, stop, `check`, origin, before, verdict, word, run, user, host, command
FROM
(
    SELECT at, entityType, metricType, start, stop, `check`, origin, verdict, word, run, user, host, command,
           lagInFrame(toString(verdict)) OVER
           (
               PARTITION BY `check`, entityType, metricType, start, stop
               ORDER BY at
               ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
           ) AS before
    FROM {history:Identifier}
    WHERE target = {target:String} AND at >= {known:DateTime64(3, 'UTC')}
)
WHERE at >= {since:DateTime64(3, 'UTC')} AND before != verdict AND NOT (before = '' AND verdict = 'passed')
ORDER BY at DESC, entityType, metricType, `check`, start
LIMIT {most:UInt32}
