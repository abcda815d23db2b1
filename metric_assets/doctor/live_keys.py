"""Whether live events have the keys and times by which the catalog judges them, on a sample.

Belongs here: which sample. Does not belong here: what its shares mean (live_shares), whether
counters are right (pipeline), or the cutoff (live).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

import polars as pl

from metric_assets.audit.coverage import Coverage
from metric_assets.catalog.model import Live, Pair
from metric_assets.catalog.scan import Scan, Store
from metric_assets.doctor import connections
from metric_assets.doctor.findings import Finding, Report, guarded
from metric_assets.doctor.live_shares import Measured, in_words, judge, measure
from metric_assets.errors import MetricAssetsError
from metric_assets.events import check_columns, derive
from metric_assets.ranges import IdRange
from metric_assets.settings import Settings
from metric_assets.sql import load
from metric_assets.stores.clickhouse import ClickHouse
from metric_assets.stores.dimension import Mirror
from metric_assets.stores.ports import Bind, Source
from metric_assets.stores.postgres import Postgres

#: Live events of a sample, and how many keys or rows of its ids are looked at.
EVENTS = 2_000
KEYS = 50_000
ROWS = 200_000
#: Seconds that a statement may take.
SECONDS = 5
#: Younger rows may still be waiting for their event.
SETTLED = timedelta(hours=1)
#: What a source's events are compared by, and how that looks without any.
_KEY = (
    pl.col("metricType").cast(pl.String).alias("metric"),
    pl.col("entityId").cast(pl.Int64).alias("entity"),
    pl.col("userId").cast(pl.Int64).alias("user"),
    pl.col("createdAt").alias("created"),
)
_NO_ROWS = pl.DataFrame(
    schema={
        "metric": pl.String,
        "entity": pl.Int64,
        "user": pl.Int64,
        "created": pl.Datetime("ms", "UTC"),
    }
)


@contextmanager
def sampling(
    environ: Mapping[str, str], settings: Settings, *, postgres: bool
) -> Iterator[Sampling]:
    """Connections for samples; ``postgres`` says whether Postgres answers."""
    with (
        connections.brief_clickhouse(environ, settings, SECONDS) as clickhouse,
        ExitStack() as opened,
    ):
        source = (
            opened.enter_context(connections.brief_postgres(environ, settings, SECONDS))
            if postgres
            else None
        )
        yield Sampling(clickhouse, source, settings)


class _EnoughError(Exception):
    """A reading of a sample has come to more rows than are looked at."""


@dataclass(frozen=True)
class Sampling:
    """Both stores, in which a statement takes a few seconds at most; ``postgres`` is None where it
    cannot be reached. Ids with more ``rows`` or live ``keys`` are not measured.
    """

    clickhouse: ClickHouse
    postgres: Postgres | None
    settings: Settings
    rows: int = ROWS
    keys: int = KEYS

    def examine(
        self, streams: Mapping[str, Sequence[str]], known: Mapping[str, Coverage], report: Report
    ) -> Iterator[Finding]:
        """A sample of every scan whose pairs are judged by live events.

        ``streams`` are metrics with live events, ``known`` what is known of ids, by entity type.
        """
        middles = {entity: (found.highest or 0) // 2 for entity, found in known.items()}
        for scan in self.settings.catalog.scans:
            pairs = [
                pair
                for pair in scan.pairs
                if pair.live is Live.JUDGED and pair.metric in streams.get(scan.entity, ())
            ]
            if pairs:
                subject = _subject(scan)
                report(subject)
                yield from guarded(subject, self._scan(scan, pairs, middles.get(scan.entity, 0)))

    def _scan(self, scan: Scan, pairs: Sequence[Pair], middle: int) -> Iterator[Finding]:
        try:
            found = self._measure(scan, pairs, middle)
        except MetricAssetsError as error:
            text = str(error).splitlines()[0]
            yield Finding(_subject(scan), f"not measured in {SECONDS} s a statement: {text}")
            return
        if isinstance(found, str):
            yield Finding(_subject(scan), f"not measured: {found}")
            return
        shares = "; ".join(in_words(pair, found[pair.metric]) for pair in pairs)
        yield Finding(
            _subject(scan), f"of rows after the cutoff, found among live events: {shares}"
        )
        for pair in pairs:
            yield from judge(pair, found[pair.metric])

    def _measure(self, scan: Scan, pairs: Sequence[Pair], middle: int) -> dict[str, Measured] | str:
        """The sample by metric; or why there is none."""
        cutoff = self.settings.cutoff_of(scan.entity)
        binds: dict[str, Bind] = {
            "target": self.settings.target_table,
            "entity": scan.entity,
            "metrics": [pair.metric for pair in pairs],
            "cutoff": cutoff,
        }
        source = self.postgres if scan.store is Store.POSTGRES else self.clickhouse
        if source is None:
            return "Postgres cannot be reached"
        for copy in self._copies(scan).values():
            if self.clickhouse.frame(load("clickhouse/columns"), {"table": copy}).is_empty():
                return f"{copy} is made by the first load"
        for first in dict.fromkeys((middle, 0)):
            sample = {**binds, "from": first, "events": EVENTS}
            ids = self.clickhouse.frame(load("doctor/live_sample"), sample)
            if not ids.is_empty():
                break
        else:
            return "no live event is left"
        start, stop = ids.row(0)
        live = self.clickhouse.frame(
            load("doctor/live_keys"), {**binds, "start": start, "stop": stop, "keys": self.keys}
        )
        if live.height == self.keys:
            return f"ids {start:,} to {stop - 1:,} have {self.keys:,} keys of live events or more"
        try:
            rows = self._rows(scan, pairs, IdRange(start, stop), source)
        except _EnoughError:
            return f"ids {start:,} to {stop - 1:,} have more than {self.rows:,} rows"
        return {
            pair.metric: measure(
                rows.filter(pl.col("metric") == pair.metric),
                live.filter(pl.col("metric") == pair.metric),
                cutoff,
            )
            for pair in pairs
        }

    def _copies(self, scan: Scan) -> dict[str, str]:
        """The tables that a scan joins with, by placeholder."""
        table = self.settings.target_table
        return {
            one.name: Mirror(self.clickhouse, table, one).name
            for one in self.settings.catalog.dimensions_of(scan)
        }

    def _rows(
        self, scan: Scan, pairs: Sequence[Pair], ids: IdRange, source: Source
    ) -> pl.DataFrame:
        """Settled rows of the source: metric, entity, user, created."""
        until = datetime.now(timezone.utc) - SETTLED
        if scan.daily:
            until = until.replace(hour=0, minute=0, second=0, microsecond=0)
        binds: dict[str, Bind] = {"start": ids.start, "stop": ids.stop, "until": until}
        binds |= self._copies(scan)
        parts = [_NO_ROWS]
        read = 0
        with source.read(scan.text, binds, "doctor") as reading:
            for frame in reading.frames():
                check_columns(scan, frame)
                parts.append(derive(frame, pairs).select(_KEY))
                read += frame.height
                if read > self.rows:
                    reading.cancel()
                    raise _EnoughError
        return pl.concat(parts)


def _subject(scan: Scan) -> str:
    return f"sql/{scan.name}.sql: live keys"
