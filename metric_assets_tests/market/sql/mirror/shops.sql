-- Every shop there is.
SELECT s.shop_id AS "shop_id"
FROM shops s
