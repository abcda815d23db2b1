-- What the copy of a dimension holds: rows, and a hash that adds up over them.
SELECT count() AS rows, sumWithOverflow(cityHash64(*)) AS hash
FROM {copy:Identifier}
