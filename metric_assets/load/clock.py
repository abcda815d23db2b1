"""How long each phase of an attempt takes."""

from __future__ import annotations

import time
from typing import Any


class Clock:
    """Seconds that each phase took, summed over rounds."""

    def __init__(self) -> None:
        self._last = time.monotonic()
        self.phases: dict[str, float] = {}

    def ends(self, phase: str) -> None:
        """What went by since the last end was ``phase``."""
        now = time.monotonic()
        self.phases[phase] = self.phases.get(phase, 0.0) + now - self._last
        self._last = now

    def facts(self, ranges: int = 1) -> dict[str, Any]:
        """What a load result says of the time: its share, of ranges that were loaded together."""
        phases = {name: seconds / ranges for name, seconds in self.phases.items()}
        return {
            "seconds": round(sum(phases.values()), 3),
            "phases": {name: round(seconds, 3) for name, seconds in phases.items()},
        }
