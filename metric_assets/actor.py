"""Who acts: recorded with every change of the target and every result of a check.

Belongs here: the person, the machine, the command and the run, as one value. Does not belong here:
where it is recorded.
"""

from __future__ import annotations

import getpass
import os
import shlex
import socket
import sys
from dataclasses import dataclass, replace
from pathlib import Path


@dataclass(frozen=True)
class Actor:
    """Who does something, in words: ``user`` and ``host`` of the process, its ``command``, and the
    ``run`` that it belongs to (a Dagster run's id; empty outside of one).
    """

    user: str
    host: str
    command: str
    run: str = ""

    def within(self, run: str) -> Actor:
        """The same, in a run."""
        return replace(self, run=run)


def this_process() -> Actor:
    """The actor that this process is. Settings with secrets are never arguments, so the command
    can be told as it was typed, its beginning if it is long; but for the documents that Dagster
    passes, which can hold the address of its storage.
    """
    program, *arguments = sys.argv or [""]
    told = ["{…}" if one.lstrip().startswith(("{", "[{")) else one for one in arguments]
    command = shlex.join([Path(program).name, *told])
    return Actor(_user(), socket.gethostname(), command[:500])


def _user() -> str:
    """The user's name; a container may run as a number that has none."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())
