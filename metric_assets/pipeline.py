"""Materialize: read, derive, validate, stage, plan, guard, apply, prove.

Belongs here: the order of the steps, and what may happen in between. Does not belong here: how a
store does a step (stores), what a plan means (plan), or Dagster.
"""

from __future__ import annotations

import hashlib
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, TypeVar

import polars as pl

from metric_assets.catalog import Pair, Scan
from metric_assets.errors import ProofError, StageMismatchError
from metric_assets.events import Rejections, check_columns, derive, event_schema
from metric_assets.plan import Plan, Summary, build_plan, guard_removal, outline
from metric_assets.ranges import IdRange
from metric_assets.sql import load
from metric_assets.stores.ports import Bind, Reading, Scope, Source, Stage, Target, Turn, Turnstile

#: Rows sent to the stage in one insert: large enough to be one good part, small enough to hold.
CHUNK_ROWS = 500_000
#: Plans applied before giving up. A merge under way or an orphan's late commit costs one more.
MAX_ROUNDS = 3
#: Seconds after which waiting for a thread looks up: Polars' handler of SIGINT lets a wait without
#: an end go on, so that an interruption would be felt only when the thread is done.
PULSE = 0.2

_T = TypeVar("_T")


@dataclass(frozen=True)
class Stores:
    """The doors a materialization goes through.

    ``versions`` is the mirror's table, for scans that ask for it; refresh it before a run.
    """

    source: Source
    target: Target
    turnstile: Turnstile
    versions: str = ""


@dataclass(frozen=True)
class Receipt:
    """What a materialization of one pair and range proves. Counts are rows.

    ``rows_read`` is of the whole scan, shared by its pairs. ``events`` and ``total`` are what the
    scope holds afterwards; in a dry run, what it would hold.
    """

    pair: str
    ids: IdRange
    rows_read: int
    wanted: int
    present: int
    inserted: int
    removed: int
    unchanged: int
    rejected: int
    events: int
    total: int
    seconds: float
    snapshot: str
    cutoff: datetime
    mode: str
    code_version: str
    dry_run: bool
    fenced: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {**asdict(self), "ids": self.ids.key, "cutoff": self.cutoff.isoformat()}


@dataclass(frozen=True)
class _Filled:
    """What filling the stage came to; ``sent`` has counts and sums, no hashes."""

    rows: int
    rejected: int
    snapshot: str
    sent: dict[str, Summary]


#: Told the rows read so far of the range at hand.
Progress = Callable[[int], None]


def materialize(  # noqa: PLR0913 - each argument is a decision of the caller
    scan: Scan,
    pairs: Sequence[Pair],
    ids: IdRange,
    cutoff: datetime,
    stores: Stores,
    *,
    max_removed_share: float = 0.5,
    dry_run: bool = False,
    progress: Progress = lambda _rows: None,
) -> list[Receipt]:
    """Make the target hold exactly what the source implies for ``pairs`` in ``ids``.

    Returns a receipt a pair. Raises RejectedRowsError, SchemaDriftError or RemovalRefusedError with
    the target untouched, BusyError if somebody else is at it, ProofError if the scope cannot be
    made level. With ``dry_run`` everything up to the plan happens and nothing is written.
    """
    began = time.monotonic()
    scope = Scope(scan.entity, tuple(pair.metric for pair in pairs), ids, cutoff)
    with stores.turnstile.enter(scope) as turn:
        fenced = tuple(stores.target.fence(scope))
        with stores.target.stage(scope, uuid.uuid4().hex[:16]) as stage:
            reading = _fill(scan, pairs, scope, stores, stage, progress)
            staged = _check_stage(scope, stage, reading.sent)
            first, after = _level(stage, staged, scope, turn, max_removed_share, dry_run)
            facts: dict[str, Any] = {
                "ids": ids,
                "rows_read": reading.rows,
                "rejected": reading.rejected,
                "seconds": round(time.monotonic() - began, 3),
                "snapshot": reading.snapshot,
                "cutoff": cutoff,
                "mode": stage.mode.value,
                "dry_run": dry_run,
                "fenced": fenced,
            }
            return [
                Receipt(
                    pair=pair.key,
                    wanted=staged[pair.metric].events,
                    present=first.of(pair.metric).present,
                    inserted=first.of(pair.metric).inserted,
                    removed=first.of(pair.metric).removed,
                    unchanged=first.of(pair.metric).unchanged,
                    events=after[pair.metric].events,
                    total=after[pair.metric].total,
                    code_version=code_version(scan, pair),
                    **facts,
                )
                for pair in pairs
            ]


