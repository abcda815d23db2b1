from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import Any

import polars as pl
import psycopg
import pytest

from metric_assets.errors import SourceError, TargetError, UnavailableError, UnreachableError
from metric_assets.source_state import Position, SourceState
from metric_assets.sql import Statement
from metric_assets.stores.clickhouse_state import hides_rows, read_state
from metric_assets.stores.ports import Binds
from metric_assets.stores.postgres_errors import translate
from metric_assets.stores.postgres_state import state_of, unknown_state

pytestmark = pytest.mark.unit

#: What an idle primary, and a standby that has caught up, say.
ALONE: dict[str, Any] = {
    "replica": False, "system": "77", "receiver": False, "paused": None, "applied": None,
    "age": None, "silent": None, "delay": 0.0, "tables": "[]",
    "instant": 1_700_000_000.25, "openSince": None, "writersUnknown": False,
}  # fmt: skip
STANDBY = {**ALONE, "replica": True, "receiver": True, "paused": False, "applied": True}


def table(**facts: object) -> str:
    """The tables of a state: one, ordinary unless said otherwise."""
    ordinary = {"table": "Tag", "kind": "r", "sync": None, "enabled": None, "applying": False}
    return json.dumps([{**ordinary, **facts}])


@pytest.mark.parametrize(
    ("said", "sentence", "reason"),
    [
        (ALONE, "primary", ""),
        (STANDBY, "replica, caught up", ""),
        # An idle primary: the last commit is old, and nothing is missing.
        ({**STANDBY, "age": 5_000.0}, "replica, caught up", ""),
        ({**STANDBY, "applied": False, "age": 59.0}, "replica, 59.0 s behind", ""),
        ({**STANDBY, "applied": False, "age": 61.0}, "replica, 61.0 s behind", "at most 60 s"),
        ({**STANDBY, "applied": False, "age": -0.5}, "replica, caught up", ""),
        # All is replayed that was received, but the primary has not been heard of.
        ({**STANDBY, "silent": 59.0}, "replica, caught up", ""),
        ({**STANDBY, "silent": 90.0}, "replica, 90.0 s behind", "at most 60 s"),
        ({**STANDBY, "applied": False}, "replica, lag unknown", "does not tell how far behind"),
        # Fed from an archive, or its connection is lost.
        ({**STANDBY, "receiver": False, "age": 5.0}, "replica, 5.0 s behind", ""),
        ({**STANDBY, "receiver": False, "applied": False, "age": 5.0}, "replica, 5.0 s behind",
         "receives nothing by streaming"),
        ({**STANDBY, "receiver": False, "age": 300.0}, "replica, 300.0 s behind", "at most 60 s"),
        ({**STANDBY, "paused": True}, "replica, caught up", "replay is paused"),
        ({**STANDBY, "delay": 3600.0}, "replica, caught up", "3600 s late"),
        ({**ALONE, "tables": table(kind="v")}, "primary", '"Tag" is a view'),
        ({**ALONE, "tables": table(kind="m")}, "primary", '"Tag" is a materialized view'),
        ({**ALONE, "tables": table(kind="f")}, "primary", '"Tag" is a foreign table'),
        ({**ALONE, "tables": table(sync="d", enabled=True)}, "primary", "not in sync"),
        ({**ALONE, "tables": table(sync="r", enabled=False, applying=True)}, "primary",
         "does not run"),
        ({**ALONE, "tables": table(sync="r", enabled=True, applying=False)}, "primary",
         "does not run"),
        ({**ALONE, "tables": table(sync="r", enabled=True, applying=True)}, "primary", ""),
    ],
)  # fmt: skip
def test_what_a_server_says_of_itself(said: dict[str, Any], sentence: str, reason: str) -> None:
    """In words, and every reason to see only part of the rows; with a bound of 60 s."""
    state = state_of(said, "1:9:")
    assert state.sentence == sentence
    found = "; ".join(state.incomplete(60))
    assert bool(found) == bool(reason)
    assert reason in found
    assert state.position == Position("1:9:", "77")


def test_a_server_that_says_nothing_is_not_trusted() -> None:
    """Where what it is cannot be asked, that is the reason."""
    state = unknown_state("1:9:", "permission denied")
    assert state.sentence == "server, lag unknown"
    assert "permission denied" in "; ".join(state.incomplete(1e9))


@pytest.mark.parametrize(
    ("here", "there", "behind"),
    [
        (Position("5:8:", "1"), Position("5:9:", "1"), True),
        (Position("5:9:", "1"), Position("5:9:5,6", "1"), False),
        (Position("5:10:7", "1"), Position("9:9:", "1"), False),
        # Another cluster, or one that a record of before does not name: not comparable.
        (Position("5:8:", "1"), Position("5:9:", "2"), False),
        (Position("5:8:", ""), Position("5:9:", ""), False),
        (Position("clickhouse 2025", "1"), Position("5:9:", "1"), False),
        (Position("5:8:", "1"), Position("", "1"), False),
    ],
)
def test_snapshots_are_compared_by_what_had_begun(
    here: Position, there: Position, behind: bool
) -> None:
    """The first transaction that had not begun says how far a server has come."""
    assert here.behind(there) is behind
    state = SourceState("replica", position=here)
    assert bool(state.overtaken([Position(), there])) is behind


