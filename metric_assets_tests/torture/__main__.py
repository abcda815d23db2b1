"""``python -m metric_assets_tests.torture``: the rounds, one table by fault, exit 1 for any damage."""

from __future__ import annotations

import argparse
import json
import logging
import sys
import tempfile
import time
from pathlib import Path

from metric_assets_tests.torture.rounds import Torture, Verdict
from metric_assets_tests.torture.world import World

ROWS = 9_000


def main() -> int:
    """Run the rounds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1, help="order of faults, times, drifts")
    parser.add_argument("--home", type=Path, help="folder of the stack; temporary unless given")
    parser.add_argument("--port", type=int, default=18499, help="of the stack's ClickHouse")
    parser.add_argument("--json", action="store_true", help="every round as one JSON document")
    arguments = parser.parse_args()
    # The driver logs every connection that a kill breaks.
    logging.disable(logging.CRITICAL)
    if arguments.home:
        return _run(arguments, arguments.home)
    with tempfile.TemporaryDirectory(prefix="metric-assets-") as folder:
        return _run(arguments, Path(folder).resolve())


def _run(arguments: argparse.Namespace, home: Path) -> int:
    began = time.monotonic()
    world = World(home, arguments.port, ROWS)
    verdicts: list[Verdict] = []
    try:
        with Torture(world, arguments.seed) as torture:
            for verdict in torture.run(arguments.rounds):
                verdicts.append(verdict)
                _tell(len(verdicts), verdict)
    finally:
        world.down()
    seconds = time.monotonic() - began
    if arguments.json:
        print(json.dumps({"seconds": seconds, "rounds": [v.as_dict() for v in verdicts]}, indent=1))
    else:
        print(table(verdicts))
        print(f"{len(verdicts)} rounds in {seconds:.0f} s, seed {arguments.seed}")
    return 0 if all(verdict.clean for verdict in verdicts) else 1


def _tell(number: int, verdict: Verdict) -> None:
    state = "ok" if verdict.clean else f"DAMAGED {verdict.as_dict()}"
    print(
        f"{number:4d} {verdict.seconds:5.1f} s  {verdict.fault}"
        f" ({verdict.case}, {verdict.table}, {verdict.drift}): {state}",
        file=sys.stderr,
        flush=True,
    )


def table(verdicts: list[Verdict]) -> str:
    """Rounds by fault, as Markdown; ``struck`` are rounds in which the fault took place."""
    lines = [
        "| fault | rounds | struck | lost | doubled | live events hit | debris | hung |",
        "|---|--:|--:|--:|--:|--:|--:|--:|",
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
            sum(len(v.damage.debris) for v in those),
            sum(v.hung for v in those),
        )
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
