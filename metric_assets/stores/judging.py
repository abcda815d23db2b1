"""A stage that judges by live events: what must be held below the cutoff, now and at a second look.

Belongs here: which statement does which step of the judgement, and how its answers are read. Does
not belong here: the rule (sql/clickhouse/judge.sql), or when a step is taken (attempt).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl

from metric_assets.live import DriftHour, Judged, Judging, LiveFigures
from metric_assets.rows import last_before
from metric_assets.stores.ports import Bind
from metric_assets.stores.stage import ClickHouseStage
from metric_assets.stores.stage_port import LiveSeen

#: Hours of live drift told of a metric and range, those with most of it.
DRIFT_HOURS = 48
#: Entities looked up to see whether they are gone.
GONE_ENTITIES = 10_000
#: Rows above which keys are sifted before they are judged.
MANY = 200_000


class JudgingStage(ClickHouseStage):
    """One attempt's private tables, with a judgement of keys by live events."""

    #: Whether this is a second look.
    _recalled = False

    def recall(self, attempt: str, judging: Judging) -> bool:
        """Fill the stage from what ``attempt`` kept, and restrict it to those keys.

        False if that was cleaned up. Keys that show a recent live event only now are added.
        """
        if not self.is_kept(attempt):
            return False
        self.tables.names["look"] = self._look_of(attempt)
        self.tables.restrict("only_keys")
        self.tables.run("late_keys", **self._judging(judging))
        self.tables.run("late_rows", late=self.tables.clause("only_late"), **self._judging(judging))
        self.create()
        self._beside()
        self.tables.run("look_stage")
        self.tables.run("look_after")
        self._recalled = True
        return True

    def _look_of(self, attempt: str) -> str:
        return f"{self.tables.names['target']}__look_{attempt}"

    def is_kept(self, attempt: str) -> bool:
        """Whether what an attempt keeps is still there."""
        return not self.tables.frame("existing", tables=[self._look_of(attempt)]).is_empty()

    def mark_kept(self) -> None:
        """Say that something is kept elsewhere: a table that stays empty, and that whoever cleans
        up drops.
        """
        self.tables.run("look_table")

    def put_kept(self, attempt: str, rows: pl.DataFrame) -> None:
        """Put what is kept elsewhere into the table that says so, in its columns."""
        self.tables.store.insert(self._look_of(attempt), self._typed(rows), self.tables.owner)

    def sees_live(self, judging: Judging) -> LiveSeen:
        """Whether the scope holds live events, and whether some are recent."""
        found = self.tables.frame("live_in_scope", **self._judging(judging))
        if found.is_empty():
            return LiveSeen()
        return LiveSeen(some=True, recent=bool(found["recent"][0]))

    def judge(self, judging: Judging, fresh: Sequence[str]) -> dict[str, Judged]:
        """Judge the keys of the scope by live events; ``fresh`` metrics hold nothing below the
        cutoff.
        """
        self.create()
        self._beside()
        self.tables.make("judged", "judged_table")
        if self._recalled:
            self.tables.run("look_judged")
        asked = self._judging(judging, fresh)
        keyed = str(asked["by_entity"])
        # Throwing keys into buckets first reads everything twice: worth it where there are many.
        many = self._rows() > MANY
        candidates = ("candidates_of_buckets", {"by_entity": keyed}) if many else ("only_all", {})
        self.tables.run(
            "judge", candidates=self.tables.clause(candidates[0], **candidates[1]), **asked
        )
        rows = self.tables.frame("judged_summary").rows(named=True)
        found = {row["metricType"]: _judged(row) for row in rows}
        return {metric: found.get(metric, Judged(LiveFigures())) for metric in judging.metrics}

    def _rows(self) -> int:
        """About how many rows there are to judge: those that were staged."""
        if not self._recalled:
            return self._inserted
        sides = (self.staged(), self.beside())
        return sum(summary.events for side in sides for summary in side.values())

    def keep(self, judging: Judging) -> None:
        """Keep the keys that a second look will judge, and the source's rows of them."""
        self.tables.make("look", "look_table")
        # It outlives the stage: whoever takes the second look, or cleans up, drops it.
        del self.tables.made[self.tables.names["look"]]
        self.tables.run("look_keys", **self._judging(judging))
        self.tables.run("look_rows", only=self.tables.clause("only_keys"))

    def adjust(self, judging: Judging) -> None:
        """Put the adjustments into the staging table; where one cancels a row of the source out,
        neither stays.
        """
        before = last_before(self.scope.cutoff, coarse=self.coarse)
        self.tables.run("adjust", before=before, **self._judging(judging))
        if not self.tables.frame("cancelling", before=before).is_empty():
            self.tables.run("cancel_out", before=before)

    def drift_hours(self, judging: Judging) -> dict[str, tuple[DriftHour, ...]]:
        """The hours with most live drift, by metric, in their order."""
        found: dict[str, tuple[DriftHour, ...]] = {}
        rows = self.tables.frame("drift_hours", hours=DRIFT_HOURS, **self._judging(judging))
        for row in rows.rows(named=True):
            hour = DriftHour(row["hour"], max(row["net"], 0), max(-row["net"], 0))
            found[row["metricType"]] = (*found.get(row["metricType"], ()), hour)
        return found

    def gone_entities(self) -> dict[str, dict[int, int]]:
        """By metric: entities of which something held is gone untold, and how much of it."""
        found: dict[str, dict[int, int]] = {}
        for row in self.tables.frame("gone_entities", limit=GONE_ENTITIES).rows(named=True):
            found.setdefault(row["metricType"], {})[row["entityId"]] = row["gone"]
        return found

    def looked(self, fresh: Sequence[str]) -> dict[str, tuple[int, int, int]]:
        """The part of the difference that lies in the keys of the second look."""
        only = self.tables.clause("only_keys")
        found: dict[str, tuple[int, int, int]] = {}
        if self.tables.has("difference"):
            for row in self.tables.frame("difference_looked", only=only).rows(named=True):
                found[row["metricType"]] = (row["inserted"], row["removed"], row["compensated"])
        for row in self.tables.frame("stage_looked", only=only, metrics=list(fresh)).rows(
            named=True
        ):
            found[row["metricType"]] = (row["events"], 0, 0)
        return found

    def _judging(self, judging: Judging, fresh: Sequence[str] = ()) -> dict[str, Bind]:
        """What statements bind of a judgement; metrics are packed as their numbers from 1 on."""

        def packed(metrics: Sequence[str]) -> list[int]:
            return [place for place, one in enumerate(judging.metrics, 1) if one in metrics]

        return {
            "metrics": list(judging.metrics),
            "sure": judging.horizon.sure,
            "until": judging.horizon.until,
            "recent": judging.horizon.recent,
            "signed": packed(judging.signed),
            "absorbing": packed(judging.absorbing),
            "by_entity": packed(judging.by_entity),
            "whole": [one for one in judging.metrics if one in judging.by_entity],
            "loaded": packed(judging.loaded),
            "fresh": packed(fresh),
        }


def _judged(row: dict[str, Any]) -> Judged:
    figures = {
        name: row[name]
        for name in (
            "withdrawn",
            "overlap",
            "unsettled",
            "unsettled_width",
            "moved",
            "live_missing",
            "live_phantom",
            "gone_untold",
        )
    }
    return Judged(LiveFigures(**figures), row["changes"], row["largest"])
