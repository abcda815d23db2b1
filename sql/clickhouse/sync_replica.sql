-- Waits until this replica has what any other had written before now: a plan taken from a replica that
-- lags would find events missing that are there.
SYSTEM SYNC REPLICA {target:Identifier} LIGHTWEIGHT
