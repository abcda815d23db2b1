-- Gives an empty cellar: every table and type of the sources and legacy is gone, by whatever seeding
-- it was made. The database is the demo's own.
DROP SCHEMA IF EXISTS demo CASCADE;
DO $$
DECLARE
    kind text;
    name text;
BEGIN
    FOR kind, name IN
        SELECT 'TABLE', tablename FROM pg_tables WHERE schemaname = 'public'
        UNION ALL
        SELECT 'TYPE', typname FROM pg_type
        WHERE typtype = 'e' AND typnamespace = 'public'::regnamespace
    LOOP
        EXECUTE format('DROP %s IF EXISTS public.%I CASCADE', kind, name);
    END LOOP;
END
$$;
