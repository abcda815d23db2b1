-- Gives an empty target.
TRUNCATE TABLE {target:Identifier};
