-- Ratings of the shop, a row each.
SELECT r.shop_id AS "entityId",
       r.customer_id AS "userId",
       r.rated_at AS "createdAt",
       r.stars AS "stars"
FROM ratings r
WHERE r.shop_id >= :start
  AND r.shop_id < :stop
  AND r.rated_at < :until
