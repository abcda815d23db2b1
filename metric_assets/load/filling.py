"""Fill: stage what a source has of a scope, or what of it differs from the target.

Belongs here: what of the events that are read is staged, in chunks, overlapped with reading. Does
not belong here: reading (reading), or what becomes of the stage (attempt).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager
from dataclasses import replace

import polars as pl

from metric_assets.catalog.model import LiveKey
from metric_assets.fingerprint import Accumulator, Prints, differing
from metric_assets.live import Horizon
from metric_assets.load.counting import count_events
from metric_assets.load.reading import PULSE, Filled, Request, read_events
from metric_assets.load.spool import Spool
from metric_assets.plan import Summary
from metric_assets.rows import last_before
from metric_assets.stores.ports import Scope
from metric_assets.stores.stage_port import Stage

#: Events sent to the stage in one insert: large enough to be one good part, which is sorted and
#: merged once, and small enough to hold several of.
CHUNK_ROWS = 800_000
#: Inserts under way at once: while the server sorts and writes one, the next is on its way.
WRITERS = 2
#: The share of buckets above which all of them are staged.
MOSTLY = 0.5


def fill(request: Request, stage: Stage) -> Filled:
    """Stream what is asked for from its source into the stage.

    A range of few rows is kept in memory by the stage. Where there are more and the target holds
    something of the scope, rows are kept on the local disk until their fingerprints have been
    compared with its own: only what differs is staged. Memory holds two frames of the source and
    three chunks of events, whatever the range. Raises RejectedRowsError at the end of the range if
    any row failed, SchemaDriftError at once.
    """
    first: list[pl.DataFrame] = []
    larger: list[_Larger] = []
    horizons: list[Horizon] = []
    with ExitStack() as stack:

        def send(events: pl.DataFrame) -> None:
            if larger:
                larger[0].send(events)
                return
            first.append(events)
            if sum(frame.height for frame in first) > stage.memory_rows:
                larger.append(_Larger(request, stage, horizons[0], stack))
                while first:
                    larger[0].send(first.pop(0))

        read = read_events(request, stage.bounds, send, horizons.append)
        if not (larger or stage.memory_rows):
            larger.append(_Larger(request, stage, horizons[0], stack))
        if larger:
            return larger[0].settled(read)
    if first:
        stage.insert(pl.concat(first, rechunk=True))
    return read


class _Larger:
    """A range of many rows: sent on in chunks, or kept on the disk where the target has some."""

    def __init__(self, request: Request, stage: Stage, horizon: Horizon, stack: ExitStack) -> None:
        self._stage, self._scope = stage, request.scope
        self._spool: Spool | None = None
        if not stage.occupied():
            self._sender = stack.enter_context(_sender(stage))
            return
        self._spool = stack.enter_context(Spool(request.scope.metrics))
        self._sums = Accumulator(_prints(request, horizon, coarse=stage.coarse))

    def send(self, events: pl.DataFrame) -> None:
        if self._spool is None:
            self._sender(events)
        else:
            self._spool.write(events)
            self._sums.add(events)

    def settled(self, read: Filled) -> Filled:
        """Where the target holds something: stage the buckets that differ."""
        if self._spool is None:
            return read
        scope, stage, sums = self._scope, self._stage, self._sums
        target = stage.fingerprints(sums.prints)
        differ = pl.concat([differing(sums.result(), target), sums.edge()]).unique()
        if differ.height > MOSTLY * target.height:
            return _staged(read, scope, self._spool, stage, None)
        agreed = target.join(differ, on=["metricType", "bucket"], how="anti")
        partly = replace(_agreeing(read, agreed), in_sync=differ.is_empty())
        if partly.in_sync:
            nothing = dict.fromkeys(scope.metrics, Summary())
            return _settled(read, replace(partly, sent=nothing, after=nothing))
        stage.restrict(differ)
        return _settled(read, _staged(partly, scope, self._spool, stage, differ))


def _prints(request: Request, horizon: Horizon, *, coarse: bool) -> Prints:
    """What fingerprints are taken of; ``coarse`` targets keep whole seconds."""
    scope = request.scope
    by_entity = tuple(pair.metric for pair in request.pairs if pair.live_key is LiveKey.ENTITY)
    return Prints(
        scope.metrics,
        request.extent.judged,
        by_entity,
        last_before(scope.cutoff, coarse=coarse),
        scope.cutoff,
        horizon.recent,
        horizon.until,
        coarse,
    )


def _staged(
    read: Filled, scope: Scope, spool: Spool, stage: Stage, buckets: pl.DataFrame | None
) -> Filled:
    """Stage what was read: the events of some buckets, or all."""
    sent = {metric: Summary() for metric in scope.metrics}
    after = {metric: Summary() for metric in scope.metrics}
    with _sender(stage) as send:
        for events in spool.read(buckets):
            if events.height:
                count_events(events, scope.cutoff, sent, after)
                send(events)
    return replace(read, sent=sent, after=after)


def _agreeing(read: Filled, agreed: pl.DataFrame) -> Filled:
    """What was read, with what the target holds where fingerprints agree."""
    columns = ("held", "held_total", "digest", "adjustments", "up", "down")
    sums = agreed.group_by("metricType").agg(pl.col(columns).sum())
    held: dict[str, Summary] = {}
    adjusted: dict[str, tuple[int, int, int]] = {}
    for metric, *figures in sums.select("metricType", *columns).iter_rows():
        rows, total, digest, count, up, down = figures
        held[metric] = Summary(rows, total, digest)
        adjusted[metric] = (count, up, down)
    return replace(read, agreed=held, adjusted=adjusted)


def _settled(read: Filled, staged: Filled) -> Filled:
    """What was staged, with the number of rows that were read and needed no staging."""
    rest = {name: one.events - staged.sent[name].events for name, one in read.sent.items()}
    return replace(staged, settled=rest)


@contextmanager
def _sender(stage: Stage) -> Iterator[Callable[[pl.DataFrame], None]]:
    """Gathers events into chunks and inserts them in threads while the next one is gathered."""
    waiting: list[pl.DataFrame] = []
    under_way: list[Future[None]] = []

    def flush() -> None:
        if waiting:
            # One piece of memory is one block for the server, and one dictionary of names.
            chunk = pl.concat(waiting, rechunk=True)
            waiting.clear()
            settle(WRITERS - 1)
            under_way.append(writer.submit(stage.insert, chunk))

    def send(events: pl.DataFrame) -> None:
        waiting.append(events)
        if sum(frame.height for frame in waiting) >= CHUNK_ROWS:
            flush()

    def settle(left: int) -> None:
        while len(under_way) > left:
            wait(under_way, PULSE, FIRST_COMPLETED)
            # In their order: where the first one fails to make the stage, the next one misses it.
            for one in [one for one in under_way if one.done()]:
                under_way.remove(one)
                one.result()

    with ThreadPoolExecutor(WRITERS, "stage") as writer:
        try:
            yield send
            flush()
            settle(0)
        except BaseException:
            # Inserts under way are ended in the server, or they would be waited for.
            while wait(under_way, PULSE).not_done:
                stage.cancel()
            raise
