-- Ends the transaction that holds locks, and them with it.
ROLLBACK
