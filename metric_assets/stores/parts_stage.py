"""The stage of neighbouring ranges that hold little and are loaded together.

Belongs here: what differs from the stage of one range. Does not belong here: which ranges are
loaded together (load/together).
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from metric_assets.errors import ApartError
from metric_assets.live import Judged, Judging
from metric_assets.ranges import IdRange
from metric_assets.stores.examining import ExaminingStage
from metric_assets.stores.kept import Kept, recent_of
from metric_assets.stores.memory_stage import MemoryStage


class PartsStage(MemoryStage):
    """Conforms to Stage, for a scope with parts; all of it is compared in this process.

    Whatever has no room here raises ApartError before anything is written.
    """

    def __init__(self, server: ExaminingStage, most: int) -> None:
        super().__init__(server, most)
        #: Parts of which something is kept for a second look, each with the attempt that has it.
        self.kept: dict[IdRange, str] = {}
        self._held: list[Kept] = []
        self._figures: dict[str, Judged] = {}

    def judge(self, judging: Judging, fresh: Sequence[str]) -> dict[str, Judged]:
        """Judge the keys of all parts by live events."""
        self._figures = super().judge(judging, fresh)
        return dict(self._figures)

    def keep(self, judging: Judging) -> None:
        """Keep what a second look needs of each part that needs one: late live events may change
        something of it, or it shows recent ones.
        """
        kept = Kept.of(self._judged, self._sides, self._rule, self.scope.cutoff)
        recent = set(recent_of(self._sides.live, self._rule, self.scope.cutoff)["metric"])
        many = len(self.scope.metrics)
        for number, part in enumerate(self.scope.parts):
            first = number * many
            names = self.scope.names[first : first + many]
            changes = any(self._figures[name].changes for name in names if name in judging.metrics)
            if changes or not recent.isdisjoint(range(first + 1, first + many + 1)):
                self._keep(part, kept.of_places(first, many))

    def _keep(self, part: IdRange, kept: Kept) -> None:
        attempt = uuid.uuid4().hex[:16]
        if not kept.keep(attempt):
            self._leave_to_server()
        self._held.append(kept)
        self._server.tables.of_part(part, attempt).run("look_table")
        self.kept[part] = attempt

    def _leave_to_server(self) -> None:
        raise ApartError(f"{self.scope.label}: more rows than are compared together")
