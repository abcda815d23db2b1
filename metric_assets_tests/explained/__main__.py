"""``python -m metric_assets_tests.explained``: inject every cause, print the confusion table.

Exit 1 unless every difference is found, 95 % are named right, and none is named wrong.
"""

from __future__ import annotations

import argparse
import logging
import sys
import time
from datetime import datetime, timezone
from pathlib import Path

from metric_assets.local import stack as local_stack
from metric_assets_tests.explained.injections import INJECTIONS
from metric_assets_tests.explained.page import page, verdict
from metric_assets_tests.explained.trials import MIXED_SEEDS, NAMES, Trial, run
from metric_assets_tests.explained.world import KINDS
from metric_assets_tests.integration.local_fixtures import free_port, own_folder
from metric_assets_tests.integration.platforms import add_template

PAGE = Path(__file__).parents[2] / "docs" / "results" / "explained.md"


def main() -> int:
    """Run the trials."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--only", default="", help="causes whose name has this in it")
    parser.add_argument("--kind", choices=list(KINDS), action="append")
    parser.add_argument("--verbose", action="store_true", help="say what is not named right")
    asked = parser.parse_args()
    logging.disable(logging.CRITICAL)
    began = time.monotonic()
    wanted = [
        (name, seed)
        for name in NAMES
        for seed in range(asked.seeds)
        if asked.only in name and (name in INJECTIONS or seed < MIXED_SEEDS)
    ]
    trials: list[Trial] = []
    with own_folder() as home:
        endpoints = local_stack.up(home, clickhouse_port=free_port())
        try:
            template = add_template(endpoints)
            for kind in asked.kind or KINDS:
                trials += run(kind, wanted, endpoints, template, home)
                sys.stderr.write(f"{kind}: {time.monotonic() - began:.0f} s\n")
        finally:
            local_stack.down(home)
    for trial in trials:
        if trial.word == "wrong" or (asked.verbose and trial.word != "right"):
            sys.stderr.write(
                f"{trial.word}: {trial.kind}, {trial.name}, {trial.seed}: {trial.sentence}\n"
            )
    at = datetime.now(timezone.utc)
    text = page(trials, at, time.monotonic() - began)
    sys.stdout.write(text)
    if not asked.only and not asked.kind and asked.seeds >= 20:
        PAGE.write_text(text, encoding="utf-8")
    return 0 if verdict(trials) else 1


if __name__ == "__main__":
    sys.exit(main())
