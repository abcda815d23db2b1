"""``python -m metric_assets_tests.mutants``: every safety check taken out once; exit 1 if one survives.

First all tests that are to fail run on a copy that nobody spoiled: unless they pass there, a failure
would mean nothing.
"""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
from datetime import datetime, timezone
from pathlib import Path

from metric_assets_tests.mutants.mutant import Mutant, PatchError, check, read_all
from metric_assets_tests.mutants.page import Row, row_of, update
from metric_assets_tests.mutants.refresh import refresh
from metric_assets_tests.mutants.trees import TreeError, Trees
from metric_assets_tests.mutants.trial import End, Trial, run

#: The tree that patches are refreshed from.
ROOT = Path(__file__).parents[2]


def main() -> int:
    """Run the round."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--only",
        nargs="+",
        default=[""],
        metavar="NAME",
        help="mutants whose names contain one of these",
    )
    parser.add_argument("--list", action="store_true", help="name the mutants and run nothing")
    parser.add_argument(
        "--refresh", action="store_true", help="write patches anew whose surroundings have changed"
    )
    arguments = parser.parse_args()
    chosen = [m for m in read_all() if any(part in m.name for part in arguments.only)]
    if not chosen:
        parser.error(f"no mutant has any of {arguments.only} in its name")
    if arguments.refresh:
        return _refresh(chosen)
    if arguments.list:
        for mutant in chosen:
            print(f"{mutant.name}\n    {', '.join(mutant.files)}")
            for killer in mutant.killers:
                print(f"    {killer}")
        return 0
    # A shell's background job ignores it and would hand that down to tests that interrupt a load.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        trees = Trees(Path(folder).resolve())
        try:
            rows = _round(trees, chosen)
        except (PatchError, TreeError) as error:
            say(str(error))
            return 1
        finally:
            trees.end()
    return 0 if all(row.killed for row in rows) else 1


def _refresh(chosen: list[Mutant]) -> int:
    """Say which patches were written anew, and which need a person."""
    lost = 0
    for mutant in chosen:
        try:
            if refresh(mutant, ROOT):
                say(f"refreshed {mutant.patch.name}")
        except PatchError as error:  # noqa: PERF203 - each patch is judged by itself.
            lost += 1
            say(str(error))
    return 1 if lost else 0


def _round(trees: Trees, chosen: list[Mutant]) -> list[Row]:
    """Results of the mutants; each is written to the page at once."""
    trees.keep()
    for mutant in chosen:
        check(mutant, trees.kept)
    say(f"as it is: imports {trees.renew()}")
    killers = list(dict.fromkeys(killer for mutant in chosen for killer in mutant.killers))
    sound = run(trees, sorted(killers), max(mutant.limit for mutant in chosen))
    say(f"as it is: {sound.end.value}, {len(killers)} tests, {sound.seconds:.0f} s")
    if sound.end is not End.PASSED:
        say(sound.output[-4000:])
        raise TreeError(f"The results would mean nothing: {sound.by} does not pass as it is.")
    rows = []
    for mutant in chosen:
        trees.renew(mutant)
        trial = run(trees, mutant.killers, mutant.limit)
        row = row_of(mutant, trial, datetime.now(timezone.utc).date())
        tell(row, trial)
        update(row)
        rows.append(row)
    return rows


def tell(row: Row, trial: Trial) -> None:
    """One line a mutant, and all that pytest said where that is not as it should be."""
    say(f"{trial.end.value:>7} {trial.seconds:6.1f} s  {row.name}: {trial.by} ({trial.reason})")
    if not row.killed:
        say(trial.output[-4000:])


def say(text: str) -> None:
    """Tell the one who waits."""
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
