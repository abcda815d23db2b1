"""``python -m metric_assets_tests.mutants``: every guard taken out once; exit 1 if none notices.

First all tests that are to fail run on a copy that nobody spoiled: unless they pass there, a failure
would mean nothing.
"""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
from pathlib import Path

from metric_assets_tests.mutants.cases import MUTANTS, Mutant
from metric_assets_tests.mutants.trees import TreeError, Trees, changed
from metric_assets_tests.mutants.trial import End, Trial, run

Row = tuple[Mutant, Trial]


def main() -> int:
    """Run the round."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="mutants whose name has this in it")
    parser.add_argument("--list", action="store_true", help="name the mutants and run nothing")
    arguments = parser.parse_args()
    chosen = [mutant for mutant in MUTANTS if arguments.only in mutant.name]
    if not chosen:
        parser.error(f"no mutant has {arguments.only!r} in its name")
    if arguments.list:
        for mutant in chosen:
            print(f"{mutant.name}\n    {', '.join(sorted({e.file for e in mutant.edits}))}")
            for killer in mutant.killers:
                print(f"    {killer}")
        return 0
    # A shell's background job ignores it and would hand that down to tests that interrupt a load.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        trees = Trees(Path(folder).resolve())
        try:
            return _round(trees, chosen)
        except TreeError as error:
            say(str(error))
            return 1
        finally:
            trees.end()


def _round(trees: Trees, chosen: list[Mutant]) -> int:
    trees.keep()
    for mutant in chosen:
        for edit in mutant.edits:
            changed(trees.kept, edit)
    say(f"as it is: imports {trees.renew()}")
    killers = list(dict.fromkeys(killer for mutant in chosen for killer in mutant.killers))
    sound = run(trees, sorted(killers), max(mutant.limit for mutant in chosen))
    say(f"as it is: {sound.end.value}, {len(killers)} tests, {sound.seconds:.0f} s")
    if sound.end is not End.PASSED:
        say(f"{sound.output[-4000:]}\nThe round means nothing: {sound.by} does not pass as it is.")
        return 1
    rows: list[Row] = []
    for mutant in chosen:
        trees.renew(mutant.edits)
        rows.append((mutant, run(trees, mutant.killers, mutant.limit)))
        tell(*rows[-1])
    print(table(rows))
    return 0 if all(killed(trial) for _, trial in rows) else 1


def killed(trial: Trial) -> bool:
    """Whether a test noticed."""
    return trial.end in (End.FAILED, End.HUNG)


def tell(mutant: Mutant, trial: Trial) -> None:
    """One line a mutant, and all that pytest said where that is not as it should be."""
    say(f"{trial.end.value:>7} {trial.seconds:6.1f} s  {mutant.name}: {trial.by} ({trial.reason})")
    if not killed(trial):
        say(trial.output[-4000:])


def table(rows: list[Row]) -> str:
    """The round as a table of docs/reliability.md."""
    lines = ["| mutant | killed by | seconds |", "|---|---|--:|"]
    for mutant, trial in rows:
        file, _, test = trial.by.partition("::")
        by = {
            End.FAILED: f"`{Path(file).stem}::{test}`",
            End.HUNG: f"`{Path(file).stem}::{test}`, by hanging",
            End.PASSED: "**nobody: it survived**",
            End.ERROR: "**not known: the tests could not be run**",
        }[trial.end]
        lines.append(f"| {mutant.name} | {by} | {trial.seconds:.0f} |")
    return "\n".join(lines)


def say(text: str) -> None:
    """Tell the one who waits."""
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
