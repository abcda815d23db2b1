"""PostgreSQL 15 and PgBouncer as Debian packages them: TCP, password, TLS, a standby, both pool modes.

Belongs here: starting and stopping these servers in a folder of their own. Does not belong here:
what any test expects of them.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from metric_assets_tests.integration.local_fixtures import eventually, free_port

BIN = Path("/usr/lib/postgresql/15/bin")
PGBOUNCER = "/usr/sbin/pgbouncer"
#: The superuser, and the role that runs of ours use; passwords are made up for the test.
ADMIN, READER = ("keeper", "k33p-it"), ("reader", "r3ad-0nly")

_SETTINGS = {
    "ssl": "on",
    "fsync": "off",
    "shared_buffers": "32MB",
    "max_connections": "60",
    "wal_level": "logical",
    "hot_standby_feedback": "on",
    "wal_receiver_status_interval": "1s",
    "log_destination": "stderr",
    "log_min_messages": "warning",
}
_HBA = """
hostssl all all 127.0.0.0/8 scram-sha-256
hostssl replication all 127.0.0.0/8 scram-sha-256
"""
_POOLER = """
[databases]
* = host={hosts} port={server}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = {folder}/users.txt
pool_mode = {mode}
server_tls_sslmode = verify-ca
server_tls_ca_file = {folder}/server.crt
client_tls_sslmode = require
client_tls_key_file = {folder}/server.key
client_tls_cert_file = {folder}/server.crt
logfile = {folder}/pgbouncer-{mode}.log
{more}
"""


def missing() -> str:
    """What keeps these servers from being started here; empty if nothing does."""
    if not (BIN / "initdb").exists():
        return "PostgreSQL 15 of Debian is not installed (apt-get install postgresql-15)"
    if not Path(PGBOUNCER).exists():
        return "PgBouncer of Debian is not installed (apt-get install pgbouncer)"
    if not shutil.which("openssl"):
        return "openssl is not installed"
    return ""


@dataclass
class Debian:
    """A primary, its streaming standby, and poolers in front of the primary; all on free ports.

    Both servers have one port, each on an address of its own, so that a pooler can take them for
    one. Addresses are ``host:port``; ``poolers`` has those of stock poolers by pool mode.
    """

    folder: Path
    port: int = field(default_factory=free_port)
    poolers: dict[str, str] = field(default_factory=dict)
    _processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def primary(self) -> str:
        """The address of the primary."""
        return f"127.0.0.1:{self.port}"

    @property
    def standby(self) -> str:
        """The address of the standby."""
        return f"127.0.0.2:{self.port}"

    def start(self) -> None:
        """Make and start the primary; the standby and poolers follow when they are asked for."""
        self.folder.chmod(0o700)
        if os.geteuid() == 0:
            shutil.chown(self.folder, "postgres", "postgres")
        self._certificate()
        password = self._write("password", ADMIN[1])
        self._run(
            BIN / "initdb", "-A", "scram-sha-256", f"--pwfile={password}", "-U", ADMIN[0],
            "-E", "UTF8", "--locale=C", "--no-sync", "-D", self.folder / "primary",
        )  # fmt: skip
        self._write("primary/pg_hba.conf", _HBA)
        self._serve("primary", self.primary)

    def follow(self) -> None:
        """Make and start a streaming standby of the primary."""
        self._run(
            BIN / "pg_basebackup", "-R", "-X", "stream", "-c", "fast", "--no-sync",
            "-D", self.folder / "standby", "-d", self.url("postgres", self.primary, ADMIN),
        )  # fmt: skip
        self._serve("standby", self.standby)

    def pool(self, mode: str, more: str = "", *, balanced: bool = False) -> str:
        """Start PgBouncer in a pool mode, stock but for ``more``; its address.

        ``balanced`` puts it in front of both servers, in turn.
        """
        users = "".join(f'"{name}" "{password}"\n' for name, password in (ADMIN, READER))
        self._write("users.txt", users)
        port = free_port()
        address = f"127.0.0.1:{port}"
        if not more and not balanced:
            self.poolers[mode] = address
        hosts = "127.0.0.1,127.0.0.2" if balanced else "127.0.0.1"
        text = _POOLER.format(
            hosts=hosts, server=self.port, port=port, folder=self.folder, mode=mode, more=more
        )
        self._spawn(PGBOUNCER, "-q", self._write(f"pgbouncer-{mode}-{port}.ini", text))
        self._wait(self.url("postgres", address, ADMIN))
        return address

    def stop(self) -> None:
        """End everything that was started."""
        for process in reversed(self._processes):
            # Of the postmaster: immediate shutdown; nothing here is to be kept.
            with suppress(ProcessLookupError):
                process.send_signal(3)
        for process in reversed(self._processes):
            with suppress(subprocess.TimeoutExpired):
                process.wait(10)
            if process.poll() is None:
                process.kill()
                process.wait(10)

    def url(
        self, database: str, address: str, role: tuple[str, str] = READER, more: str = ""
    ) -> str:
        """How a role reaches a database: TCP, password, TLS with the server's name verified."""
        return (
            f"postgresql://{role[0]}:{role[1]}@{address}/{database}"
            f"?sslmode=verify-full&sslrootcert={self.folder}/server.crt{more}"
        )

    def ask(self, address: str, text: str, database: str = "postgres") -> list[tuple[Any, ...]]:
        """Rows of a statement of the superuser."""
        with psycopg.connect(self.url(database, address, ADMIN), autocommit=True) as connection:
            cursor = connection.execute(text.encode())
            return list(cursor.fetchall()) if cursor.description else []

    def configure(self, name: str, **settings: str) -> None:
        """Change settings of a running server, "primary" or "standby"."""
        with (self.folder / name / "postgresql.auto.conf").open("a") as file:
            file.writelines(f"{key} = '{value}'\n" for key, value in settings.items())
        address = self.primary if name == "primary" else self.standby
        self.ask(address, "SELECT pg_reload_conf()")

    def caught_up(self) -> bool:
        """Whether the standby comes to show all that the primary has written by now."""
        ((written,),) = self.ask(self.primary, "SELECT pg_current_wal_lsn()::text")
        return eventually(
            lambda: (
                self.ask(self.standby, f"SELECT pg_last_wal_replay_lsn() >= '{written}'")
                == [(True,)]
            )
        )

    def _certificate(self) -> None:
        subprocess.run(
            [
                "openssl", "req", "-new", "-x509", "-days", "2", "-nodes", "-newkey", "rsa:2048",
                "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1,IP:127.0.0.2",
                "-keyout", self.folder / "server.key", "-out", self.folder / "server.crt",
            ],
            check=True, capture_output=True, **self._user(),
        )  # fmt: skip
        (self.folder / "server.key").chmod(0o600)

    def _serve(self, name: str, address: str) -> None:
        host, _, port = address.partition(":")
        settings = {
            **_SETTINGS,
            "listen_addresses": host,
            "port": port,
            "unix_socket_directories": "",
            "ssl_cert_file": str(self.folder / "server.crt"),
            "ssl_key_file": str(self.folder / "server.key"),
        }
        options = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
        self._spawn(BIN / "postgres", "-D", self.folder / name, *options)
        self._wait(self.url("postgres", address, ADMIN))

    def _wait(self, url: str) -> None:
        def answers() -> bool:
            with suppress(psycopg.OperationalError), psycopg.connect(url):
                return True
            return False

        assert eventually(answers, 30), (self.folder / "log").read_text()[-2_000:]

    def _spawn(self, *command: object) -> None:
        with (self.folder / "log").open("ab") as log:
            self._processes.append(
                subprocess.Popen(
                    [str(part) for part in command],
                    stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder,
                    **self._user(),
                )
            )  # fmt: skip

    def _run(self, *command: object) -> None:
        done = subprocess.run(
            [str(part) for part in command],
            cwd=self.folder, capture_output=True, text=True, check=False, **self._user(),
        )  # fmt: skip
        assert done.returncode == 0, done.stderr

    def _write(self, name: str, text: str) -> Path:
        file = self.folder / name
        file.write_text(text)
        if os.geteuid() == 0:
            shutil.chown(file, "postgres", "postgres")
        return file

    def _user(self) -> dict[str, Any]:
        """Neither server runs as root, nor may libpq look for certificates in root's home."""
        env = {**os.environ, "HOME": str(self.folder)}
        if os.geteuid() != 0:
            return {"env": env}
        return {"env": env, "user": "postgres", "group": "postgres", "extra_groups": []}
