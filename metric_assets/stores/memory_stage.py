"""The stage of a range that holds little: its rows are compared in this process.

Belongs here: what is kept in memory, and when a range turns out to be too large for that. Does not
belong here: the rule and the difference (judge, difference), or the private tables of a range that
holds much (stage, judging).

A statement costs a server some milliseconds however little it does, and a range has twenty of them.
Where source and target hold few rows, one statement reads what is held, and only what has to be
written goes through the private tables. So does all of a range that turns out to hold more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timezone

import polars as pl

from metric_assets import difference, judge, judged
from metric_assets.errors import ProofError
from metric_assets.events import Bounds
from metric_assets.examined import Examined
from metric_assets.fingerprint import Prints
from metric_assets.judge import KEY, Rule, Sides
from metric_assets.live import DriftHour, Horizon, Judged, Judging
from metric_assets.plan import Mode, Summary
from metric_assets.rows import NO_ROWS, events_of, last_before, named, rows_of
from metric_assets.stores.examining import ExaminingStage
from metric_assets.stores.judging import DRIFT_HOURS, GONE_ENTITIES
from metric_assets.stores.kept import KEPT, Kept, of_keys, recent_of
from metric_assets.stores.ports import LiveSeen

#: Bytes that are kept for second looks in all; more are kept in the target.
KEPT_BYTES = 64 << 20
#: A range that was read before may have grown to so many times what is compared here.
_GROWTH = 4
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_NEVER = Horizon(_EPOCH, _EPOCH, _EPOCH, _EPOCH)


class MemoryStage:
    """Conforms to Stage. ``server`` does what is not done here; ``most`` is how many rows of source
    and of target are compared here.
    """

    def __init__(self, server: ExaminingStage, most: int) -> None:
        self._server = server
        self._most = most
        #: What this attempt keeps; others find it as long as somebody has the stage.
        self._kept: Kept | None = None
        self._scope = server.scope
        #: Whether everything is left to the server.
        self._large = False
        self._sides = Sides(NO_ROWS, NO_ROWS, NO_ROWS, NO_ROWS)
        self._rule = Rule(self._scope.metrics, Judging((), _NEVER))
        self._judged = pl.DataFrame()
        self._differs = pl.DataFrame()
        #: Keys that a second look is restricted to, and those that will be looked at again.
        self._only: pl.DataFrame | None = None
        self._looked = pl.DataFrame()
        #: Whether the target has been written to.
        self._wrote = False

    @property
    def memory_rows(self) -> int:
        """How many rows are compared here at most; 0 if none."""
        return self._most

    @property
    def bounds(self) -> Bounds:
        """What the target's columns can hold."""
        return self._server.bounds

    @property
    def mode(self) -> Mode:
        """How surplus is repaired."""
        return self._server.mode

    @property
    def coarse(self) -> bool:
        """Whether the target keeps whole seconds."""
        return self._server.coarse

    def cancel(self) -> None:
        """End in the server what this attempt runs there, from any thread; never raises."""
        self._server.cancel()

    def close(self) -> None:
        """Let go of what is not kept."""
        self._sides = Sides(NO_ROWS, NO_ROWS, NO_ROWS, NO_ROWS)
        self._judged = self._differs = self._looked = pl.DataFrame()

    def insert(self, events: pl.DataFrame) -> None:
        """Keep events of metricType, entityId, userId, metricValue, createdAt; from any thread once
        there are too many to be kept.
        """
        if self._large:
            self._server.insert(events)
            return
        rows = rows_of(events, self._scope.metrics, coarse=self.coarse)
        below = pl.col("createdAt") < self._scope.cutoff
        sides = self._sides
        self._sides = replace(
            sides,
            before=pl.concat([sides.before, rows.filter(below)]),
            after=pl.concat([sides.after, rows.filter(~below)]),
        )
        if self._sides.before.height + self._sides.after.height > self._most:
            self._hand_over()

    def occupied(self) -> bool:
        """Whether the target holds anything in the scope: who asks has more than is kept here."""
        self._hand_over()
        return self._server.occupied()

    def fingerprints(self, prints: Prints) -> pl.DataFrame:
        """What the target holds of the scope, by bucket."""
        return self._server.fingerprints(prints)

    def restrict(self, buckets: pl.DataFrame) -> None:
        """Look at these buckets only."""
        self._server.restrict(buckets)

    def recall(self, attempt: str, judging: Judging) -> bool:
        """Take up what ``attempt`` kept and look at those keys only; False if it was cleaned up."""
        kept = KEPT.get(attempt)
        if kept is None:
            self._large = True
            return self._server.recall(attempt, judging)
        if not self._server.is_kept(attempt):
            return False
        self._rule = Rule(self._scope.metrics, judging)
        rows = self._read(self._most)
        if rows is None:
            self._server.put_kept(attempt, kept.as_table(self._rule))
            self._large = True
            return self._server.recall(attempt, judging)
        self._only, self._sides = kept.taken_up(rows, self._rule, self._scope.cutoff)
        return True

    def staged(self) -> dict[str, Summary]:
        """What is wanted below the cutoff, as far as it is known."""
        if self._large:
            return self._server.staged()
        return difference.summaries(self._sides.before, self._scope.metrics)

    def beside(self) -> dict[str, Summary]:
        """What was inserted from the cutoff on."""
        if self._large:
            return self._server.beside()
        return difference.summaries(self._sides.after, self._scope.metrics)

    def present(self) -> dict[str, Summary]:
        """What the target holds in the scope; it is read anew."""
        if self._large:
            return self._server.present()
        most = self._most if not self._wrote else _GROWTH * self._most
        rows = self._read(most)
        if rows is None:
            if not self._wrote and self._only is None:
                self._hand_over()
                return self._server.present()
            raise ProofError(
                f"{self._scope.label}: the range holds more than {most} rows by now, many more"
                " than a moment ago; something else is writing to it"
            )
        below = pl.col("createdAt") < self._scope.cutoff
        if self._only is not None:
            rows = of_keys(rows, self._only, self._rule)
        self._sides = replace(self._sides, held=rows.filter(below), live=rows.filter(~below))
        return difference.summaries(self._sides.held, self._scope.metrics)

    def sees_live(self, judging: Judging) -> LiveSeen:
        """Whether the scope holds live events, and whether some are recent."""
        if self._large:
            return self._server.sees_live(judging)
        self._rule = Rule(self._scope.metrics, judging)
        live = self._rule.keyed(self._sides.live)
        live = live.filter(pl.col("createdAt") <= judging.horizon.until)
        return LiveSeen(live.height > 0, recent_of(live, self._rule, self._scope.cutoff).height > 0)

    def judge(self, judging: Judging, fresh: Sequence[str]) -> dict[str, Judged]:
        """Judge the keys of the scope by live events."""
        if self._large:
            return self._server.judge(judging, fresh)
        self._rule = Rule(self._scope.metrics, judging, tuple(fresh))
        self._judged = judge.judge(self._sides, self._rule)
        return judged.figures(self._judged, self._rule)

    def keep(self, judging: Judging) -> None:
        """Keep what a second look needs, here or where there is too much of it in the target."""
        if not self._large:
            self._keep()
        if self._large:
            self._server.keep(judging)

    def _keep(self) -> None:
        earlier = self._judged.select(*KEY, "present")
        recent = recent_of(self._sides.live, self._rule, self._scope.cutoff).select(KEY)
        keys = pl.concat([earlier.select(KEY), recent]).unique()
        sides = [
            of_keys(rows, keys, self._rule) for rows in (self._sides.before, self._sides.after)
        ]
        kept = Kept(keys, earlier, *sides)
        if kept.bytes + sum(one.bytes for one in KEPT.values()) > KEPT_BYTES:
            self._hand_over()
            self._server.judge(self._rule.judging, self._rule.fresh)
            return
        # An empty table says that no other attempt has been here since: it would clean it up.
        self._server.mark_kept()
        self._looked = keys
        self._kept = KEPT[self._server.attempt] = kept

    def adjust(self, judging: Judging) -> None:
        """Put the adjustments beside the source's rows."""
        if self._large:
            self._server.adjust(judging)
            return
        at = last_before(self._scope.cutoff, coarse=self.coarse)
        before = judge.adjusted(self._judged, self._sides, self._rule, at)
        self._sides = replace(self._sides, before=before)

    def drift_hours(self, judging: Judging) -> dict[str, tuple[DriftHour, ...]]:
        """The hours with most live drift, by metric, in their order."""
        if self._large:
            return self._server.drift_hours(judging)
        return judged.drift_hours(self._judged, self._sides, self._rule, DRIFT_HOURS)

    def gone_entities(self) -> dict[str, dict[int, int]]:
        """By metric: entities of which something held is gone untold, and how much of it."""
        if self._large:
            return self._server.gone_entities()
        return judged.gone_entities(self._judged, self._rule, GONE_ENTITIES)

    def difference(self, metrics: Sequence[str]) -> dict[str, tuple[int, int, int]]:
        """Take the difference and count it."""
        if self._large:
            return self._server.difference(metrics)
        chosen = self._rule.among(metrics)
        wanted, present = (rows.filter(chosen) for rows in (self._sides.before, self._sides.held))
        self._differs = difference.difference(wanted, present, self.mode)
        return difference.counted(self._differs, self._scope.metrics)

    def examine(self, metric: str, most: int) -> Examined:
        """The rows of entities that differ: all that are kept here, which are few."""
        if self._large:
            return self._server.examine(metric, most)
        return judged.examined(metric, self._judged, self._sides, self._rule)

    def looked(self, fresh: Sequence[str]) -> dict[str, tuple[int, int, int]]:
        """The part of the difference that lies in the keys of the second look."""
        if self._large:
            return self._server.looked(fresh)
        found: dict[str, tuple[int, int, int]] = {}
        if not self._differs.is_empty():
            again = of_keys(self._differs, self._looked, self._rule)
            found = difference.counted(again, self._scope.metrics)
        staged = of_keys(self._sides.before, self._looked, self._rule)
        for metric, summary in difference.summaries(staged, self._scope.metrics).items():
            if metric in fresh and summary.events:
                found[metric] = (summary.events, 0, 0)
        return found

    def publish(self, metrics: Sequence[str], *, alone: bool) -> None:
        """Put what is wanted of metrics the scope has none of into the target.

        By way of the staging table: a client that was stalled and wakes up finds it gone.
        """
        if self._large:
            self._server.publish(metrics, alone=alone)
            return
        self._wrote = True
        rows = self._sides.before.filter(self._rule.among(metrics))
        self._server.restage(self._as_events(rows), occupied=self._sides.held.height > 0)
        self._server.publish(metrics, alone=True)

    def apply_difference(self, metrics: Sequence[str]) -> None:
        """Write what the last difference() found, by way of its table."""
        if self._large:
            self._server.apply_difference(metrics)
            return
        self._wrote = True
        self._server.put_difference(named(self._differs, self._scope.metrics))
        self._server.apply_difference(metrics)

    def _hand_over(self) -> None:
        """Leave everything to the server from now on, with what was kept here so far."""
        self._large = True
        sides, self._sides = self._sides, Sides(NO_ROWS, NO_ROWS, NO_ROWS, NO_ROWS)
        rows = pl.concat([sides.before, sides.after])
        if rows.height:
            self._server.insert(self._as_events(rows))

    def _read(self, most: int) -> pl.DataFrame | None:
        """The rows of the target in the scope; None if there are more than ``most``."""
        rows = self._server.rows(most + 1)
        return None if rows.height > most else rows_of(rows, self._scope.metrics, coarse=False)

    def _as_events(self, rows: pl.DataFrame) -> pl.DataFrame:
        return events_of(rows, self._scope.metrics)
