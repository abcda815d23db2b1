-- Which server answers: its name, and what no other server has. Embedded engines have no UUID, but each
-- makes a database `system` of its own.
SELECT hostName() AS host,
       concat(toString(serverUUID()), ' ',
              toString((SELECT any(uuid) FROM system.databases WHERE name = 'system'))) AS id
