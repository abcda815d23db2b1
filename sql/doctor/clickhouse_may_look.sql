-- Nothing, from every system table that a run looks into: what runs, what was left behind, the
-- target's layout and the stage's partitions. Some servers ask for a grant on each of them.
SELECT 1 AS found FROM system.processes WHERE false
UNION ALL
SELECT 1 AS found FROM system.mutations WHERE false
UNION ALL
SELECT 1 AS found FROM system.tables WHERE false
UNION ALL
SELECT 1 AS found FROM system.columns WHERE false
UNION ALL
SELECT 1 AS found FROM system.parts WHERE false
