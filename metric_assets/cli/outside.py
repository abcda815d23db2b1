"""Ids made before the cutoff that lie in no partition, as commands tell of them.

Belongs here: asking with the environment's source, and what of the answer is shown. Does not belong
here: which ids these are (coverage).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from metric_assets.catalog.model import Pair
from metric_assets.errors import MetricAssetsError
from metric_assets.settings import Settings

if TYPE_CHECKING:
    from metric_assets.coverage import Coverage


@dataclass(frozen=True)
class Outside:
    """Entities with ids outside of their grids; ``failure`` is why nobody could look at them."""

    found: tuple[Coverage, ...] = ()
    failure: str = ""

    @property
    def sentences(self) -> list[str]:
        """What a person has to know; nothing if all ids lie in partitions."""
        said = [coverage.sentence for coverage in self.found]
        return [*said, self.failure] if self.failure else said

    @property
    def closing(self) -> list[str]:
        """What the last sentence of a command says of it."""
        if self.failure:
            return ["ids outside of ranges could not be looked for"]
        return [f"{one.count:,} ids of {one.entity} lie in no range" for one in self.found]

    def as_dict(self) -> dict[str, object]:
        """Plain values, for JSON."""
        return {
            "beyond_the_grid": self.sentences,
            "outside": [coverage.as_dict() for coverage in self.found],
        }


def look_outside(pairs: Sequence[Pair], settings: Settings) -> Outside:
    """Look at the ids of the pairs' entities; an error is told: the work itself is done."""
    from metric_assets.cli.console import err
    from metric_assets.connect import open_postgres
    from metric_assets.coverage import examine

    entities = list(dict.fromkeys(pair.entity for pair in pairs))
    try:
        with open_postgres(settings) as source, err().status("ids") as status:
            known = examine(settings, source, entities, status.update)
    except MetricAssetsError as error:
        return Outside(failure=f"ids outside of partitions could not be looked for: {error}")
    return Outside(tuple(coverage for coverage in known if not coverage.covered))
