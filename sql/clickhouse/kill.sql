-- Ends a statement of ours and waits until it has ended.
KILL QUERY WHERE query_id = {query_id:String} SYNC
