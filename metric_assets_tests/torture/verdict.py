"""What came of a round, and of all.

Belongs here: the account. Does not belong here: finding out.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from metric_assets_tests.torture.damage import Damage


@dataclass
class Verdict:
    """What came of a round; ``killed`` if a process at work was really ended by SIGKILL."""

    fault: str
    case: str
    table: str
    drift: str
    struck: bool = False
    killed: bool = False
    tries: int = 1
    seconds: float = 0.0
    hung: bool = False
    said: list[dict[str, Any]] = field(default_factory=list)
    damage: Damage = field(default_factory=Damage)

    @property
    def clean(self) -> bool:
        """Whether the promise held."""
        return self.damage.clean and not self.hung

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return asdict(self) | {"clean": self.clean}


def table(verdicts: list[Verdict]) -> str:
    """Rounds by fault, as Markdown; ``struck`` are rounds in which the fault took place."""
    lines = [
        "| fault | rounds | struck | lost | doubled | live events hit | counters wrong | leftovers"
        " | hung |",
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    names = {verdict.fault: None for verdict in verdicts}
    for name in [*sorted(names), "**all**"]:
        those = [v for v in verdicts if name in {v.fault, "**all**"}]
        cells = (
            name,
            len(those),
            sum(v.struck for v in those),
            sum(v.damage.lost for v in those),
            sum(v.damage.doubled for v in those),
            sum(v.damage.live for v in those),
            sum(v.damage.counters for v in those),
            sum(len(v.damage.leftovers) for v in those),
            sum(v.hung for v in those),
        )
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    return "\n".join(lines)
