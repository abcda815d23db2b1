"""A mutant: a patch file that takes one safety check out, and the tests that must then fail.

The files lie in ``patches/``. Each is a header, an empty line, and a unified diff with little
context (``git diff -U1``; -U2 where the last line would be empty)::

    Name: what is no longer safe, unique
    Killed-by: metric_assets_tests/unit/test_x.py::test_y
    Limit: 300

``Killed-by`` is a pytest node id and may be repeated; ``Limit`` is how many seconds each of these
tests may take (120 if it is missing).
"""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).with_name("patches")
_FIELD = re.compile(r"(Name|Killed-by|Limit): (\S.*)")
_FILE = re.compile(r"^--- a/(\S+)$", re.MULTILINE)


class PatchError(Exception):
    """A patch file that cannot be read, or that does not apply to a tree."""


@dataclass(frozen=True)
class Hunk:
    """A place of a file that a patch changes: its lines before the change."""

    file: str
    before: str


@dataclass(frozen=True)
class Mutant:
    """A patch file. ``killers`` are pytest node ids, ``limit`` is in seconds for each of them."""

    patch: Path
    name: str
    killers: tuple[str, ...]
    limit: int

    @property
    def files(self) -> list[str]:
        """The files that it changes."""
        return _FILE.findall(self.patch.read_text(encoding="utf-8"))

    @property
    def hunks(self) -> list[Hunk]:
        """The places that it changes."""
        found: list[Hunk] = []
        file = ""
        before: list[str] = []
        for line in [*self.patch.read_text(encoding="utf-8").splitlines(), "@@"]:
            if (named := _FILE.match(line)) or line.startswith("@@"):
                if before:
                    found.append(Hunk(file, "\n".join(before)))
                before = []
                file = named[1] if named else file
            elif file and not line.startswith(("+", "\\", "diff ", "index ")):
                before.append(line[1:])
        return found


def read(patch: Path) -> Mutant:
    """The mutant of a patch file; raises PatchError if its header is not as it should be."""
    header = patch.read_text(encoding="utf-8").partition("\n\n")[0].splitlines()
    fields = [field for line in header if (field := _FIELD.fullmatch(line))]
    names = [field[2] for field in fields if field[1] == "Name"]
    killers = tuple(field[2] for field in fields if field[1] == "Killed-by")
    limits = [field[2] for field in fields if field[1] == "Limit"] or ["120"]
    if len(fields) != len(header) or len(names) != 1 or not killers or len(limits) != 1:
        raise PatchError(f"{patch.name}: the header needs a Name, one Killed-by or more, a Limit")
    return Mutant(patch, names[0], killers, int(limits[0]))


def read_all(folder: Path = FOLDER) -> list[Mutant]:
    """All mutants, in the order of their files' names."""
    return [read(patch) for patch in sorted(folder.glob("*.patch"))]


def check(mutant: Mutant, tree: Path) -> None:
    """Raise PatchError unless the patch applies to a tree, and each hunk fits in one place only.

    Git applies a hunk whose lines have moved to the nearest place where they fit.
    """
    for hunk in mutant.hunks:
        text = (tree / hunk.file).read_text(encoding="utf-8")
        count = len(re.findall(rf"^(?={re.escape(hunk.before)}$)", text, re.MULTILINE))
        if count != 1:
            raise PatchError(
                f"{mutant.patch.name}: these lines occur {count} times in {hunk.file}, not once:\n"
                f"{hunk.before}"
            )
    _git_apply(mutant, tree, "--check")


def apply(mutant: Mutant, tree: Path) -> None:
    """Change a tree."""
    _git_apply(mutant, tree)


def _git_apply(mutant: Mutant, tree: Path, *options: str) -> None:
    done = subprocess.run(
        ["git", "apply", *options, str(mutant.patch)],
        cwd=tree,
        # Inside another repository git would apply nothing to files that it does not know.
        env={**os.environ, "GIT_CEILING_DIRECTORIES": str(tree.parent)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise PatchError(f"{mutant.patch.name}: {done.stderr.strip()}")