def _level(  # noqa: PLR0913 - the pieces of one attempt
    stage: Stage,
    staged: dict[str, Summary],
    scope: Scope,
    turn: Turn,
    max_removed_share: float,
    dry_run: bool,
) -> tuple[Plan, dict[str, Summary]]:
    """Apply plans until one is empty: the first plan, and what the scope then holds.

    Every plan passes the guard, the second and third as well as the first.
    """
    first, present = _take_plan(stage, staged)
    guard_removal(scope.label, first.metrics, max_removed_share)
    if dry_run:
        return first, staged
    plan = first
    for _ in range(MAX_ROUNDS):
        if plan.empty:
            return first, present
        turn.confirm()
        _apply(stage, plan, staged)
        plan, present = _take_plan(stage, staged)
        guard_removal(scope.label, plan.metrics, max_removed_share)
    if plan.empty:
        return first, present
    raise ProofError(
        f"{scope.label}: after {MAX_ROUNDS} rounds the target still differs: {plan};"
        f" something else is writing below the cutoff {scope.cutoff.isoformat()}"
    )


def code_version(scan: Scan, pair: Pair) -> str:
    """Changes whenever the text of the scan or the row of the pair does."""
    # Polars shortens long lists in the text of an expression unless told not to.
    with pl.Config(fmt_table_cell_list_len=-1):
        row = f"{pair.key} {pair.where} {pair.value}"
    return hashlib.sha256(f"{load(scan.name).text}\n{row}".encode()).hexdigest()[:12]


def _fill(  # noqa: PLR0913 - the pieces of one attempt
    scan: Scan,
    pairs: Sequence[Pair],
    scope: Scope,
    stores: Stores,
    stage: Stage,
    progress: Progress,
) -> _Filled:
    """Stream the range into the stage; raises RejectedRowsError at its end if any row failed."""
    statement = load(scan.name)
    binds: dict[str, Bind] = {
        "start": scope.ids.start,
        "stop": scope.ids.stop,
        "cutoff": scope.cutoff,
        **({"versions": stores.versions} if scan.versions else {}),
    }
    schema = event_schema(pairs, scope.ids, scope.cutoff, stage.bounds)
    rejections = Rejections(scope.entity)
    rows_read = 0
    sent = {metric: Summary() for metric in scope.metrics}
    with (
        stores.source.read(statement, binds, scope.label) as reading,
        _sender(stage) as send,
        _prefetched(reading) as frames,
    ):
        for frame in frames:
            check_columns(scan, frame)
            rows_read += frame.height
            events = derive(frame, pairs)
            # Once a row has failed nothing will be written: the rest is only validated.
            if events.height and rejections.validate(schema, events) and not rejections.counts:
                _count(sent, events)
                send(events)
            progress(rows_read)
        snapshot = reading.snapshot
        rejections.raise_if_any(scope.ids)
    return _Filled(rows_read, rejections.total, snapshot, sent)


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


@contextmanager
def _sender(stage: Stage) -> Iterator[Callable[[pl.DataFrame], None]]:
    """Gathers events into chunks and inserts each in a thread while the next one is gathered."""
    waiting: list[pl.DataFrame] = []
    under_way: list[Future[None]] = []

    def flush() -> None:
        if waiting:
            chunk = pl.concat(waiting)
            waiting.clear()
            while under_way:
                _outcome(under_way.pop())
            under_way.append(writer.submit(stage.insert, chunk))

    def send(events: pl.DataFrame) -> None:
        waiting.append(events)
        if sum(frame.height for frame in waiting) >= CHUNK_ROWS:
            flush()

    with ThreadPoolExecutor(1, "stage") as writer:
        yield send
        flush()
        while under_way:
            _outcome(under_way.pop())


def _count(sent: dict[str, Summary], events: pl.DataFrame) -> None:
    sums = events.group_by("metricType").agg(pl.len(), pl.col("metricValue").sum())
    for metric, rows, total in sums.iter_rows():
        sent[metric] = Summary(sent[metric].events + rows, sent[metric].total + total)


def _check_stage(scope: Scope, stage: Stage, sent: dict[str, Summary]) -> dict[str, Summary]:
    staged = stage.staged()
    for metric, summary in staged.items():
        if (summary.events, summary.total) != (sent[metric].events, sent[metric].total):
            raise StageMismatchError(
                f"{scope.entity}/{metric}/{scope.ids.key}: sent {sent[metric].events} events with"
                f" sum {sent[metric].total}, the stage holds {summary.events} with sum"
                f" {summary.total}; the target was not touched"
            )
    return staged


def _take_plan(stage: Stage, staged: dict[str, Summary]) -> tuple[Plan, dict[str, Summary]]:
    present = stage.present()
    unlike = outline(staged, present).unlike
    return build_plan(staged, present, stage.difference(unlike) if unlike else {}), present


def _apply(stage: Stage, plan: Plan, staged: dict[str, Summary]) -> None:
    fresh = [name for name in plan.changed if plan.of(name).present == 0]
    unlike = [name for name in plan.changed if plan.of(name).present > 0]
    if fresh:
        others = [name for name in staged if name not in fresh and staged[name].events]
        stage.publish(fresh, alone=not others)
    if unlike:
        stage.level(unlike)
