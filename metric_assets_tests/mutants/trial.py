"""A trial: the killers of a mutant run in its tree, and what follows from their end.

Belongs here: how pytest is started and its end read. Does not belong here: the tree (trees).
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from metric_assets_tests.mutants.trees import Trees

#: Seconds for starting and clearing up, beyond what the tests may take themselves.
MARGIN = 120


class End(Enum):
    """How the tests ended; whoever has an ERROR has found out nothing."""

    PASSED = "passed"
    FAILED = "failed"
    HUNG = "hung"
    ERROR = "error"


@dataclass(frozen=True)
class Trial:
    """The end of a run of tests, ``by`` the test with which it ended."""

    end: End
    by: str
    seconds: float
    output: str

    @property
    def reason(self) -> str:
        """The first line in which pytest says why."""
        found = re.search(r"^E +(\S.*)$", self.output, re.MULTILINE)
        return found[1][:160] if found else ""


def run(trees: Trees, killers: Sequence[str], limit: int) -> Trial:
    """Run tests in the tree until one fails; each may take ``limit`` seconds."""
    log = trees.folder / "output.txt"
    began = time.monotonic()
    with log.open("wb") as out:
        process = subprocess.Popen(
            [
                trees.python, "-m", "pytest", "-x", "-v", "-p", "no:cacheprovider",
                # A thread ends the process even while a driver's C code hangs.
                "--timeout", str(limit), "--timeout-method", "thread",
                *killers,
            ],
            cwd=trees.tree, env=trees.environment(), stdout=out, stderr=subprocess.STDOUT,
            start_new_session=True,
        )  # fmt: skip
        try:
            code = process.wait(limit * len(killers) + MARGIN)
        except subprocess.TimeoutExpired:
            code = None
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
    seconds = time.monotonic() - began
    return _read(code, log, seconds)


def _read(code: int | None, log: Path, seconds: float) -> Trial:
    """What an exit code means. Only a test that failed is one: neither an error of its fixtures nor
    a tree that cannot be imported says anything of the guard.
    """
    output = log.read_text(encoding="utf-8", errors="replace")
    begun = re.findall(r"^metric_assets_tests/(\S+::.+?)(?: (?:[A-Z+].*)?)?$", output, re.MULTILINE)
    failed = re.findall(r"^metric_assets_tests/(\S+::.+?) FAILED", output, re.MULTILINE)
    last = begun[-1] if begun else ""
    if code is None or (code == 1 and "+++ Timeout +++" in output):
        return Trial(End.HUNG, last, seconds, output)
    if code == 1 and failed:
        return Trial(End.FAILED, failed[0], seconds, output)
    end = End.PASSED if code == 0 else End.ERROR
    return Trial(end, last, seconds, output)
