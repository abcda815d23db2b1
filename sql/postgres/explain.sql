-- Asks the planner how the statement that is put after this one would be run; nothing is read.
EXPLAIN (FORMAT JSON)
