"""Trees to spoil: copies of the repository, each with an interpreter that imports nothing else.

Belongs here: what is copied, and what is left running in it. Does not belong here: what a patch
changes (mutant) or what tests say to it (trial).
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
import venv
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from metric_assets_tests.mutants.mutant import Mutant, apply

ROOT = Path(__file__).parents[2]
#: What an interpreter imports, asked in an environment that names no tree.
_ORIGIN = (
    "import metric_assets, metric_assets.sql as sql, metric_assets_tests.mutants as tests\n"
    "print(metric_assets.__file__, sql.root(), tests.__file__, sep='\\n')"
)


class TreeError(Exception):
    """A tree is not what a trial needs: nothing follows from what its tests say."""


@dataclass(frozen=True)
class Trees:
    """Trees made one after another in ``folder``, all of the repository as it was at the start."""

    folder: Path

    @property
    def kept(self) -> Path:
        """The repository as it was."""
        return self.folder / "kept"

    @property
    def tree(self) -> Path:
        """The tree there is now."""
        return self.folder / "tree"

    @property
    def temporary(self) -> Path:
        """Where its tests keep their stacks."""
        return self.folder / "tmp"

    @property
    def python(self) -> Path:
        """The tree's interpreter."""
        return self.tree / ".venv" / "bin" / "python"

    def keep(self) -> None:
        """Copy the repository as it is: what git knows or would add, changed or not."""
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
        # The embedded PostgreSQL may run as another user, who has to get through.
        self.folder.chmod(0o755)
        for name in sorted(set(filter(None, listed.stdout.split("\0")))):
            if (ROOT / name).is_file():
                copy = self.kept / name
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, copy)

    def renew(self, mutant: Mutant | None = None) -> str:
        """Make the tree anew, with a mutant's patch; the file of metric_assets that it imports."""
        self.end()
        shutil.copytree(self.kept, self.tree)
        self.temporary.mkdir()
        if mutant is not None:
            apply(mutant, self.tree)
        self._build_environment()
        return self._check()

    def end(self) -> None:
        """End what still runs in the tree, and remove it."""
        for folder in (self.tree, self.temporary):
            end_all(folder)
            shutil.rmtree(folder, ignore_errors=True)

    def environment(self) -> dict[str, str]:
        """Variables for its tests: none of ours, and this tree before all others."""
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("METRIC_ASSETS_", "DAGSTER_", "PYTEST_"))
        }
        return {
            **kept,
            "PATH": f"{self.python.parent}{os.pathsep}{kept['PATH']}",
            "PYTHONPATH": str(self.tree),
            "TMPDIR": str(self.temporary),
        }

    def _build_environment(self) -> None:
        """An environment with the packages of ours, but for the project, which is the tree's.

        Variables would not do: some tests start commands with none but those they name.
        """
        venv.create(self.tree / ".venv", symlinks=True)
        place = next((self.tree / ".venv" / "lib").glob("python*/site-packages"))
        packages = [entry for entry in sys.path if Path(entry).name == "site-packages"]
        (place / "tree.pth").write_text("\n".join([str(self.tree), *packages]) + "\n")
        first = f"#!{Path(sys.executable)}\n".encode()
        for command in Path(sys.executable).parent.iterdir():
            if command.is_file() and not command.is_symlink():
                content = command.read_bytes()
                if content.startswith(first):
                    copy = self.python.with_name(command.name)
                    copy.write_bytes(f"#!{self.python}\n".encode() + content[len(first) :])
                    copy.chmod(0o755)

    def _check(self) -> str:
        """Raise TreeError unless package, statements and tests are the tree's without variables."""
        done = subprocess.run(
            [self.python, "-c", _ORIGIN],
            cwd="/",
            env={},
            capture_output=True,
            text=True,
            check=True,
        )
        lines = done.stdout.splitlines()
        strays = [line for line in lines if not Path(line).is_relative_to(self.tree)]
        if strays or not (self.python.parent / "metric-assets").is_file():
            raise TreeError(f"the tree imports or runs what is not its own: {strays}")
        return lines[0]


def end_all(folder: Path) -> None:
    """End every process that works in a folder or was started with a path below it."""
    for _ in range(50):
        found = _processes(folder)
        for process in found:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        if not found:
            return
        time.sleep(0.1)
    raise TreeError(f"processes do not end: {found}")


def _processes(folder: Path) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        with suppress(OSError):
            command = (entry / "cmdline").read_bytes()
            here = (entry / "cwd").readlink().is_relative_to(folder)
            # What has ended has neither; its parent has only not looked yet.
            if here or f"{folder}/".encode() in command:
                found.append(int(entry.name))
    return found
