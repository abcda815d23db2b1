-- Sales of the shop, a row each.
SELECT s.shop_id AS "entityId",
       s.customer_id AS "userId",
       s.sold_at AS "createdAt",
       s.cents AS "cents"
FROM sales s
WHERE s.shop_id >= :start
  AND s.shop_id < :stop
  AND s.sold_at < :until
