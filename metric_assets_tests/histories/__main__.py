"""``python -m metric_assets_tests.histories``: many random histories, and a table of verdicts."""

from __future__ import annotations

import argparse
import sys
from collections import Counter

from metric_assets_tests.histories.kinds import KINDS, make
from metric_assets_tests.histories.model import Loads, Verdict
from metric_assets_tests.histories.world import LOADS


def verdicts(name: str, seed: int) -> list[Verdict]:
    """The verdicts on the loads of one history."""
    loads = Loads(make(name, seed))
    found = []
    for number in range(len(LOADS)):
        found.append(loads.load(number))
        for _ in range(loads.history.undone.get(number, 0)):
            loads.undo()
    return found


def main() -> int:
    """Run them; 1 if a counter is wrong untold, or a right one was moved."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=5_000 * len(KINDS))
    parser.add_argument("--kind", action="append", choices=list(KINDS))
    asked = parser.parse_args()
    kinds = asked.kind or list(KINDS)
    bad: list[str] = []
    total: Counter[Verdict] = Counter()
    for name in kinds:
        found: Counter[Verdict] = Counter()
        for seed in range(asked.count // len(kinds)):
            said = verdicts(name, seed)
            found.update(said)
            if {Verdict.WRONG, Verdict.MOVED} & set(said) and len(bad) < 20:
                bad.append(f"{name} {seed}: {[one.value for one in said]}")
        total += found
        counts = ", ".join(f"{one.value} {found[one]:,}" for one in Verdict if found[one])
        sys.stdout.write(f"{name}: {counts}\n")
    sys.stdout.write("".join(f"  {line}\n" for line in bad))
    return 1 if total[Verdict.WRONG] + total[Verdict.MOVED] else 0


if __name__ == "__main__":
    sys.exit(main())
