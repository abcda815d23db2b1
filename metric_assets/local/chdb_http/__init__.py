"""ClickHouse's HTTP interface over chDB: a server for demos, tests and a first look.

chDB is ClickHouse as a Python package: the whole engine, installed by pip, without its servers.
This package puts the part of the HTTP interface in front of it that clickhouse-connect and curl
use. It imports nothing of metric_assets (a contract of import-linter), and `local/clickhouse.py`
is what starts it.

NOT FOR PRODUCTION. It listens on 127.0.0.1 only and asks for no password: any user name is accepted
and runs as the engine's one user. Files and the network are open to every statement.

Left out, and refused with NOT_IMPLEMENTED where leaving it out would change a result: sessions
(SET, USE, temporary tables; a session_id is ignored), compressed bodies (Accept-Encoding is
ignored), external tables.

How to replace it. ClickHouse has a statement that opens its own HTTP listener, SYSTEM START LISTEN
HTTP; clickhouse-local runs it, and chDB 4.4 contains it without the part that it calls:

    Code: 49. DB::Exception: Can't start servers because start_servers_callback is not set.

`test_chdb_cannot_listen_itself` expects that error, so it fails with the first chDB that can
listen. Then:

1. engine.py: add <listen_host>127.0.0.1</listen_host> and <http_port> to the configuration, and
   keep the connection that holds the engine open.
2. process.py: run the statement in place of uvicorn and wait for SIGTERM.
3. Delete app, request, response, execution, statement, pipe and protocol, what is left unused in
   engine.py, and from the tests what only they do. The listener brings sessions, compression and
   external tables with it.
4. files.py, server.py and `local/clickhouse.py` stay: one process for each data folder, found by
   its lock, is needed just the same.

The tests of the HTTP interface are what has to pass before and after.
"""
