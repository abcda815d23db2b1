"""The target table: its mode, the stages of attempts, and what dead attempts left beside it.

Does not belong here: how it is described (layout_query), what an attempt does with its stage
(stage), or when (pipeline).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from datetime import datetime
from functools import cached_property

import polars as pl

from metric_assets.changes import ChangedRange
from metric_assets.errors import MetricAssetsError, TargetError
from metric_assets.plan import Mode
from metric_assets.sql import load
from metric_assets.stores import target_checks
from metric_assets.stores.clickhouse import ClickHouse
from metric_assets.stores.examining import ExaminingStage
from metric_assets.stores.layout import COLUMNS, Layout
from metric_assets.stores.layout_query import can_patch, describe, target_binds
from metric_assets.stores.memory_stage import MemoryStage
from metric_assets.stores.orphans import Orphans
from metric_assets.stores.owners import OWNER, attempt_of, concerns, dry_run_of, owner_of
from metric_assets.stores.parts_stage import PartsStage
from metric_assets.stores.ports import Binds, Scope
from metric_assets.stores.private_tables import PrivateTables
from metric_assets.stores.repairs import Repairs
from metric_assets.stores.scope_rows import rows_in, rows_within
from metric_assets.stores.stage_port import Stage
from metric_assets.stores.undo_port import Undoing
from metric_assets.stores.undo_stage import UndoStage

#: The newest live events stand for so many seconds, or for a multiple of what asking took: it reads
#: many rows of a large target.
_STANDS, _STANDS_TIMES = 1.0, 20.0


class ClickHouseTarget:
    """The target table ``table`` of ``store``; ``mode`` is auto, replace or append.

    Ranges of at most ``memory_rows`` rows are compared in this process. ``repairs`` records what is
    changed, if anything does.
    """

    def __init__(  # noqa: PLR0913 - a setting each
        self,
        store: ClickHouse,
        table: str,
        mode: str = "auto",
        run: str = "",
        memory_rows: int = 0,
        repairs: Repairs | None = None,
    ) -> None:
        self._store = store
        self._table = table
        self._mode = mode
        self._run = run
        self._memory_rows = memory_rows
        self.repairs = repairs
        self._newest: dict[tuple[str, datetime], tuple[dict[str, datetime], float]] = {}

    def create(self) -> None:
        """Make the target if it is absent."""
        binds = target_binds(self._table, patching=can_patch(self._store))
        self._store.run(load("clickhouse/target"), binds, OWNER.strip())

    @cached_property
    def layout(self) -> Layout:
        """The target as the server describes it; raises TargetError if events cannot be loaded into
        it so that every later repair is possible.
        """
        layout = describe(self._store, self._table)
        target_checks.check_layout(layout, self._table)
        if self._appends(layout):
            target_checks.check_compensation(layout, self._table)
        target_checks.check_servers(layout, self._table, self._store)
        if layout.shared:
            # Another server may answer each statement: it must know what the last one has written.
            self._store.more_settings["select_sequential_consistency"] = 1
        return layout

    @cached_property
    def _orphans(self) -> Orphans:
        return Orphans(self._store, self._table, self.layout)

    @property
    def columns(self) -> dict[str, str]:
        """The columns of an event, and their types as the server tells them."""
        return {name: self.layout.columns[name] for name in COLUMNS}

    @property
    def mode(self) -> Mode:
        """How surplus is repaired; raises TargetError where replace cannot be right."""
        return Mode.APPEND if self._appends(self.layout) else Mode.REPLACE

    def _appends(self, layout: Layout) -> bool:
        if self._mode == "replace" and layout.append_only:
            raise TargetError(
                f"{self._table}: METRIC_ASSETS_MODE=replace, but nothing may be deleted from it:"
                f" {layout.append_only}. Use auto or append, which compensate surplus by negative"
                " events"
            )
        if self._mode == "auto":
            return bool(layout.append_only or layout.costly)
        return self._mode == "append"

    def clean_up(
        self,
        scopes: Sequence[Scope],
        is_alive: Callable[[str], bool] = lambda _attempt: False,
        *,
        dry_run: bool = False,
        spare: Collection[str] = (),
    ) -> list[str]:
        """Kill statements and drop tables of dead attempts at any pair and id of ``scopes``.

        Whoever holds the scopes' locks knows that what is found there has no living owner, but for
        dry runs, which take no lock: ``is_alive`` says of a dry run's attempt whether it still
        lives. A dry run itself, which holds nothing, cleans up after dead dry runs only. What the
        attempts ``spare`` keep for their second look stays.
        """

        def orphaned(owner: str) -> bool:
            if not any(concerns(owner, self._table, scope) for scope in scopes):
                return False
            if attempt_of(owner) in spare:
                return False
            other = dry_run_of(owner)
            return not dry_run if other is None else not is_alive(other)

        return self._orphans.clear(orphaned)

    @contextmanager
    def stage(
        self,
        scope: Scope,
        attempt: str,
        *,
        dry_run: bool = False,
        seen: pl.DataFrame | None = None,
    ) -> Iterator[Stage]:
        """The stage of an attempt: private tables, and memory before them where few rows are
        compared in it. ``seen`` is what rows_of() has just found in the scope.
        """
        with self.private(scope, attempt, dry_run=dry_run) as server:
            if scope.parts:
                with closing(PartsStage(server, self._memory_rows)) as parts:
                    yield parts
            elif not self._memory_rows:
                yield server
            else:
                with closing(MemoryStage(server, self._memory_rows, seen)) as stage:
                    yield stage

    def rows_of(self, scopes: Sequence[Scope]) -> dict[Scope, pl.DataFrame]:
        """What scopes of one entity type hold; empty if that is more than is compared here."""
        if not self._memory_rows:
            return {}
        binds: Binds = {
            "target": self._table,
            "entity": scopes[0].entity,
            "chosen": rows_in(scopes),
            "limit": self._memory_rows + 1,
        }
        found = self._store.frame(load("clickhouse/scopes_rows"), binds)
        if found.height > self._memory_rows:
            return {}
        return {scope: rows_within(found, scope) for scope in scopes}

    @contextmanager
    def undoing(
        self, changed: ChangedRange, attempt: str, *, dry_run: bool = False
    ) -> Iterator[Undoing]:
        """An attempt to put back what a pair and range held before a run; see undo_stage."""
        if self.repairs is None:
            raise TargetError(f"{self._table}: no record of changes is at hand")
        scope = Scope(changed.entity, (changed.metric,), changed.ids, changed.cutoff)
        with self._tables(scope, attempt, dry_run=dry_run) as tables:
            yield UndoStage(tables, self.repairs.undoing(changed.run), changed)

    @contextmanager
    def private(
        self, scope: Scope, attempt: str, *, dry_run: bool = False
    ) -> Iterator[ExaminingStage]:
        """The private tables of an attempt, with the steps of a load."""
        with self._tables(scope, attempt, dry_run=dry_run) as tables:
            owner = tables.owner
            yield ExaminingStage(tables, lambda: self._orphans.clear(owner.__eq__), self.repairs)

    @contextmanager
    def _tables(self, scope: Scope, attempt: str, *, dry_run: bool) -> Iterator[PrivateTables]:
        """The private tables of an attempt, each made when it is needed; on the way out drop them
        and end its statements.
        """
        if self.layout.coarse and scope.cutoff.microsecond:
            raise TargetError(
                f"{self._table}: createdAt is {self.layout.columns['createdAt']}, whole"
                f" seconds, but the cutoff {scope.cutoff.isoformat()} is finer; use a cutoff of a"
                " whole second"
            )
        owner = owner_of(self._table, scope, attempt, self._run, dry_run=dry_run)
        if self.layout.replicas > 1 or self.layout.shared:
            self._store.run(load("clickhouse/sync_replica"), {"target": self._table}, owner)
        tables = PrivateTables(
            self._store, self._table, self.layout, self.mode, scope, attempt, owner
        )
        try:
            yield tables
        except BaseException:
            # The error is the news; what cannot be cleared now, the next attempt finds.
            with suppress(MetricAssetsError):
                self._orphans.clear(owner.__eq__)
            raise
        for table in tables.made:
            self._orphans.end("table", table)

    def still_kept(self, attempts: Sequence[str]) -> set[str]:
        """Those attempts of which what they kept for their second look is still there."""
        tables = {self._look(attempt): attempt for attempt in attempts}
        found = self._store.frame(load("clickhouse/existing"), {"tables": list(tables)})
        return {tables[name] for name in found["name"]}

    def forget(self, attempt: str) -> None:
        """Drop what an attempt kept for its second look."""
        self._orphans.end("table", self._look(attempt))

    def _look(self, attempt: str) -> str:
        return f"{self._table}__look_{attempt}"

    def newest_live(
        self, entity: str, cutoff: datetime, *, fresh: bool = False
    ) -> dict[str, datetime]:
        """The newest live event, UTC, of each metric of an entity type that has any.

        The answer may be some seconds old where it takes the server long, unless ``fresh``.
        """
        key = (entity, cutoff)
        newest, until = self._newest.get(key, ({}, 0.0))
        if fresh or time.monotonic() >= until:
            binds: Binds = {"target": self._table, "entity": entity, "cutoff": cutoff}
            began = time.monotonic()
            newest = dict(self._store.frame(load("clickhouse/newest_live"), binds).iter_rows())
            stands = max(_STANDS, _STANDS_TIMES * (time.monotonic() - began))
            self._newest[key] = (newest, began + stands)
        return newest
