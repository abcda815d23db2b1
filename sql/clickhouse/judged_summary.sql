-- What the judgement came to, a row a metric, in counter units but for unsettled (keys) and changes (keys
-- that have to be looked at again): what is left between an entity's counter and its source is live
-- drift. "largest" is the largest adjustment, which has to fit into the target.
SELECT metricType,
       sum(withdrawn) AS withdrawn,
       sum(overlap) AS overlap,
       toInt64(sum(unsettled)) AS unsettled,
       sum(width) AS unsettled_width,
       sum(moved) AS moved,
       sum(greatest(left, 0)) AS live_missing,
       sum(greatest(-left, 0)) AS live_phantom,
       sum(untold) AS gone_untold,
       toInt64(sum(changes)) AS changes,
       max(largest) AS largest
FROM
(
    SELECT metricType, entityId,
           sum(greatest(adjustment, 0)) AS withdrawn,
           sum(greatest(-adjustment, 0)) AS overlap,
           countIf(low < high) AS unsettled,
           sum(high - low) AS width,
           least(sum(greatest(rest, 0)), sum(greatest(-rest, 0))) AS moved,
           sum(source + adjustment - present) AS change,
           multiIf(any(least_change) > change, any(least_change) - change,
                   any(greatest_change) < change, any(greatest_change) - change, 0) AS left,
           sum(if(source + adjustment < present AND source < present AND negative = 0,
                  least(present - source - adjustment, present - source), 0)) AS untold,
           countIf(base != present OR adjustment != asked OR rest < 0 OR (rest > 0 AND recent)) AS changes,
           max(abs(adjustment)) AS largest
    FROM {judged:Identifier}
    WHERE NOT earlier
    GROUP BY metricType, entityId
)
GROUP BY metricType
