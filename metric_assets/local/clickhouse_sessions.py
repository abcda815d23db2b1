"""HTTP sessions of the embedded ClickHouse: what outlives a request under a session_id.

clickhouse-connect sends a session_id with every request, and hardly ever uses one. So a session
costs nothing until a statement gives it state (SET, USE, a temporary table); from then on its
statements share one connection, one at a time, as ClickHouse has it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from metric_assets.local.clickhouse_wire import WireError

_LONGEST_SECONDS = 3600.0


@dataclass
class _Session:
    connection: Any
    seconds: float
    used: float
    busy: threading.Lock = field(default_factory=threading.Lock)


class Sessions:
    """The sessions that have state."""

    def __init__(self, connect: Callable[[], Any], clock: Callable[[], float] = time.monotonic):
        self._connect = connect
        self._clock = clock
        self._sessions: dict[str, _Session] = {}
        self._guard = threading.Lock()

    @contextmanager
    def borrowed(
        self, session_id: str, *, opens: bool, seconds: float, must_exist: bool = False
    ) -> Iterator[Any]:
        """The session's connection, or None while the session needs none."""
        session = self._find(session_id, opens=opens, seconds=seconds) if session_id else None
        if session is None:
            if must_exist:
                raise WireError.build(372, f"Session {session_id} not found", "SESSION_NOT_FOUND")
            yield None
            return
        if not session.busy.acquire(blocking=False):
            raise WireError.build(
                373, f"Session {session_id} is locked by a concurrent client", "SESSION_IS_LOCKED"
            )
        try:
            yield session.connection
        finally:
            session.used = self._clock()
            session.busy.release()

    def _find(self, session_id: str, *, opens: bool, seconds: float) -> _Session | None:
        with self._guard:
            self._expire()
            session = self._sessions.get(session_id)
            if session is None and opens:
                session = _Session(self._connect(), 0.0, self._clock())
                self._sessions[session_id] = session
            if session is not None:
                session.seconds = min(max(seconds, 1.0), _LONGEST_SECONDS)
                session.used = self._clock()
            return session

    def _expire(self) -> None:
        now = self._clock()
        for name, session in list(self._sessions.items()):
            if now - session.used > session.seconds and not session.busy.locked():
                self._sessions.pop(name).connection.close()

    def close(self) -> None:
        """Drop every session."""
        with self._guard:
            for session in self._sessions.values():
                session.connection.close()
            self._sessions.clear()
