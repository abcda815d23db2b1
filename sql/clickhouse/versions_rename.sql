-- Puts a fresh copy in the place of a mirror that was dropped. A reader in between finds no table,
-- and fails, instead of a part of the versions.
RENAME TABLE {fresh:Identifier} TO {versions:Identifier}
