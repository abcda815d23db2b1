"""Whether the sources show all there is: replicas that lag, policies, views, replication.

Belongs here: what would make a run refuse a removal, told before. Does not belong here: whether a
table is there and may be read (source, engine).
"""

from __future__ import annotations

from collections.abc import Iterator

from metric_assets.catalog.scan import Store
from metric_assets.doctor.findings import REMARK, Finding
from metric_assets.settings import MAX_REPLICA_LAG, Settings
from metric_assets.source_state import SourceState
from metric_assets.sql import load
from metric_assets.stores.clickhouse import ClickHouse
from metric_assets.stores.clickhouse_state import read_state
from metric_assets.stores.postgres import Postgres

_ADVICE = (
    "Rows are loaded from it, but nothing is removed by what it shows: wait, or read the primary as"
    f" a role that sees every row. What lag is allowed says {MAX_REPLICA_LAG}"
)


def examine_postgres(store: Postgres, settings: Settings) -> Iterator[Finding]:
    """Primary or replica, how far behind, and tables that may leave rows out."""
    tables = settings.catalog.sources(Store.POSTGRES)
    with store.read(load("postgres/alive"), {}, "doctor", tables) as reading:
        state = reading.state
    yield judge("Postgres: source", state, settings)


def examine_clickhouse(store: ClickHouse, settings: Settings) -> Iterator[Finding]:
    """Replicas behind, and tables that may leave rows out."""
    tables = settings.catalog.sources(Store.CLICKHOUSE)
    yield judge("ClickHouse: source", read_state(store, tables), settings)


def judge(subject: str, state: SourceState, settings: Settings) -> Finding:
    """The finding about a state."""
    reasons = state.incomplete(settings.max_replica_lag)
    if not reasons:
        return Finding(subject, f"{state.sentence}; it shows all there is")
    return Finding(subject, f"{state.sentence}; {'; '.join(reasons)}", _ADVICE, REMARK)
