"""A scan's statement as a client of the source can run it: with the values of a sample in place."""

from __future__ import annotations

from datetime import datetime, timezone

from clickhouse_connect.driver.binding import format_str, quote_identifier

from metric_assets.catalog.scan import Scan, Store
from metric_assets.ranges import IdRange
from metric_assets.settings import Settings
from metric_assets.sql import IDENTIFIER
from metric_assets.stores.ports import Bind
from metric_assets.stores.postgres_text import render


def sample_statement(scan: Scan, ids: IdRange, settings: Settings) -> str:
    """The text for the rows of a range before the cutoff; before now where no cutoff is set.

    Copies of dimensions are named as a backfill names them: there is one once it has run.
    """
    until = settings.known_cutoff(scan.entity) or datetime.now(timezone.utc)
    until = until.replace(microsecond=until.microsecond // 1000 * 1000)
    copies = {
        one.name: f"{settings.target_table}__{one.name}"
        for one in settings.catalog.dimensions_of(scan)
    }
    binds: dict[str, Bind] = {"start": ids.start, "stop": ids.stop, "until": until, **copies}
    if scan.store is Store.POSTGRES:
        text = render(scan.text, binds)
    else:
        text = scan.text.fill(lambda name, kind: _literal(binds[name], kind or ""))
    server = "Postgres" if scan.store is Store.POSTGRES else "ClickHouse"
    head = f"-- {scan.name}, for {server}: ids {ids.key}, created before {until.isoformat()}"
    return f"{head}\n{text.rstrip()};\n"


def _literal(value: Bind, kind: str) -> str:
    """A bind as ClickHouse reads it in a statement."""
    if kind == IDENTIFIER:
        return str(quote_identifier(str(value)))
    if isinstance(value, datetime):
        instant = value.astimezone(timezone.utc)
        text = f"{instant:%Y-%m-%d %H:%M:%S}.{instant.microsecond // 1000:03d}"
        return f"CAST('{text}', {format_str(kind)})"
    return f"CAST({value}, {format_str(kind)})"
