"""Which entities made before the cutoff lie in no partition, and the grid that would hold them.

Every id is looked at, wherever it lies: those below 0, and those from the end of the grid's cells
without gaps up to the last one there is. What that costs is therefore what lies above the grid.
After `ranges --sync` these are the rows made since the cutoff: each is read once, in windows of
WINDOW_IDS ids (entity_ids), each a range scan of the primary key with a snapshot of its own. Two
million rows take about a second from memory, so 35 million images a quarter of a minute, or as long
as the disk needs for their pages. Stretches without rows cost one look-up, however long.

Belongs here: what a grid holds of the ids there are, and what it would have to hold. Does not
belong here: asking for ids (entity_ids), the arithmetic of a grid (ranges), or what is shown.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone

from metric_assets.audit.entity_ids import Window, dense_end, highest_id, windows
from metric_assets.catalog.model import Entity
from metric_assets.ranges import ID_FLOOR, ID_LIMIT, Grid
from metric_assets.settings import MAX_PARTITIONS, RANGES, Settings
from metric_assets.stores.ports import Rows

#: Empty cells up to which the next cell that holds something is joined to the cells without gaps.
NEAR_CELLS = 32
#: Ids named as examples.
SAMPLES = 3

#: Told what is being looked at.
Report = Callable[[str], None]


@dataclass(frozen=True)
class Coverage:
    """An entity's grid against all of its ids that were made before the cutoff.

    ``lowest`` and ``highest`` are the ends of those ids (``lowest`` only where it lies below 0),
    ``count`` how many lie outside the grid, ``outside`` the lowest and highest of these, ``cells``
    the first ids of the cells they need (at most one more than a grid may have), ``samples`` some
    of them.
    """

    entity: str
    grid: Grid
    lowest: int | None = None
    highest: int | None = None
    count: int = 0
    outside: tuple[int, int] | None = None
    cells: tuple[int, ...] = ()
    samples: tuple[int, ...] = ()

    @property
    def covered(self) -> bool:
        """Whether every id made before the cutoff lies in a partition."""
        return self.count == 0

    @property
    def summary(self) -> str:
        """How many ids lie outside, and which; empty if none does."""
        if self.outside is None:
            return ""
        named = ", ".join(map(str, self.samples))
        if self.count == 1:
            return f"1 id made before the cutoff lies in no partition: {named}"
        ids = f"{self.count:,} ids made before the cutoff lie in no partition"
        if self.count <= len(self.samples):
            return f"{ids}: {named}"
        return f"{ids}, from {self.outside[0]} to {self.outside[1]} ({named}, …)"

    @property
    def sentence(self) -> str:
        """What lies outside, what the grid holds, and what to do; empty if nothing does."""
        if self.outside is None:
            return ""
        extra = len(self.grid.extra)
        apart = f" and {extra:,} cells apart" if extra else ""
        held = f"The grid holds 0 to {self.grid.end - 1}{apart}"
        return f"{self.entity}: {self.summary}. {held}; {self.advice}"

    @property
    def advice(self) -> str:
        """What brings the ids outside into partitions."""
        if self.outside is None:
            return ""
        made = synced(self)
        if made is None:
            return (
                f"it would take more than {MAX_PARTITIONS:,} partitions of {self.grid.size:,} ids"
                f" to hold all: choose a larger size ({RANGES} or ranges.json; wipe the assets'"
                " history first if there is one), or give these entities other ids at the source"
            )
        steps = []
        if (made.end, made.extra) != (self.grid.end, self.grid.extra):
            steps.append(
                f"run `metric-assets ranges {self.entity} --sync`, then"
                f" `metric-assets backfill {self.entity}`"
            )
        if any(not ID_FLOOR <= id < ID_LIMIT for id in self.outside):
            steps.append(
                f"ranges hold ids from {ID_FLOOR} to {ID_LIMIT - 1}: the entity beyond cannot be"
                " loaded under its id, give it another at the source"
            )
        return "; ".join(steps)

    def as_dict(self) -> dict[str, object]:
        """Plain values, for JSON."""
        low, high = self.outside or (None, None)
        return {
            "entity": self.entity,
            "ids": self.count,
            "lowest": low,
            "highest": high,
            "samples": list(self.samples),
            "sentence": self.sentence,
        }


@dataclass
class Account:
    """What has been seen so far of the ids that a grid may not hold."""

    entity: str
    grid: Grid
    count: int = 0
    ends: list[int] = field(default_factory=list)
    outside: list[int] = field(default_factory=list)
    samples: list[int] = field(default_factory=list)
    cells: set[int] = field(default_factory=set)

    def add(self, window: Window) -> None:
        """Take in the cells of a window that hold ids made before the cutoff."""
        for number, count, lowest, highest in window.cells:
            self.ends = _ends(self.ends, lowest, highest)
            beyond = [id for id in (lowest, highest) if not self.grid.covers(id)]
            if not beyond:
                continue
            # A cell is held as a whole, but for the one number at each end of 64 bits.
            self.count += count if len(beyond) == 2 else 1
            self.outside = _ends(self.outside, beyond[0], beyond[-1])
            self.samples = sorted({*self.samples, *beyond})[:SAMPLES]
            if len(self.cells) <= MAX_PARTITIONS:
                self.cells.add(number * self.grid.size)

    def coverage(self, highest: int | None = None) -> Coverage:
        """The result; ``highest`` is the highest id known from elsewhere."""
        ends = self.ends if highest is None else _ends(self.ends, highest, highest)
        return Coverage(
            self.entity,
            self.grid,
            lowest=ends[0] if ends and ends[0] < 0 else None,
            highest=ends[1] if ends else None,
            count=self.count,
            outside=(self.outside[0], self.outside[1]) if self.outside else None,
            cells=tuple(sorted(self.cells)),
            samples=tuple(self.samples),
        )


def examine(  # noqa: PLR0913 - what is asked, and of whom
    settings: Settings,
    source: Rows,
    entities: Sequence[str],
    report: Report = lambda _: None,
    *,
    sync: bool = False,
    newest: bool = False,
) -> list[Coverage]:
    """Each entity's grid against its ids; with ``sync`` the grid that would hold all of them.

    With ``newest`` entities made at or after the cutoff count as well: rows dated before it can
    belong to them, a comment that was moved, say. Raises SettingsError where no cutoff is set.
    """
    look = survey_synced if sync else survey
    now = datetime.now(timezone.utc)
    cutoffs = {entity: now if newest else settings.cutoff_of(entity) for entity in entities}
    return [
        look(settings.catalog.entity[entity], settings.grid_of(entity), cutoff, source, report)
        for entity, cutoff in cutoffs.items()
    ]


def survey(
    entity: Entity, grid: Grid, cutoff: datetime, source: Rows, report: Report = lambda _: None
) -> Coverage:
    """Look at every id that ``grid`` may not hold; the module says what that costs."""
    seen = _walk(entity, grid, cutoff, source, report)
    return seen.coverage(highest_id(entity, cutoff, source))


def survey_synced(
    entity: Entity, grid: Grid, cutoff: datetime, source: Rows, report: Report = lambda _: None
) -> Coverage:
    """The grid that holds every id, of unchanged size, and what remains outside of it.

    It walks from the place where ids pass the cutoff on, also what the present grid holds of it.
    A grid that would have too many partitions is not made: the present one is kept, and told.
    """
    dense = dense_end(entity, cutoff, source, NEAR_CELLS * grid.size)
    trimmed = Grid(grid.size, max(dense, 1), grid.extra)
    found = _walk(entity, trimmed, cutoff, source, report).coverage(
        highest_id(entity, cutoff, source)
    )
    made = synced(found)
    if made is None:
        # What lies between may be empty: not so many, perhaps, from the present grid on.
        found = survey(entity, grid, cutoff, source, report)
        made = synced(found)
    if made is None:
        return found
    beyond = tuple(sorted({id for id in found.outside or () if not made.covers(id)}))
    left = (beyond[0], beyond[-1]) if beyond else None
    return replace(found, grid=made, count=len(beyond), outside=left, cells=(), samples=beyond)


def synced(found: Coverage) -> Grid | None:
    """The grid with every cell that is needed; None if it would have too many partitions.

    Cells a little above the end extend the cells without gaps, all others become ``extra``; those
    that the grid has are kept, because something may have been loaded into them.
    """
    grid = found.grid
    end = grid.end
    extra = list(grid.extra)
    for first in found.cells:
        if end <= first <= end + NEAR_CELLS * grid.size:
            end = grid.cell(first).stop
        elif ID_FLOOR - grid.size < first < ID_LIMIT:
            extra.append(first)
    if len(found.cells) > MAX_PARTITIONS:
        return None
    made = Grid(grid.size, end, tuple(extra))
    return made if len(made) <= MAX_PARTITIONS else None


def _walk(entity: Entity, grid: Grid, cutoff: datetime, source: Rows, report: Report) -> Account:
    account = Account(entity.name, grid)
    report(f"{entity.name}: ids that its grid may not hold")
    for window in windows(entity, grid, cutoff, source):
        account.add(window)
        report(f"{entity.name}: looked at ids up to {window.last:,}")
    return account


def _ends(known: list[int], lowest: int, highest: int) -> list[int]:
    return [min([lowest, *known]), max([highest, *known])]
