"""The partition lock: whether it excludes, and what is between us and the server that holds it.

Belongs here: trying it, as a run does, from two sessions. Does not belong here: what the source
shows (shown), or the server as a whole (source).
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import datetime, timezone

from psycopg.conninfo import conninfo_to_dict

from metric_assets.doctor.findings import REMARK, Finding
from metric_assets.ranges import IdRange
from metric_assets.settings import POSTGRES_URL
from metric_assets.sql import load
from metric_assets.stores.ports import Scope
from metric_assets.stores.postgres import Postgres


def examine(store: Postgres, url: str) -> Iterator[Finding]:
    """Take a lock that nobody else wants, and see that a second session is refused it.

    Raises SourceError if it is granted to both.
    """
    scope = Scope("doctor", (uuid.uuid4().hex,), IdRange(0, 1), datetime.now(timezone.utc))
    with store.acquire(scope) as lock:
        lock.verify()
        pooled = lock.pooled
    row = store.frame(load("doctor/postgres_lock"), {}).row(0, named=True)
    yield _pooler(url, pooled=pooled)
    yield _lock(url, replica=row["replica"], idle=row["idleSession"])


def _pooler(url: str, *, pooled: bool) -> Finding:
    subject = "Postgres: pooler"
    if not pooled:
        return Finding(subject, "none seen: the server itself answers")
    found = (
        "a pooler answers in the server's place, in session or transaction mode; readings and locks"
        " are a transaction each that brings its own settings along"
    )
    if conninfo_to_dict(url).get("options"):
        return Finding(
            subject,
            f"{found}. {POSTGRES_URL} carries `options`, which a pooler may drop without a word"
            " (ignore_startup_parameters)",
            "Set them for the role instead: ALTER ROLE … SET",
            REMARK,
        )
    return Finding(subject, found)


def _lock(url: str, *, replica: bool, idle: str | None) -> Finding:
    subject = "Postgres: lock"
    found = "excludes: while one session held it, a second one was refused"
    if idle not in {None, "0"}:
        found += (
            f"; the role's idle_session_timeout of {idle} does not end it, since it is held in a"
            " transaction"
        )
    hosts = conninfo_to_dict(url).get("host") or ""
    if replica or "," in str(hosts):
        why = "this is a replica" if replica else "the URL names several servers"
        return Finding(
            subject,
            f"{found}; but {why}, and a lock excludes only runs that use the same server",
            f"Give every run the same {POSTGRES_URL}, of one server",
            REMARK,
        )
    return Finding(subject, found)
