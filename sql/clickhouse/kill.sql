-- Ends a statement of ours, on whichever replica it runs, and waits until it has ended.
KILL QUERY {everywhere:Clause} WHERE query_id = {query_id:String} SYNC
