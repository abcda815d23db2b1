"""Undo: which run is meant, what putting back takes in all its ranges, and putting it back.

Belongs here: from the first letters of a run to its ranges. Does not belong here: a range
(load/undo), or what Dagster records of it (orchestration/undo_run).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from metric_assets.changes import ChangedRange, ChangedRun
from metric_assets.connect import open_both, open_repairs, open_target
from metric_assets.errors import SettingsError, UndoError, UnknownKeyError
from metric_assets.load.undo import Undo, Undone
from metric_assets.settings import REPAIRS_DAYS, Settings
from metric_assets.stores.clickhouse import ClickHouse
from metric_assets.stores.ports import PartitionLocks

#: Runs named in a message.
_NAMED = 5
#: A record this close to the end of its retention may be gone in part.
_MARGIN = timedelta(days=1)


@dataclass(frozen=True)
class Undoing:
    """What undoing a run takes, range by range."""

    run: ChangedRun
    ranges: tuple[Undone, ...]

    @property
    def refusals(self) -> list[str]:
        """Why it is refused, unless it is forced; later runs are never passed over."""
        return [text for one in self.ranges for text in one.refusals]

    @property
    def blocked(self) -> bool:
        """Whether a later run stands in the way."""
        return any(one.later for one in self.ranges)

    @property
    def changing(self) -> list[Undone]:
        """Ranges of which something is to be written."""
        return [one for one in self.ranges if not one.plan.empty]

    @property
    def sentence(self) -> str:
        """What is to be written, in numbers."""
        if not self.changing:
            return f"Nothing to put back: everything is as it was before run {self.run.run}."
        rows = [one.plan.rows for one in self.changing]
        back = sum(one.inserted - one.compensated for one in rows)
        out = sum(one.gone for one in rows)
        present = sum(one.present for one in rows)
        share = f" ({out / present:.1%} of {present:,} present)" if present else ""
        return (
            f"{back:,} rows are put back and {out:,} taken out{share} in {len(self.changing)} of"
            f" {len(self.ranges)} ranges."
        )


def changed_runs(settings: Settings, beginning: str = "") -> list[ChangedRun]:
    """Runs that changed the target, newest first."""
    with open_both(settings) as (_, clickhouse):
        return open_repairs(clickhouse, settings).runs(beginning)


def find_run(beginning: str, settings: Settings) -> ChangedRun:
    """The run whose id is or begins like this.

    Raises UnknownKeyError if there is none or more than one, SettingsError if nothing is recorded.
    """
    found = changed_runs(settings, beginning)
    exact = [one for one in found if one.run == beginning]
    if len(exact or found) == 1:
        return (exact or found)[0]
    if found:
        names = ", ".join(one.run for one in found[:_NAMED])
        raise UnknownKeyError(
            f"run {beginning!r}: {len(found)} runs begin like this: {names}; give more of it"
        )
    if not settings.repairs_days and not changed_runs(settings):
        raise SettingsError(f"{REPAIRS_DAYS}: 0, so changes of the target are not recorded")
    raise UnknownKeyError(
        f"run {beginning!r}: no run of this id changed the target {settings.target_table};"
        " `metric-assets undo` lists those that did"
    )


def plan_undo(
    run: ChangedRun, settings: Settings, told: Callable[[str], None] = lambda _place: None
) -> Undoing:
    """What undoing a run takes; nothing is written. ``told`` hears of each range.

    Raises UndoError if the record of the run may be gone in part, BusyError if a run is at one of
    its ranges.
    """
    check_age(run, settings)
    with open_both(settings) as (postgres, clickhouse):
        work = Undo(open_target(clickhouse, _recording(settings)), postgres)
        found = []
        for changed in open_repairs(clickhouse, settings).ranges(run.run):
            told(changed.place)
            found.append(work.plan(changed))
    return Undoing(run, tuple(found))


@dataclass(frozen=True)
class Callbacks:
    """What an undo asks and tells: the cutoff (UTC) that is recorded for a range now, that a range
    is about to be written to, and what it came to.
    """

    recorded: Callable[[ChangedRange], datetime | None]
    began: Callable[[ChangedRange], None]


def put_back(  # noqa: PLR0913 - what, where, and how
    run: str,
    by: str,
    settings: Settings,
    clickhouse: ClickHouse,
    locks: PartitionLocks,
    callbacks: Callbacks,
    *,
    force: bool,
) -> Iterator[Undone]:
    """Put back what a run changed, as the run ``by``; yields each range when it is done."""
    target = open_target(clickhouse, _recording(settings), by)
    work = Undo(target, locks, force, callbacks.recorded, callbacks.began)
    for changed in open_repairs(clickhouse, settings).ranges(run):
        yield work.run(changed)


def _recording(settings: Settings) -> Settings:
    """An undo is always recorded, or it could not be taken up again."""
    return settings.model_copy(update={"repairs_days": settings.repairs_days or 1})


def check_age(run: ChangedRun, settings: Settings) -> None:
    """Raise UndoError if part of what a run changed may no longer be recorded."""
    kept = timedelta(days=settings.repairs_days)
    age = datetime.now(timezone.utc) - run.began
    if settings.repairs_days and age > kept - min(_MARGIN, kept / 2):
        raise UndoError(
            f"run {run.run}: it began {age.days} days ago, and changes are kept for"
            f" {settings.repairs_days} days ({REPAIRS_DAYS}): part of what it changed may no longer"
            " be recorded. Nothing was written. If the table metricRepairs keeps them longer, set"
            f" {REPAIRS_DAYS} to that"
        )
