-- Puts a fresh copy in the place of one that was dropped. A reader in between finds no table, and
-- fails, instead of a part of the rows.
RENAME TABLE {fresh:Identifier} TO {copy:Identifier}
