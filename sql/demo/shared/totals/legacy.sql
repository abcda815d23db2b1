-- Fills a legacy table by the rows of the catalog: AllTime equals the formula, the shorter timeframes
-- hold less. Entities whose legacy table deviates have a legacy.sql of their own.
INSERT INTO :table (:id, timeframe, "updatedAt", :columns)
SELECT t."entityId", f.timeframe, :now, :values
FROM demo.total AS t
CROSS JOIN demo.timeframe AS f
WHERE t.entity = :entity AND t."asOf" = :now
GROUP BY t."entityId", f.timeframe, f.share;
