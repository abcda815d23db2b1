"""ClickHouse as a whole: the server, what we may do there, and the scans that read it.

Belongs here: facts of the server and of sources. Does not belong here: the target (target, live).
"""

from __future__ import annotations

from collections.abc import Iterator

from clickhouse_connect.driver.binding import quote_identifier

from metric_assets.catalog.catalog import Catalog
from metric_assets.catalog.scan import Dimension, Scan, Store
from metric_assets.doctor.cutoffs import cutoff_or_now
from metric_assets.doctor.findings import FAILED, REMARK, Finding, guarded, size
from metric_assets.errors import MetricAssetsError
from metric_assets.events import check_columns, derive
from metric_assets.settings import CLICKHOUSE_URL, Settings
from metric_assets.sql import Statement, load
from metric_assets.stores.clickhouse import ClickHouse
from metric_assets.stores.clickhouse_text import render
from metric_assets.stores.ports import Bind

#: How the relation is named that stands for the copy of a dimension.
_RELATION = "doctor_{}"
#: In a statement without one there has to be some relation.
_NO_DIMENSION = Dimension("none", "none", "none", ("id",), "none")
_PLACE = "/* scan */"


def examine_server(store: ClickHouse, catalog: Catalog) -> Iterator[Finding]:
    """Time zone, and the settings that our statements pin, which some users may not set."""
    names = load("doctor/clickhouse_settings")
    try:
        row = store.frame(load("doctor/clickhouse_server"), {}).row(0, named=True)
        pinned = store.frame(names, {})
    except MetricAssetsError:
        # The driver sends no statement that sets a setting which the server says is fixed.
        fixed = [name for name, known in store.client.server_settings.items() if known.readonly]
        if not fixed:
            raise
        yield _fixed([name for name in fixed if f"'{name}'" in names.text] or fixed, "")
        return
    found = f"user {row['user']}, database {row['database']}, time zone {row['zone']}"
    if row["zone"] == "UTC":
        yield Finding("ClickHouse: server", f"{found}; Postgres sessions are UTC, too")
    else:
        daily = [scan for scan in catalog.scans if scan.daily]
        tables = ", ".join(dict.fromkeys(name for scan in daily for name in scan.sources[:1]))
        pairs = ", ".join(pair.key for scan in daily for pair in scan.pairs)
        yield Finding(
            "ClickHouse: server",
            f"{found}: instants are compared as instants, but tables with a row a day"
            f" ({tables or 'none'}) hold days of that zone",
            f"Expect {pairs or 'no pair'} to be dated by those days, not by days in UTC",
            REMARK,
        )
    values = ", ".join(f"{name}={value}" for name, value, _ in pinned.iter_rows())
    fixed = [name for name, _, is_fixed in pinned.iter_rows() if is_fixed]
    if fixed:
        yield _fixed(fixed, f" (now: {values})")
    else:
        yield Finding("ClickHouse: settings", f"statements of ours run with {values}")


def _fixed(names: list[str], now: str) -> Finding:
    return Finding(
        "ClickHouse: settings",
        f"the user's profile forbids to change {', '.join(names)}{now}",
        "Let the user change them: our statements wait for rows to be written and switch"
        " de-duplication off",
        FAILED,
    )


def examine_scans(store: ClickHouse, settings: Settings) -> Iterator[Finding]:
    """Every scan of ClickHouse: its tables and columns are there; nothing is read."""
    for scan in settings.catalog.scans:
        if scan.store is Store.CLICKHOUSE:
            yield from guarded(
                f"sql/{scan.name}.sql",
                _scan(scan, store, settings),
                f"Check the database in {CLICKHOUSE_URL}; or fix the source, or"
                f" sql/{scan.name}.sql and the row of the catalog that reads it",
            )


def _scan(scan: Scan, store: ClickHouse, settings: Settings) -> Iterator[Finding]:
    grid = settings.grid_of(scan.entity)
    first = grid.cell(0)
    cutoff = cutoff_or_now(settings, scan.entity)
    binds: dict[str, Bind] = {"start": first.start, "stop": first.stop, "until": cutoff}
    dimensions = settings.catalog.dimensions_of(scan)
    binds |= {one.name: _RELATION.format(one.name) for one in dimensions}
    binds["relations"] = ", ".join(map(_relation, dimensions or [_NO_DIMENSION]))
    columns = store.frame(_around(load("doctor/clickhouse_columns"), scan.text), binds)
    check_columns(scan, columns)
    derive(columns, scan.pairs)
    sources = store.frame(load("doctor/clickhouse_sources"), {"tables": list(scan.sources)})
    text = ", ".join(
        f"{name} ({rows:,} rows, {size(weight)})" for name, rows, weight in sources.iter_rows()
    )
    rows = int(sources["rows"].sum())
    found = f"reads {text} in {len(grid):,} ranges"
    if scan.cost and rows * len(grid) > 10**11:
        yield Finding(
            f"sql/{scan.name}.sql",
            f"{found}: {scan.cost}",
            f"Fewer, larger ranges for {scan.entity} if it takes too long",
            REMARK,
        )
    else:
        yield Finding(f"sql/{scan.name}.sql", found + (f": {scan.cost}" if scan.cost else ""))


def _around(frame: Statement, scan: Statement) -> Statement:
    """The scan inside a statement that asks for its columns only."""
    text = frame.text.replace(_PLACE, scan.text)
    placeholders = frame.placeholders | scan.placeholders
    return Statement(scan.name, text, frame.description, placeholders)


def _relation(dimension: Dimension) -> str:
    """A relation without rows that has the columns of a dimension."""
    columns = ", ".join(f"toInt64(0) AS {quote_identifier(name)}" for name in dimension.columns)
    binds = {"name": _RELATION.format(dimension.name), "columns": columns}
    return render(load("doctor/empty_relation"), binds)[0]
