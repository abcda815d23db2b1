"""Which ranges a pass of the source check takes: the oldest proofs first, within a budget.

Belongs here: the choice, as arithmetic. Does not belong here: where proofs are kept (proofs).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TypeVar

#: Days between two scheduled passes.
PERIOD_DAYS = 1.0
#: The age of what was never verified.
NEVER = -1

_Unit = TypeVar("_Unit")


def budget(ranges: int, audit_days: float) -> int:
    """How many of ``ranges`` one pass takes, so that each is taken once in ``audit_days`` days."""
    if audit_days <= PERIOD_DAYS:
        return ranges
    return math.ceil(ranges * PERIOD_DAYS / audit_days)


def oldest_first(ages: Mapping[_Unit, int], count: int) -> list[_Unit]:
    """The ``count`` units with the oldest proofs, in the order of ``ages``; without one first.

    Units of the same age are taken in their order.
    """
    chosen = set(sorted(ages, key=ages.__getitem__)[:count])
    return [unit for unit in ages if unit in chosen]
