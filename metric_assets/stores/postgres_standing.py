"""Sessions of Postgres that stand by between the steps of a run.

Connecting costs more than a range that holds little. Belongs here: who may take a session up again,
and for how long it stands. Does not belong here: what a session is (postgres_session).
"""

from __future__ import annotations

import threading
import time
from collections import deque

from metric_assets.stores.postgres_session import Session

#: Seconds for which a session stands by at least, and how many of one URL do.
STANDS = 10.0
MOST = 2


class Standing:
    """Sessions that stand by, by what they are connected to; any thread may ask."""

    def __init__(self) -> None:
        self._sessions: dict[str, deque[tuple[Session, float]]] = {}
        self._taking = threading.Lock()
        self._looks = False

    def keep(self, key: str, session: Session) -> None:
        """Have a session stand by that is in no transaction; one too many is ended."""
        with self._taking:
            standing = self._sessions.setdefault(key, deque())
            standing.append((session, time.monotonic()))
            ended = [standing.popleft()] if len(standing) > MOST else []
            self._look_later()
        for one, _ in ended:
            one.end()

    def take(self, key: str) -> Session | None:
        """The session that has stood by for the shortest, if there is one."""
        with self._taking:
            standing = self._sessions.get(key)
            return standing.pop()[0] if standing else None

    def end_all(self) -> None:
        """End all of them."""
        self._end(since=time.monotonic())

    def _look_later(self) -> None:
        if self._looks:
            return
        self._looks = True
        timer = threading.Timer(STANDS, self._look)
        timer.daemon = True
        timer.start()

    def _look(self) -> None:
        self._end(since=time.monotonic() - STANDS)
        with self._taking:
            self._looks = False
            if any(self._sessions.values()):
                self._look_later()

    def _end(self, since: float) -> None:
        """End those that have stood by since then, or for longer."""
        old: list[Session] = []
        with self._taking:
            for standing in self._sessions.values():
                while standing and standing[0][1] <= since:
                    old.append(standing.popleft()[0])
        for session in old:
            session.end()


#: Those of this process.
STANDING = Standing()
