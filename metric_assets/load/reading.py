"""Read: rows of a source's statement become validated events, one batch after the other.

Belongs here: how rows flow from the source, and how that flow is ended. Does not belong here: what
an event is (events), or where events go (filling).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import TypeVar

import polars as pl

from metric_assets.catalog.model import Pair
from metric_assets.catalog.scan import Scan
from metric_assets.events import Bounds, Rejections, check_columns, derive, event_schema
from metric_assets.live import Horizon, LiveRules
from metric_assets.load.counting import count_events
from metric_assets.load.side_by_side import Stop
from metric_assets.plan import Summary
from metric_assets.ranges import IdRange
from metric_assets.rows import by_range
from metric_assets.source_state import SourceState
from metric_assets.stores.ports import Bind, Reading, Scope, Source

#: The last instant that every type of createdAt holds.
_LATEST = datetime(2106, 1, 1, tzinfo=timezone.utc)
#: Frames of fewer rows are put together before they are worked on.
GATHER_ROWS = 16_384
#: Seconds after which waiting for a thread looks up: Polars' handler of SIGINT lets a wait without
#: an end go on, so that an interruption would be felt only when the thread is done.
PULSE = 0.2

_T = TypeVar("_T")

#: Told the rows read so far of the range at hand.
Progress = Callable[[int], None]


@dataclass(frozen=True)
class Extent:
    """How far a source is read: rows created before ``until`` (UTC).

    Of metrics in ``judged`` rows from the cutoff on are kept as well, to be compared with live
    events by ``rules``. ``instant`` (UTC) is what the source will show, where it is known before.
    """

    until: datetime
    judged: tuple[str, ...] = ()
    rules: LiveRules = field(default_factory=LiveRules)
    instant: datetime | None = None

    def horizon(self, state: SourceState) -> Horizon:
        """The instants by which live events are judged, for a source in this state."""
        instant = self.instant or state.instant or datetime.now(timezone.utc)
        since = state.open_since
        if state.writers_unknown:
            since = instant - timedelta(seconds=self.rules.lag)
        return Horizon.of(instant, self.rules, since)


@dataclass(frozen=True)
class Filled:
    """What filling the stage came to; ``sent`` (before the cutoff) and ``after`` (from it on) have
    counts and sums a metric, no hashes. ``newest`` is when the newest row from the cutoff on was
    created that is no longer recent. ``agreed`` is what the target holds, below the cutoff, where
    fingerprints agree, ``adjusted`` what of it are adjustments (rows, sum up and sum down), and
    ``settled`` how many rows of the source it stands for: nothing of that was staged. ``in_sync``
    says that it is all there is.
    """

    rows: int
    rejected: int
    snapshot: str
    sent: dict[str, Summary]
    after: dict[str, Summary]
    state: SourceState
    horizon: Horizon
    newest: datetime | None = None
    agreed: Mapping[str, Summary] = field(default_factory=dict)
    adjusted: Mapping[str, tuple[int, int, int]] = field(default_factory=dict)
    settled: Mapping[str, int] = field(default_factory=dict)
    in_sync: bool = False
    #: Of ranges that are read together, the rows of each.
    by_part: Mapping[IdRange, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Request:
    """What is read of a source: the events of ``pairs`` in a scope, as far as ``extent``.

    ``more`` is bound beside the range; ``progress`` is told how many rows have been read, and
    ``stop`` says when another thread wants it to end.
    """

    scan: Scan
    pairs: tuple[Pair, ...]
    scope: Scope
    extent: Extent
    source: Source
    more: Mapping[str, Bind]
    progress: Progress
    stop: Stop = field(default_factory=Stop)

    @property
    def binds(self) -> dict[str, Bind]:
        """What the statement of the scan binds."""
        ids = self.scope.ids
        return {"start": ids.start, "stop": ids.stop, "until": self.extent.until, **self.more}


def read_events(
    request: Request,
    bounds: Bounds,
    send: Callable[[pl.DataFrame], None],
    begin: Callable[[Horizon], None] = lambda _horizon: None,
) -> Filled:
    """Stream the events asked for to ``send``; ``begin`` is told the horizon before the first."""
    scan, scope, extent = request.scan, request.scope, request.extent
    rejections = Rejections(scope.entity)
    rows_read = 0
    sent = {metric: Summary() for metric in scope.names}
    after = {metric: Summary() for metric in scope.names}
    by_part: Counter[IdRange] = Counter()
    with (
        request.source.read(scan.text, request.binds, scope.label, scan.sources) as reading,
        request.stop.ending(reading.cancel),
        _prefetched(reading) as frames,
    ):
        horizon = extent.horizon(reading.state)
        begin(horizon)
        newest: datetime | None = None
        for frame in _gathered(request, frames):
            rows_read += frame.height
            for part in scope.parts:
                inside = frame["entityId"].is_between(part.start, part.stop, "left")
                by_part[part] += int(inside.sum())
            events = derive(frame, request.pairs)
            schema = event_schema(scope.ids, extent.until, bounds, events.schema)
            # Once a row has failed nothing will be written: the rest is only validated.
            if events.height and rejections.validate(schema, events) and not rejections.counts:
                if scope.parts:
                    stops = [part.stop for part in scope.parts]
                    events = by_range(events, scope.metrics, scope.names, stops)
                events = _counting(events, scope, extent)
                count_events(events, scope.cutoff, sent, after)
                if extent.judged:
                    newest = _newest(newest, events["createdAt"], scope.cutoff, horizon.recent)
                send(events)
        snapshot, state = reading.snapshot, reading.state
        rejections.raise_if_any(scope.ids)
    return Filled(
        rows_read, rejections.total, snapshot, sent, after, state, horizon, newest, by_part=by_part
    )


def _counting(events: pl.DataFrame, scope: Scope, extent: Extent) -> pl.DataFrame:
    """Events that count something: those of value 0 do not, nor those from the cutoff on where no
    live event is compared with them. What lies beyond the target's calendar is moved to its end.
    """
    # Most batches need none of this: looking is cheaper than copying.
    counting = events
    if (events["metricValue"] == 0).any():
        counting = events.filter(pl.col("metricValue") != 0)
    if not extent.judged:
        return counting
    if set(extent.judged) != set(scope.names):
        # As an enum: comparing names takes ten times the work.
        judged = pl.col("metricType").is_in(list(extent.judged))
        counting = counting.filter((pl.col("createdAt") < scope.cutoff) | judged)
    latest = counting["createdAt"].max()
    if isinstance(latest, datetime) and latest > _LATEST:
        created = pl.min_horizontal("createdAt", pl.lit(_LATEST))
        counting = counting.with_columns(created.alias("createdAt"))
    return counting


def _newest(
    so_far: datetime | None, created: pl.Series, cutoff: datetime, recent: datetime
) -> datetime | None:
    """The newest instant from the cutoff on that is no longer recent."""
    latest = created.max()
    if isinstance(latest, datetime) and latest >= recent:
        latest = created.filter(created < recent).max()
    if not isinstance(latest, datetime) or latest < cutoff:
        return so_far
    return max(latest, so_far or latest)


def _gathered(request: Request, frames: Iterator[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """The frames with small ones put together: deriving and validating cost as much for ten rows as
    for thousands.
    """
    waiting: list[pl.DataFrame] = []
    rows = yielded = 0
    for frame in frames:
        check_columns(request.scan, frame)
        waiting.append(frame)
        rows += frame.height
        request.stop.check()
        request.progress(rows)
        if rows - yielded >= GATHER_ROWS:
            yield pl.concat(waiting)
            waiting.clear()
            yielded = rows
    if waiting:
        yield pl.concat(waiting)


@contextmanager
def _prefetched(reading: Reading) -> Iterator[Iterator[pl.DataFrame]]:
    """The reading's frames, each read in a thread while the one before it is worked on.

    Whatever ends the work, the statement is ended in the server and the thread waited for, before
    the connection is closed under it.
    """

    def frames() -> Iterator[pl.DataFrame]:
        rest = reading.frames()
        ahead = reader.submit(next, rest, None)
        while (frame := _outcome(ahead)) is not None:
            ahead = reader.submit(next, rest, None)
            yield frame

    with ThreadPoolExecutor(1, "read") as reader:
        try:
            yield frames()
        except BaseException:
            reading.cancel()
            raise


def _outcome(future: Future[_T]) -> _T:
    while not wait([future], PULSE).done:
        pass
    return future.result()