def test_a_server_says_what_instant_it_shows_and_who_was_writing() -> None:
    """Seconds since 1970 become instants, UTC; 1,700,000,000 s are 2023-11-14 22:13:20."""
    shown = datetime(2023, 11, 14, 22, 13, 20, 250_000, tzinfo=timezone.utc)
    state = state_of({**ALONE, "openSince": 1_699_999_990.25}, "1:9:")
    assert (state.instant, state.open_since) == (shown, shown - timedelta(seconds=10))
    assert not state.writers_unknown
    assert state_of({**ALONE, "writersUnknown": True}, "1:9:").writers_unknown


class Server:
    """A ClickHouse that answers by statement."""

    def __init__(self, rows: list[dict[str, Any]] | None, hidden: list[str]) -> None:
        self._rows, self._hidden = rows, hidden

    def frame(self, statement: Statement, binds: Binds) -> pl.DataFrame:
        statement.check(binds)
        if statement.name == "clickhouse/row_filter":
            filtered = str(binds["source"]).strip("`") in self._hidden
            lines = ["ReadFromMergeTree (d.t)", *(["   Row level filter"] if filtered else [])]
            return pl.DataFrame({"explain": lines})
        if self._rows is None:
            raise TargetError("system.replicas may not be read")
        schema = {"table": pl.String, "engine": pl.String, "delay": pl.Int64, "alone": pl.Boolean}
        return pl.DataFrame(self._rows, schema=schema)


def row(**facts: object) -> dict[str, Any]:
    """A table as the server describes it."""
    return {"table": "t", "engine": "MergeTree", "delay": 0, "alone": False, **facts}


@pytest.mark.parametrize(
    ("rows", "hidden", "sentence", "reason"),
    [
        ([row()], [], "ClickHouse", ""),
        ([], ["t"], "ClickHouse", ""),
        (None, [], "ClickHouse, lag unknown", "system.replicas may not be read"),
        ([row(), row(table="u", delay=12)], [], "ClickHouse, 12.0 s behind", ""),
        ([row(delay=61)], [], "ClickHouse, 61.0 s behind", "at most 60 s"),
        ([row(alone=True)], [], "ClickHouse", "t has lost its Keeper"),
        ([row(engine="View")], [], "ClickHouse", "t is a View"),
        ([row(engine="Distributed")], [], "ClickHouse", "t is a Distributed"),
        ([row()], ["t"], "ClickHouse", "a row policy hides rows of t"),
    ],
)
def test_what_clickhouse_says_of_its_tables(
    rows: list[dict[str, Any]] | None, hidden: list[str], sentence: str, reason: str
) -> None:
    """Replicas that lag or have lost their Keeper, views and row policies."""
    server = Server(rows, hidden)
    state = read_state(server, ["t", "u"])
    assert state.sentence == sentence
    found = "; ".join(state.incomplete(60))
    assert bool(found) == bool(reason)
    assert reason in found
    assert hides_rows(server, "t") == ("t" in hidden)


@pytest.mark.parametrize(
    ("text", "kind", "words"),
    [
        ("FATAL:  unsupported startup parameter: options", UnreachableError, "ALTER ROLE"),
        ("FATAL:  unsupported startup parameter: geqo", UnreachableError, "take it out"),
        ("FATAL: transaction blocks not allowed in statement pooling mode", UnreachableError,
         "statement mode"),
        ('FATAL:  password authentication failed for user "x"', UnreachableError, "Check user"),
        ("FATAL:  SASL authentication failed", UnreachableError, "Check user"),
        ('FATAL:  database "x" does not exist', UnreachableError, "Check the database in URL"),
        ("FATAL:  query_wait_timeout", UnavailableError, "two server connections"),
        ("FATAL:  the database system is starting up", UnavailableError, "broke off"),
        ("connection refused", UnavailableError, "cannot be reached"),
        ("ERROR:  query would be affected by row-level security policy for table \"Tag\"",
         SourceError, 'row security of "Tag"'),
    ],
)  # fmt: skip
def test_errors_are_named_by_their_cure(text: str, kind: type[Exception], words: str) -> None:
    """What a server or a pooler says becomes what to do; a password never shows."""
    error = translate("User/0-9", psycopg.OperationalError(f"{text} s3cret"), "URL", 60, "s3cret")
    assert type(error) is kind
    assert words in str(error)
    assert "s3cret" not in str(error)
