"""Postgres as a whole: the session it gives us, free connections, and the tables.

Belongs here: facts of the server and of tables. Does not belong here: single statements (scans).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from metric_assets.catalog.catalog import Catalog
from metric_assets.doctor.access import needed_tables
from metric_assets.doctor.findings import FAILED, REMARK, Finding, size, together
from metric_assets.settings import PARALLEL_RANGES, POSTGRES_URL, STATEMENT_TIMEOUT, Settings
from metric_assets.sql import load
from metric_assets.stores.postgres import Postgres

#: Connections that checks take, and how many runs there are at once: each takes two for a range
#: that it loads, one that reads and one that holds the lock.
FREE_CONNECTIONS, RUNS, EACH = 2, 4, 2

_INDEX = re.compile(r'ON "(\w+)" \("(\w+)"\)')


@dataclass
class Tables:
    """What is known of the tables: rows and bytes by name, and indexes that serve a range.

    ``indexes`` maps table and first column to names of indexes and whether each is valid;
    ``broken`` are tables with a finding of their own, which statements would only repeat.
    """

    rows: dict[str, int] = field(default_factory=dict)
    bytes: dict[str, int] = field(default_factory=dict)
    indexes: dict[tuple[str, str], dict[str, bool]] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)

    def serving(self, ddl: str) -> tuple[str, str, dict[str, bool]]:
        """Table and column that a proposed index is for, and the indexes that do its work."""
        found = _INDEX.search(ddl)
        if found is None:
            return "", "", {}
        return found[1], found[2], self.indexes.get((found[1], found[2]), {})


def examine_server(store: Postgres, settings: Settings) -> Iterator[Finding]:
    """The session: read-only, UTC, timed out as set; replica or primary; free connections."""
    row = store.frame(load("doctor/postgres_server"), {}).row(0, named=True)
    yield _session(row, settings)
    yield _role(row, settings)
    free = row["connections"] - row["taken"]
    if row["roleLimit"] >= 0:
        free = min(free, row["roleLimit"])
    found = f"{free} of {row['connections']} connections are free for {row['role']}"
    needed = FREE_CONNECTIONS + RUNS * EACH * settings.parallel_ranges
    if free < needed:
        yield Finding(
            "Postgres: connections",
            found,
            f"Four runs at once take up to {needed}: lower max_concurrent_runs in dagster.yaml or"
            f" {PARALLEL_RANGES}, or allow more",
            REMARK,
        )
    else:
        yield Finding("Postgres: connections", found)


def _session(row: dict[str, Any], settings: Settings) -> Finding:
    seconds = row["timeoutMilliseconds"] / 1000
    found = (
        f"PostgreSQL {row['version']}; read-only {row['readOnly']}, {row['isolation']}, time zone"
        f" {row['zone']} (times without a zone are read as UTC), statement_timeout {seconds:g} s"
    )
    as_asked = (
        row["readOnly"] == "on"
        and row["isolation"] == "repeatable read"
        and row["zone"] == "UTC"
        and seconds == settings.statement_timeout
    )
    if as_asked:
        return Finding("Postgres: session", found)
    return Finding(
        "Postgres: session",
        f"{found}; asked for read-only, repeatable read, UTC and {settings.statement_timeout} s"
        f" ({STATEMENT_TIMEOUT})",
        f"A pooler or proxy in between changes what is sent: point {POSTGRES_URL} at the server"
        " itself",
        FAILED,
    )


def _role(row: dict[str, Any], settings: Settings) -> Finding:
    if not row["replica"]:
        return Finding(
            "Postgres: role",
            "primary",
            "A reading holds one snapshot and holds up vacuum as long; use a replica if there is"
            " one",
        )
    delay = row["delayMilliseconds"]
    patient = delay == -1 or delay / 1000 >= settings.statement_timeout
    if patient or row["feedback"] == "on":
        return Finding("Postgres: role", "replica, patient with long readings")
    return Finding(
        "Postgres: role",
        f"replica that ends readings in conflict with recovery after {delay / 1000:g} s",
        "Set hot_standby_feedback=on or a longer max_standby_streaming_delay, or use small ranges",
        REMARK,
    )


def examine_tables(store: Postgres, catalog: Catalog, tables: Tables) -> Iterator[Finding]:
    """Every source and legacy table: there, readable, whole, analyzed; fills ``tables``."""
    names = needed_tables(catalog)
    rows = store.frame(load("doctor/postgres_tables"), {"tables": names}).rows(named=True)
    indexes = store.frame(load("doctor/postgres_indexes"), {"tables": names})
    for table, column, index, valid in indexes.iter_rows():
        tables.indexes.setdefault((table, column), {})[index] = valid
    for row in rows:
        if row["present"]:
            tables.rows[row["table"]] = row["rows"]
            tables.bytes[row["table"]] = row["bytes"]
    found = [(row["table"], finding) for row in rows for finding in _table(row)]
    tables.broken = {table for table, finding in found if finding.status == FAILED}
    yield from together(finding for _, finding in found)
    analyzed = sum(max(rows, 0) for rows in tables.rows.values())
    yield Finding(
        "Postgres: tables",
        f"{len(tables.rows)} of {len(names)} source and legacy tables are there: about"
        f" {analyzed:,} rows, {size(sum(tables.bytes.values()))} with indexes",
    )


def _table(row: dict[str, Any]) -> Iterator[Finding]:
    subject = f'Postgres: "{row["table"]}"'
    if not row["present"]:
        yield Finding(
            subject,
            "no such table in the search path",
            f"Check the database in {POSTGRES_URL} and the role's search_path",
            FAILED,
        )
    elif not row["readable"]:
        yield Finding(
            subject, "may not be read", f'GRANT SELECT ON "{row["table"]}" to the role', FAILED
        )
    elif row["hidden"]:
        yield Finding(
            subject,
            "row security hides rows from this role, so counts would fall short",
            "Every reading of it is refused: use a role that has BYPASSRLS, or the table's owner",
            FAILED,
        )
    elif row["rows"] < 0:
        yield Finding(
            subject,
            "never analyzed, so plans and estimates are guesses",
            f'ANALYZE "{row["table"]}"',
            REMARK,
        )
