-- Replaces all of a dimension's copy by a fresh one: a reader sees all of the old or all of the new.
ALTER TABLE {copy:Identifier} REPLACE PARTITION ID 'all' FROM {fresh:Identifier}
