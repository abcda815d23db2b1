-- Begins a reading; its snapshot is fixed by the statement after this one.
BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY
