"""The stage of a range that holds little: its rows are compared in this process.

Where both sides hold few rows, one statement in place of twenty reads what is held, and only what
has to be written, or a range that turns out to hold more, goes through the private tables.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from metric_assets import difference, judge, judged
from metric_assets.changes import Known
from metric_assets.errors import VerificationError
from metric_assets.examined import Examined
from metric_assets.fingerprint import Prints
from metric_assets.judge import Rule, Sides
from metric_assets.live import EPOCH, DriftHour, Horizon, Judged, Judging
from metric_assets.plan import Summary
from metric_assets.rows import NO_ROWS, events_of, last_before, named, rows_of
from metric_assets.stores.examining import ExaminingStage
from metric_assets.stores.judging import DRIFT_HOURS, GONE_ENTITIES
from metric_assets.stores.kept import KEPT, Kept, looked_of, of_keys, recent_of
from metric_assets.stores.stage_port import LiveSeen

#: A range that was read before may have grown to so many times what is compared here.
_GROWTH = 4
_NEVER = Horizon(EPOCH, EPOCH, EPOCH, EPOCH)
_NOTHING = Sides(NO_ROWS, NO_ROWS, NO_ROWS, NO_ROWS)


class MemoryStage:
    """Conforms to Stage. ``server`` does what is not done here: more than ``most`` rows a side."""

    def __init__(self, server: ExaminingStage, most: int, seen: pl.DataFrame | None = None) -> None:
        self._server = server
        #: How many rows are compared here at most.
        self.memory_rows = most
        self.bounds, self.mode, self.coarse = server.bounds, server.mode, server.coarse
        #: What this attempt keeps; others find it as long as somebody has the stage.
        self._kept: Kept | None = None
        self.scope = server.scope
        #: What the target was just seen to hold, which is not read again at once.
        self._seen = None if seen is None else self._rows(seen)
        #: Whether everything is left to the server.
        self._large = False
        self._sides = _NOTHING
        self._rule = Rule(self.scope.names, Judging((), _NEVER))
        #: Keys that a second look is restricted to; those "looked" will be looked at again.
        self._only: pl.DataFrame | None = None
        self._judged = self._differs = self._looked = pl.DataFrame()
        #: Whether the target has been written to.
        self._wrote = False

    def cancel(self) -> None:
        """End in the server what this attempt runs there, from any thread; never raises."""
        self._server.cancel()

    def close(self) -> None:
        """Let go of what is not kept."""
        self._sides = _NOTHING
        self._judged = self._differs = self._looked = pl.DataFrame()

    def insert(self, events: pl.DataFrame) -> None:
        """Keep events of metricType, entityId, userId, metricValue, createdAt; from any thread once
        there are too many to be kept.
        """
        if self._large:
            self._server.insert(events)
            return
        rows = rows_of(events, self.scope.names, coarse=self.coarse)
        below = pl.col("createdAt") < self.scope.cutoff
        before = pl.concat([self._sides.before, rows.filter(below)])
        after = pl.concat([self._sides.after, rows.filter(~below)])
        self._sides = replace(self._sides, before=before, after=after)
        if before.height + after.height > self.memory_rows:
            self._leave_to_server()

    def occupied(self) -> bool:
        """Whether the target holds anything in the scope: who asks has more than is kept here."""
        self._leave_to_server()
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
        self._rule = Rule(self.scope.names, judging)
        rows = self._read(self.memory_rows)
        self._seen = rows
        if rows is None:
            self._server.put_kept(attempt, kept.as_table(self._rule))
            self._large = True
            return self._server.recall(attempt, judging)
        self._only, self._sides = kept.taken_up(rows, self._rule, self.scope.cutoff)
        return True

    def staged(self) -> dict[str, Summary]:
        """What is wanted below the cutoff, as far as it is known."""
        return self._server.staged() if self._large else self._summed(self._sides.before)

    def beside(self) -> dict[str, Summary]:
        """What was inserted from the cutoff on."""
        return self._server.beside() if self._large else self._summed(self._sides.after)

    def present(self) -> dict[str, Summary]:
        """What the target holds in the scope; it is read anew unless it was just seen."""
        if self._large:
            return self._server.present()
        most = self.memory_rows if not self._wrote else _GROWTH * self.memory_rows
        rows = self._read(most)
        if rows is None:
            if not self._wrote and self._only is None:
                self._leave_to_server()
                return self._server.present()
            raise VerificationError(
                f"{self.scope.label}: the range holds more than {most} rows by now, many more"
                " than a moment ago; something else is writing to it"
            )
        below = pl.col("createdAt") < self.scope.cutoff
        if self._only is not None:
            rows = of_keys(rows, self._only, self._rule)
        self._sides = replace(self._sides, held=rows.filter(below), live=rows.filter(~below))
        return self._summed(self._sides.held)

    def sees_live(self, judging: Judging) -> LiveSeen:
        """Whether the scope holds live events, and whether some are recent."""
        if self._large:
            return self._server.sees_live(judging)
        self._rule = Rule(self.scope.names, judging)
        seen = self._sides.live.filter(pl.col("createdAt") <= judging.horizon.until)
        live = self._rule.keyed(seen)
        return LiveSeen(live.height > 0, recent_of(live, self._rule, self.scope.cutoff).height > 0)

    def judge(self, judging: Judging, fresh: Sequence[str]) -> dict[str, Judged]:
        """Judge the keys of the scope by live events."""
        if self._large:
            return self._server.judge(judging, fresh)
        self._rule = Rule(self.scope.names, judging, tuple(fresh))
        self._judged = judge.judge(self._sides, self._rule)
        return judged.figures(self._judged, self._rule)

    def keep(self, judging: Judging) -> None:
        """Keep what a second look needs, here or where there is too much of it in the target."""
        if not self._large:
            kept = Kept.of(self._judged, self._sides, self._rule, self.scope.cutoff)
            if kept.keep(self._server.attempt):
                # An empty table says that no other attempt has been here since: it would clean up.
                self._server.mark_kept()
                self._looked, self._kept = kept.keys, kept
                return
            self._leave_to_server()
            self._server.judge(self._rule.judging, self._rule.fresh)
        self._server.keep(judging)

    def adjust(self, judging: Judging) -> None:
        """Put the adjustments beside the source's rows."""
        if self._large:
            self._server.adjust(judging)
            return
        at = last_before(self.scope.cutoff, coarse=self.coarse)
        before = judge.adjusted(self._judged, self._sides, self._rule, at)
        self._sides = replace(self._sides, before=before)

    def drift_hours(self, judging: Judging) -> dict[str, tuple[DriftHour, ...]]:
        """The hours with most live drift, by metric, in their order."""
        here = (self._judged, self._sides, self._rule, DRIFT_HOURS)
        return self._server.drift_hours(judging) if self._large else judged.drift_hours(*here)

    def gone_entities(self) -> dict[str, dict[int, int]]:
        """By metric: entities of which something held is gone untold, and how much of it."""
        here = (self._judged, self._rule, GONE_ENTITIES)
        return self._server.gone_entities() if self._large else judged.gone_entities(*here)

    def difference(self, metrics: Sequence[str]) -> dict[str, tuple[int, int, int]]:
        """Take the difference and count it."""
        if self._large:
            return self._server.difference(metrics)
        chosen = self._rule.among(metrics)
        wanted, present = (rows.filter(chosen) for rows in (self._sides.before, self._sides.held))
        self._differs = difference.difference(wanted, present, self.mode)
        return difference.counted(self._differs, self.scope.names)

    def examine(self, metric: str, most: int) -> Examined:
        """The rows of entities that differ: all that are kept here, which are few."""
        here = (metric, self._judged, self._sides, self._rule)
        return self._server.examine(metric, most) if self._large else judged.examined(*here)

    def looked(self, fresh: Sequence[str]) -> dict[str, tuple[int, int, int]]:
        """The part of the difference that lies in the keys of the second look."""
        if self._large:
            return self._server.looked(fresh)
        return looked_of(self._differs, self._sides.before, self._looked, self._rule, fresh)

    def publish(self, metrics: Sequence[str], known: Known, *, alone: bool) -> None:
        """Put what is wanted of metrics the scope has none of into the target.

        By way of the staging table: a client that was stalled and wakes up finds it gone.
        """
        if self._large:
            self._server.publish(metrics, known, alone=alone)
            return
        self._wrote = True
        rows = events_of(self._sides.before.filter(self._rule.among(metrics)), self.scope.stored)
        self._server.restage(rows, occupied=self._sides.held.height > 0)
        self._server.publish(metrics, known, alone=True)

    def apply_difference(self, metrics: Sequence[str], known: Known) -> None:
        """Write what the last difference() found, by way of its table."""
        if self._large:
            self._server.apply_difference(metrics, known)
            return
        self._wrote = True
        self._server.put_difference(named(self._differs, self.scope.stored))
        self._server.apply_difference(metrics, known)

    def _summed(self, rows: pl.DataFrame) -> dict[str, Summary]:
        return difference.summaries(rows, self.scope.names)

    def _leave_to_server(self) -> None:
        """Leave everything to the server from now on, with what was kept here so far."""
        self._large = True
        sides, self._sides = self._sides, _NOTHING
        rows = pl.concat([sides.before, sides.after])
        if rows.height:
            self._server.insert(events_of(rows, self.scope.stored))

    def _read(self, most: int) -> pl.DataFrame | None:
        """The rows of the target, anew unless they were just seen; None if there are more."""
        if self._seen is not None:
            seen, self._seen = self._seen, None
            return seen
        rows = self._server.rows(most + 1)
        return None if rows.height > most else self._rows(rows)

    def _rows(self, events: pl.DataFrame) -> pl.DataFrame:
        stops = [part.stop for part in self.scope.parts]
        return rows_of(events, self.scope.metrics, coarse=False, stops=stops)
