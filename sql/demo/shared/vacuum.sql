-- Gives tables as a server has them that has run for a while: visibility known, no hint bits left to
-- write, so that the first read is measured like the second.
VACUUM;
