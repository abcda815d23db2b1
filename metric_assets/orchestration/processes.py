"""Which process runs a run of the command line, and whether that process is gone.

Belongs here: telling a dead process of this machine from a living one, and from what cannot be
known. Does not belong here: what becomes of its runs (instance).
"""

from __future__ import annotations

import os
import socket
from pathlib import Path

#: Tags of runs that a command executes in its own process.
PROCESS = "metric_assets/process"
HOST = "metric_assets/host"


def own_tags() -> dict[str, str]:
    """The tags that name this process; none where the system does not tell."""
    machine = _machine()
    began = _began(os.getpid())
    if machine is None or began is None:
        return {}
    return {PROCESS: f"{machine} {os.getpid()} {began}", HOST: socket.gethostname()}


def is_gone(process: str) -> bool | None:
    """Whether a tagged process has ended; None if only another machine could say.

    A machine is one boot and one PID namespace (a container has its own): within it a number and
    a start time belong to one process only.
    """
    machine, _, rest = process.partition(" ")
    pid, _, began = rest.partition(" ")
    if not machine or machine != _machine() or not pid.isdigit():
        return None
    return _began(int(pid)) != began


def _machine() -> str | None:
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot}/{os.stat('/proc/self/ns/pid').st_ino}"
    except OSError:
        return None


def _began(pid: int) -> str | None:
    """When a living process began, in ticks since the boot."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    # The name, in parentheses, may hold anything; the state is the first field after it.
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] in "ZX" else fields[19]
