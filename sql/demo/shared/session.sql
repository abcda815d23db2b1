-- Settings of the seeding session: bulk work, nothing to lose in a crash that could not be seeded
-- again.
SET synchronous_commit = off;
SET work_mem = '256MB';
SET maintenance_work_mem = '512MB';
SET jit = off;
SET timezone = 'UTC';
SET client_min_messages = warning;
