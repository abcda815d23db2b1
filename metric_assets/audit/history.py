"""The history of checks: a row of the table `metricReconciliation` for each evaluation of a check.

Belongs here: a row as a value, writing rows and reading them. Does not belong here: what a verdict
becomes as a row (history_rows), when rows are written (orchestration), or what is shown of them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass, fields
from datetime import datetime
from typing import Any, Protocol

import polars as pl

from metric_assets.audit.checks import MATCHES_SOURCE, PASSED
from metric_assets.catalog.model import Pair
from metric_assets.errors import MetricAssetsError
from metric_assets.live import FOREVER
from metric_assets.ranges import IdRange
from metric_assets.settings import HISTORY_DAYS, HISTORY_TABLE, Settings
from metric_assets.sql import Statement, load
from metric_assets.stores.ports import Bind, Binds

#: Log comment of our statements here. No attempt's: whoever looks for leftovers leaves them alone.
OWNER = "metric_assets: history of checks"
_INSTANT = pl.Datetime("ms", "UTC")
_TYPES: dict[str, pl.DataType] = {
    "str": pl.String(),
    "int": pl.Int64(),
    "float": pl.Float64(),
    "float | None": pl.Float64(),
    "datetime": _INSTANT,
    "datetime | None": _INSTANT,
    "int | None": pl.UInt64(),
}


class Store(Protocol):
    """The target's server."""

    def frame(self, statement: Statement, binds: Binds, owner: str = "") -> pl.DataFrame:
        """All rows of a small statement."""
        ...

    def run(self, statement: Statement, binds: Binds, owner: str, **settings: object) -> None:
        """Run a statement that returns nothing."""
        ...

    def insert(self, table: str, frame: pl.DataFrame, owner: str) -> None:
        """Insert a frame by column names; durable when this returns."""
        ...


@dataclass(frozen=True)
class HistoryRow:
    """One evaluation of a check; columns of sql/clickhouse/history_table.sql, which says what they
    are, in their order.

    ``start`` and ``stop`` are 0 for a whole pair, ``entity_type`` and ``metric_type`` empty for
    what is no pair. ``drift_hours`` and ``details`` are JSON.
    """

    at: datetime
    target: str
    entity_type: str
    metric_type: str
    start: int
    stop: int
    check: str
    origin: str
    verdict: str
    word: str = ""
    wanted: int = 0
    present: int = 0
    missing: int = 0
    surplus: int = 0
    withdrawn: int = 0
    overlap: int = 0
    unsettled: int = 0
    moved: int = 0
    live_missing: int = 0
    live_phantom: int = 0
    gone_untold: int = 0
    orphaned: int = 0
    drift_hours: str = "[]"
    legacy_events: float = 0.0
    legacy_total: float = 0.0
    legacy_missing: float = 0.0
    legacy_phantom: float = 0.0
    legacy_entities: int = 0
    legacy_differing: int = 0
    coverage: float | None = None
    oldest_proof_days: float | None = None
    cause: str = ""
    cure: str = ""
    details: str = "{}"
    events: int = 0
    total: int = 0
    digest: int | None = None
    cutoff: datetime | None = None
    instant: datetime | None = None
    run: str = ""
    user: str = ""
    host: str = ""
    command: str = ""

    @property
    def pair(self) -> str:
        """The key of the pair; for what is no pair, the entity type or nothing."""
        return "/".join(part for part in (self.entity_type, self.metric_type) if part)

    @property
    def range_key(self) -> str:
        """The partition key; empty for a whole pair."""
        return IdRange(self.start, self.stop).key if self.start < self.stop else ""

    @property
    def place(self) -> str:
        """What was checked, in a word: pair and range, or the target."""
        return "/".join(part for part in (self.pair or self.target, self.range_key) if part)

    @property
    def passed(self) -> bool:
        """Whether the check passed."""
        return self.verdict == PASSED

    @property
    def detail(self) -> dict[str, Any]:
        """The details as values."""
        found: dict[str, Any] = json.loads(self.details)
        return found

    @property
    def hours(self) -> list[dict[str, Any]]:
        """The hours of live drift as values."""
        found: list[dict[str, Any]] = json.loads(self.drift_hours)
        return found


def column(name: str) -> str:
    """The column of a field: ``live_missing`` is liveMissing."""
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


#: The columns of a row and their types, in their order.
SCHEMA = pl.Schema({column(one.name): _TYPES[str(one.type)] for one in fields(HistoryRow)})


def frame_of(rows: Iterable[HistoryRow]) -> pl.DataFrame:
    """Rows as the table takes them."""
    return pl.DataFrame([astuple(row) for row in rows], schema=SCHEMA, orient="row")


def rows_of(frame: pl.DataFrame) -> list[HistoryRow]:
    """Rows as the table gives them, whatever other columns it may have."""
    return [HistoryRow(*row) for row in frame.select(SCHEMA.names()).cast(SCHEMA).iter_rows()]


class History:
    """The history of one target on its server.

    The table is made when the first row is written; while there is none, nothing has been recorded.
    """

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._days = settings.history_days
        self._target = settings.target_table

    def write(self, rows: Sequence[HistoryRow]) -> None:
        """Write rows, all in one insert; raises what the server says if it refuses them."""
        if not rows or not self._days:
            return
        if not self.exists:
            binds: Binds = {"history": HISTORY_TABLE, "days": str(self._days)}
            self._store.run(load("clickhouse/history_table"), binds, OWNER)
        self._store.insert(HISTORY_TABLE, frame_of(rows), OWNER)

    @property
    def exists(self) -> bool:
        """Whether there is a table: one may be there that we could not make ourselves."""
        found = self._store.frame(load("clickhouse/existing"), {"tables": [HISTORY_TABLE]}, OWNER)
        return not found.is_empty()

    def last_verified(
        self, pair: Pair, ids: IdRange, check: str = MATCHES_SOURCE, by: datetime = FOREVER
    ) -> HistoryRow | None:
        """The newest result of a check, until ``by`` (UTC), that says that a range holds what its
        source, or legacy, says; None if there is none.
        """
        more: dict[str, Bind] = {
            "check": check,
            "entity": pair.entity,
            "metric": pair.metric,
            "start": ids.start,
            "stop": ids.stop,
            "by": by,
        }
        return next(iter(rows_of(self.read("clickhouse/history_verified", **more))), None)

    def read(self, name: str, **binds: Bind) -> pl.DataFrame:
        """What a statement says of this target; no rows while there is no table."""
        if not self.exists:
            return pl.DataFrame(schema=SCHEMA)
        whole: dict[str, Bind] = {"history": HISTORY_TABLE, "target": self._target, **binds}
        return self._store.frame(load(name), whole, OWNER)


def unwritten(rows: Sequence[HistoryRow], error: MetricAssetsError) -> str:
    """What has to be known where rows could not be written, and what cures it."""
    return (
        f"{HISTORY_TABLE}: {len(rows)} results of checks are missing in the history: {error}."
        " What was checked and loaded is not affected. Grant SELECT, INSERT and CREATE TABLE on"
        f" {HISTORY_TABLE}, or make the table beforehand (docs/reference/history.md has the"
        f" statement and the grants); {HISTORY_DAYS}=0 keeps no history"
    )
