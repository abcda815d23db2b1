-- How a table would be read. With a row policy for our user in force the answer says "Row level filter",
-- whoever asks: system.row_policies takes a grant that few users have.
EXPLAIN actions = 1 SELECT count() FROM {source:Clause}
