"""What keeps a connection to Postgres from being made that no waiting cures, and what does.

Belongs here: the words of libpq and the server, which carry no code while connecting. Does not
belong here: errors of statements (postgres).
"""

from __future__ import annotations

import re

#: SQLSTATEs of a refused login: password, role, pg_hba.conf, database.
_LOGIN = ("28P01", "28000", "3D000")

_CURES = (
    (
        re.compile(r"function pg_current_snapshot\(\) does not exist"),
        "The server of {name} is older than PostgreSQL 13, the first that names a reading's"
        " snapshot this way: name a newer server",
    ),
    (
        re.compile(r"unsupported startup parameter: options"),
        "A pooler in between refuses start-up options, which {name} (or PGOPTIONS) carries: take"
        " `options` out of it and set them for the role (ALTER ROLE … SET …), or let PgBouncer drop"
        " them (ignore_startup_parameters = options)",
    ),
    (
        re.compile(r"unsupported startup parameter"),
        "A pooler in between refuses a start-up parameter that {name} carries: take it out",
    ),
    (
        re.compile(r"transaction blocks not allowed in statement pooling mode"),
        "A pooler in statement mode is in between, but a reading and a lock need a transaction:"
        " point {name} at a pool in transaction or session mode, or at the server itself",
    ),
    (
        re.compile(r"no such (?:user|database)"),
        "The pooler in between does not know it: check user and database in {name}",
    ),
    (
        re.compile(r"password authentication failed|no password supplied|SASL authentication"),
        "Check user and password in {name}",
    ),
    (
        re.compile(r'role ".*" does not exist|is not permitted to log in'),
        "Check the user in {name}",
    ),
    (
        re.compile(r'database ".*" does not exist|permission denied for database'),
        "Check the database in {name}",
    ),
    (
        re.compile(r"no pg_hba\.conf entry|pg_hba\.conf rejects"),
        "The server lets this machine, user, database or way of encryption in by no line of its"
        " pg_hba.conf: add one there, or check user, database and sslmode in {name}",
    ),
    (
        re.compile(r"certificate verify failed|certificate .*does not match host name"),
        "The server's certificate is not trusted: name the file of your own CA by"
        " sslrootcert=/path/ca.pem in {name} (docs/how-to/connections.md)",
    ),
    (
        re.compile(r"certificate file .* does not exist|could not load .*(certificate|key)"),
        "Check sslrootcert, sslcert and sslkey in {name} (docs/how-to/connections.md)",
    ),
    (
        re.compile(r"server does not support SSL|SSL is not enabled on the server"),
        "sslmode asks for TLS, which this server does not speak: check sslmode and port in {name}",
    ),
    (
        re.compile(r"Name or service not known|nodename nor servname|No address associated"),
        "No such host: check the host name in {name}",
    ),
    (
        re.compile(r"received invalid response to (SSL|GSSAPI) negotiation|invalid port number"),
        "What answers there is no Postgres: check host and port in {name}",
    ),
)  # fmt: skip


def cure(text: str, state: str, name: str) -> str:
    """What to do where no connection can be made, about the setting ``name``; else empty."""
    for pattern, advice in _CURES:
        if pattern.search(text):
            return advice.format(name=name)
    return f"Check user, password and database in {name}" if state in _LOGIN else ""
