"""A stage that shows rows of what differs, for whoever asks why.

Belongs here: which entities are looked at, and reading their rows. Does not belong here: what they
mean (audit/explain).
"""

from __future__ import annotations

import polars as pl

from metric_assets.examined import COLUMNS, JUDGED, Examined
from metric_assets.stores.judging import JudgingStage


class ExaminingStage(JudgingStage):
    """One attempt's private tables, with a look at the rows of entities that differ."""

    def examine(self, metric: str, most: int) -> Examined:
        """The rows of entities of which a plan differs, or the live events do; at most about
        ``most`` rows.

        Whole entities are taken, in no order of theirs; of a single one that is larger the keys
        that differ.
        """
        self.create()
        self._beside()
        tables = self.tables
        compared, judged = tables.has("difference"), tables.has("judged")

        def clause(fragment: str) -> str:
            names = {} if fragment.startswith("only_") else {"metric": metric}
            return tables.clause(fragment, **names)

        # Where the target holds nothing there is no difference: all of the stage is missing.
        below = "differing_entities" if compared else "only_none" if self.occupied() else "only_all"
        drifting = clause("drifting_entities" if judged else "only_none")
        tables.make("chosen", "chosen_table")
        tables.run("chosen", metric=metric, below=clause(below), drifting=drifting)
        size = tables.frame("chosen_size", most=most).row(0, named=True)
        large = size["rows"] > most
        keys = clause("differing_keys" if large and compared else "only_all")
        rows = tables.frame("chosen_rows", metric=metric, keys=keys, most=most)
        sides = [rows.filter(pl.col("side") == side).select(COLUMNS.names()) for side in range(4)]
        wanted, after, held, live = (one.cast(COLUMNS) for one in sides)
        found = pl.DataFrame(schema=JUDGED)
        if judged:
            found = tables.frame("chosen_judged", metric=metric, most=most).cast(JUDGED)
        complete = size["chosen"] == size["entities"] and not large
        return Examined(wanted, held, after, live, found, size["entities"], complete)
