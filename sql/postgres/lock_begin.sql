-- Begins the transaction that holds locks. It takes no snapshot between statements, so it holds up no
-- vacuum; and no pooler gives its server session to anybody else before it ends.
BEGIN TRANSACTION ISOLATION LEVEL READ COMMITTED READ ONLY
