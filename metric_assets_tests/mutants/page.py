"""docs/results/mutants.md: which test noticed each mutant.

Belongs here: the table, written and read. Does not belong here: how a mutant is run (trial).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from metric_assets_tests.mutants.mutant import FOLDER, Mutant
from metric_assets_tests.mutants.trial import End, Trial

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "results" / "mutants.md"
_LINK = Path("../..") / FOLDER.relative_to(ROOT)
_ROW = re.compile(r"^\| \[([^\]]+)\]\((?:\S+/)?(\S+)\) \| (.+) \| (\d+) \| (\S+) \|$", re.MULTILINE)
_HEAD = """# Mutation tests

A mutant is the repository with one safety check taken out by a patch; a test has to fail for it. *Killed by* is
the first test that failed, the seconds include starting the servers. First all of these tests run on an
unchanged copy: unless they pass there, the results would mean nothing.

Written by `make mutants`; `python -m metric_assets_tests.mutants --only NAME` renews some rows.
"""


@dataclass(frozen=True)
class Row:
    """The result of a mutant on a day."""

    name: str
    patch: str
    by: str
    seconds: int
    day: str

    @property
    def killed(self) -> bool:
        """Whether a test noticed."""
        return not self.by.startswith("**")


def row_of(mutant: Mutant, trial: Trial, day: date) -> Row:
    """A trial as a row."""
    file, _, test = trial.by.partition("::")
    by = {
        End.FAILED: f"`{Path(file).stem}::{test}`",
        End.HUNG: f"`{Path(file).stem}::{test}`, by hanging",
        End.PASSED: "**none: it survived**",
        End.ERROR: "**unknown: the tests could not be run**",
    }[trial.end]
    return Row(mutant.name, mutant.patch.name, by, round(trial.seconds), day.isoformat())


def parse(text: str) -> list[Row]:
    """The rows of a page."""
    return [
        Row(name, patch, by, int(seconds), day)
        for name, patch, by, seconds, day in _ROW.findall(text)
    ]


def render(rows: Iterable[Row]) -> str:
    """A page with these rows."""
    ordered = sorted(rows, key=lambda row: row.patch)
    survived = sum(not row.killed for row in ordered)
    lines = [
        _HEAD,
        f"{len(ordered)} mutants, {survived} not killed.",
        "",
        "| mutant | killed by | seconds | date |",
        "|---|---|--:|---|",
        *(
            f"| [{row.name}]({_LINK.as_posix()}/{row.patch}) | {row.by} | {row.seconds} | {row.day} |"
            for row in ordered
        ),
    ]
    return "\n".join(lines) + "\n"


def update(row: Row) -> None:
    """Put a row into the page, in the place of the mutant's old one; take out those without a patch."""
    rows = parse(PAGE.read_text(encoding="utf-8")) if PAGE.exists() else []
    others = [one for one in rows if one.patch != row.patch and (FOLDER / one.patch).is_file()]
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(render([*others, row]), encoding="utf-8")
