-- Ends a delete of ours that goes on without its statement; what it has not reached stays.
KILL MUTATION WHERE database = currentDatabase() AND table = {table:String} AND mutation_id = {mutation:String} SYNC
