-- The market's tables and a few rows in Postgres. Four ratings of shop 1 (two good, one bad, one
-- neither), one of shop 12; sales of 700 and 250 cents; one row after the cutoff.
CREATE TABLE shops (shop_id int PRIMARY KEY, opened_at timestamp NOT NULL);
CREATE TABLE couriers (courier_id int PRIMARY KEY);
CREATE TABLE ratings (shop_id int, customer_id int, rated_at timestamp, stars int, PRIMARY KEY (shop_id, customer_id));
CREATE TABLE sales (shop_id int, sale_id int, customer_id int, sold_at timestamp, cents int, PRIMARY KEY (shop_id, sale_id));
CREATE TABLE shop_counters (shop_id int, timeframe text, praise int, blame int, turnover int, PRIMARY KEY (shop_id, timeframe));
CREATE TABLE courier_counters (courier_id int, timeframe text, deliveries int, PRIMARY KEY (courier_id, timeframe));
INSERT INTO shops VALUES (1, '2024-01-01'), (12, '2024-01-01');
INSERT INTO couriers VALUES (3);
INSERT INTO ratings VALUES
    (1, 101, '2024-02-01', 5), (1, 102, '2024-02-02', 4), (1, 103, '2024-02-03', 1), (1, 104, '2024-02-04', 3),
    (12, 101, '2024-02-05', 2);
INSERT INTO sales VALUES (1, 1, 101, '2024-03-01', 700), (1, 2, 101, '2024-03-02', 250), (1, 3, 101, '2025-11-01', 900);
INSERT INTO shop_counters VALUES (1, 'AllTime', 2, 1, 950), (12, 'AllTime', 0, 1, 0);
INSERT INTO courier_counters VALUES (3, 'AllTime', 2);
