-- Replaces the whole mirror by a fresh copy: a reader sees all of the old or all of the new.
ALTER TABLE {versions:Identifier} REPLACE PARTITION ID 'all' FROM {fresh:Identifier}
