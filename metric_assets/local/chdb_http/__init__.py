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
HTTP. clickhouse-local runs it since 2026 (ClickHouse pull request 101143); chDB 4.4 contains the
statement, without the function that it calls:

    Code: 49. DB::Exception: Can't start servers because start_servers_callback is not set.

`test_chdb_cannot_listen_itself` expects that error, so it fails with the first chDB that can
listen. Then:

1. engine.py: add <listen_host>127.0.0.1</listen_host> and <http_port> to the configuration, move
   the settings of _LIKE_A_SERVER to its default profile, and keep the first connection, which holds
   the engine open.
2. process.py: run the statement in place of uvicorn, then wait for SIGTERM.
3. Delete app, request, response, execution, statement, pipe and protocol, and what is then unused
   in engine.py. The listener has sessions, compression and external tables of its own.
4. Keep files.py, server.py and `local/clickhouse.py`: a data folder still needs a process of its
   own, which is found by its lock.

The tests of the HTTP interface have to pass afterwards as they do now, but for those that expect a
refusal.
"""
