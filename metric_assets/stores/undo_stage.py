"""The private tables of an undo: what a run changed of a pair and range, beside what is held now.

Belongs here: which statement does which step. Does not belong here: when a step is taken
(load/undo), or what is known of runs (repairs).
"""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise

from metric_assets.changes import ChangedRange, LaterRun, UndoPlan, own_runs, perhaps_in_the_way
from metric_assets.plan import MetricPlan, Mode
from metric_assets.ranges import IdRange
from metric_assets.settings import REPAIRS_TABLE
from metric_assets.stores.ports import Bind
from metric_assets.stores.private_tables import PrivateTables
from metric_assets.stores.repairs import Change, Repairs

#: Keys that are put back in one go: the server joins them in its memory.
PORTION_KEYS = 1_000_000


class UndoStage:
    """Conforms to Undoing; ``repairs`` records changes, ``most`` bounds the keys of a portion."""

    def __init__(
        self,
        tables: PrivateTables,
        repairs: Repairs,
        changed: ChangedRange,
        most: int = PORTION_KEYS,
    ) -> None:
        self._tables = tables
        self._repairs = repairs
        self._changed = changed
        self._most = most
        self._portion = changed.ids
        #: The run, and what undid it.
        self._runs: tuple[str, ...] = (changed.run,)

    def later(self) -> list[LaterRun]:
        """Runs that changed the pair and range since, and stand, in their order; undoings of the
        run apart.

        A run stands if anything differs from what was held before it. What was undone, or was
        written down and never made, does not.
        """
        found = self._repairs.later(self._changed)
        self._runs = own_runs(self._changed.run, found)
        return [one for one in perhaps_in_the_way(self._changed.run, found) if self._stands(one)]

    def _stands(self, later: LaterRun) -> bool:
        changed = [
            one
            for one in self._repairs.ranges(later.run)
            if (one.entity, one.metric) == (self._changed.entity, self._changed.metric)
            and one.ids == later.ids
        ]
        return any(self._differ(one, one.ids, (one.run,))["keys"] for one in changed)

    def portions(self) -> list[IdRange]:
        """The range, cut where the run changed more keys than are put back in one go."""
        ids = self._changed.ids
        if self._changed.emptied:
            return [ids]
        found = self._tables.frame("undo_portions", **self._about(self._changed), most=self._most)
        bounds = [ids.start, *found["first"].to_list()[1:], ids.stop]
        return [IdRange(start, stop) for start, stop in pairwise(bounds)]

    def compare(self, portion: IdRange) -> UndoPlan:
        """Take what differs from what was held before the run into a table, and count it."""
        self._portion = portion
        metric = self._changed.metric
        found = self._differ(self._changed, portion, self._runs)
        held = self._tables.summary("scope_summary", **self._span)[metric]
        present = held.events
        inserted, removed, compensated = (
            found[name] for name in ("inserted", "removed", "compensated")
        )
        wanted = present + inserted - removed - 2 * compensated
        foreign = found["foreign_keys"]
        if self._changed.emptied:
            appends = self._tables.mode is Mode.APPEND
            foreign = self._foreign(held.net if appends else present, found["hash"])
        return UndoPlan(
            MetricPlan(metric, wanted, present, inserted, removed, compensated), foreign
        )

    def record(self, number: int, previous: datetime | None) -> None:
        """Write down what put_back() will change."""
        tables, metric = self._tables, self._changed.metric
        cutoffs = {} if previous is None else {metric: previous}
        rows = tables.clause("record_difference")
        name = f"{tables.attempt}-{number}"
        change = Change(name, "rows", rows, tables.scope, [metric], tables.mode, cutoffs)
        self._repairs.record(change, tables.owner)

    def put_back(self) -> None:
        """Insert what was removed, and remove what was inserted."""
        tables, metrics = self._tables, [self._changed.metric]
        for portion in tables.portions("difference_partitions"):
            tables.run("insert_missing", portion=portion)
        if tables.mode is Mode.APPEND:
            return
        tables.make("surplus", "surplus_table")
        if self._changed.emptied:
            tables.run("remove_scope", **self._span)
            return
        tables.run("surplus", metrics=metrics, **self._span)
        tables.run("remove", metrics=metrics, **self._span)

    def _differ(
        self, changed: ChangedRange, portion: IdRange, runs: tuple[str, ...]
    ) -> dict[str, int]:
        """Fill the table of differences, and what is in it in numbers."""
        self._tables.make("difference", "difference_table")
        scope: dict[str, Bind] = {
            "metric": changed.metric,
            "start": portion.start,
            "stop": portion.stop,
            "cutoff": changed.cutoff,
        }
        if changed.emptied:
            self._tables.run("undo_scope_difference", **scope)
        else:
            self._tables.run(
                "undo_difference",
                **self._about(changed),
                **scope,
                runs=list(runs),
                until=changed.until,
                whole=changed.whole,
            )
        row: dict[str, int] = self._tables.frame("undo_summary").row(0, named=True)
        return row

    def _foreign(self, rows: int, hashed: int) -> int:
        """How many of the ``rows`` of a scope that the run filled others have put there; 1 stands
        for an unknown number of rows that others have exchanged.
        """
        row = self._tables.frame(
            "undo_expected",
            **self._about(self._changed),
            runs=list(self._runs),
            until=self._changed.until,
        ).row(0, named=True)
        if not row["least"] <= rows <= row["most"]:
            return int(max(rows - row["most"], row["least"] - rows))
        return int(row["untouched"] and rows == row["expected"] and hashed != row["hash"])

    @property
    def _span(self) -> dict[str, int]:
        return {"start": self._portion.start, "stop": self._portion.stop}

    def _about(self, changed: ChangedRange) -> dict[str, Bind]:
        return {
            "repairs": REPAIRS_TABLE,
            "target_name": self._tables.target,
            "run": changed.run,
            "first": changed.ids.start,
            "last": changed.ids.stop,
        }
