"""TCP ports of this machine: whether one can be listened on, and one that can."""

from __future__ import annotations

import socket

_HOST = "127.0.0.1"


def why_not(port: int) -> str:
    """Why a server of ours cannot listen on a port; empty if it can."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((_HOST, port))
        except PermissionError:
            return "this user may not listen on it"
        except OSError:
            return "taken by another program"
    return ""


def free() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind((_HOST, 0))
        return int(probe.getsockname()[1])
