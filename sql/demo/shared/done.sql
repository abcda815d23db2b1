-- Takes the generator's dice and its staging away.
DROP SCHEMA IF EXISTS demo CASCADE;
