-- How many events all totals of now are made of, backfilled and live together.
SELECT sum(events)::bigint FROM demo.total WHERE "asOf" = :now;
