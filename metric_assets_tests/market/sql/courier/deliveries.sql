-- Deliveries by the courier for shops that Postgres still has. (ClickHouse)
SELECT courier AS entityId,
       customer AS userId,
       toDateTime64(at, 3, 'UTC') AS createdAt
FROM deliveries
WHERE courier >= {start:Int64}
  AND courier < {stop:Int64}
  AND at < {until:DateTime64(3, 'UTC')}
  AND shop IN (SELECT shop_id FROM {shops:Identifier})
