"""From what Postgres says of itself and its tables to the state of a source.

Belongs here: the meaning of a row of sql/postgres/state.sql. Does not belong here: asking for it
(postgres), or what a state means for a removal (source_state).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from typing import Any

from metric_assets.source_state import Position, SourceState

#: Seconds without a word from the primary after which a replica that has replayed everything is
#: taken to be behind: a primary says something every half minute at least.
SILENCE = 60.0

_KINDS = {
    "v": "a view",
    "m": "a materialized view",
    "f": "a foreign table (or has such partitions)",
}


def state_of(row: Mapping[str, Any], snapshot: str) -> SourceState:
    """The state that a row of sql/postgres/state.sql describes."""
    position = Position(snapshot, row["system"] or "")
    tables = tuple(_tables(json.loads(row["tables"])))
    times: dict[str, Any] = {
        "instant": _instant(row["instant"]),
        "open_since": _instant(row["openSince"]),
        "writers_unknown": bool(row["writersUnknown"]),
    }
    if not row["replica"]:
        return SourceState("primary", 0.0, tables, position, **times)
    return SourceState("replica", lag_of(row), (*_replay(row), *tables), position, **times)


def _instant(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, timezone.utc)


def unknown_state(snapshot: str, why: str) -> SourceState:
    """The state of a server that does not say what it is."""
    reason = f"the server does not say whether it is a replica that lags ({why})"
    return SourceState(
        "server", None, (reason,), Position(snapshot), datetime.now(timezone.utc), None, True
    )


def lag_of(row: Mapping[str, Any]) -> float | None:
    """Seconds by which a replica is behind, None where it cannot tell.

    Of one that has replayed all it received, from a primary that still talks, 0: on an idle primary
    the last commit may be old.
    """
    silent = row["silent"] or 0.0
    if row["receiver"] and row["applied"]:
        return float(silent) if silent > SILENCE else 0.0
    return None if row["age"] is None else max(float(row["age"]), 0.0)


def _replay(row: Mapping[str, Any]) -> Iterator[str]:
    if row["paused"]:
        yield "replay is paused on the replica (pg_wal_replay_resume() continues it)"
    if row["delay"]:
        yield f"the replica applies changes {row['delay']:g} s late (recovery_min_apply_delay)"
    if not row["receiver"] and not row["applied"]:
        yield "the replica receives nothing by streaming"


def _tables(tables: list[dict[str, Any]]) -> Iterator[str]:
    for table in sorted(tables, key=lambda one: str(one["table"])):
        name = f'"{table["table"]}"'
        if table["kind"] in _KINDS:
            yield f"{name} is {_KINDS[table['kind']]}, which may leave rows out"
        if table["sync"] is None:
            continue
        if table["sync"] != "r":
            yield f"{name} is filled by logical replication and not in sync yet"
        elif not table["enabled"] or not table["applying"]:
            yield f"{name} is filled by a logical replication that does not run"
