"""Processes that wait for their orders, so that importing does not stand in a round's way.

Belongs here: the harness's end of a child. Does not belong here: what a child does (child, command).
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from contextlib import suppress
from typing import Any

#: A child that has not ended by then hangs.
CHILD_SECONDS = 60
#: What children of each kind run, and how many wait.
_MODULES = {"child": 3, "command": 1}


class Child:
    """One of them."""

    def __init__(self, module: str = "child") -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", f"metric_assets_tests.torture.{module}"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.said: list[dict[str, Any]] = []

    def order(self, order: dict[str, Any]) -> None:
        """Let it work."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()

    def until_struck(self) -> bool:
        """Read what it says until its trap strikes; False if it ended before."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said.append(json.loads(line))
            if "struck" in self.said[-1]:
                return True
        return False

    def end(self) -> bool:
        """Wait for its end; False if it had to be killed."""
        try:
            rest, _ = self.process.communicate(timeout=CHILD_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGABRT)
            self.process.communicate()
            return False
        finally:
            for stream in (self.process.stdin, self.process.stdout):
                if stream is not None:
                    with suppress(OSError):
                        stream.close()
        for line in rest.splitlines():
            with suppress(ValueError):  # A kill can cut a line.
                self.said.append(json.loads(line))
        return True

    def kill(self) -> None:
        """SIGKILL."""
        self.process.kill()

    def wake(self) -> None:
        """SIGCONT."""
        self.process.send_signal(signal.SIGCONT)

    @property
    def done(self) -> set[str]:
        """Ranges it says are materialized."""
        return {fact["done"] for fact in self.said if "done" in fact}


class Nursery:
    """Children that wait."""

    def __init__(self) -> None:
        self._ready: dict[str, list[Child]] = {module: [] for module in _MODULES}

    def take(self, module: str = "child") -> Child:
        """The one that has waited longest; others are sent for."""
        ready = self._ready[module]
        while len(ready) < _MODULES[module]:
            ready.append(Child(module))
        return ready.pop(0)

    def close(self) -> None:
        """End those that still wait."""
        for ready in self._ready.values():
            while ready:
                child = ready.pop()
                child.kill()
                child.end()
