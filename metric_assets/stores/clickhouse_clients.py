"""What this process knows of the servers it has connected to: the driver's client, and who answers.

Connecting takes three statements, and finding out who answers eight connections; every step of a
run, and every check, would do both again. Belongs here: how long the answer stands. Does not belong
here: how one connects (clickhouse_address), or who asks (clickhouse).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from clickhouse_connect.driver.client import Client

#: Seconds for which an answer stands: a server may be upgraded, or a balancer be put in its place.
STANDS = 60.0

_T = TypeVar("_T")


@dataclass
class Answers(Generic[_T]):
    """Answers by what was asked, each for STANDS seconds; any thread may ask. Two that ask at once
    may both be answered anew: nobody waits for another's server.
    """

    _found: dict[str, tuple[_T, float]] = field(default_factory=dict)

    def of(self, key: str, ask: Callable[[], _T]) -> _T:
        """The answer that stands, else a new one; what ``ask`` raises is not kept."""
        now = time.monotonic()
        answer, until = self._found.get(key, (None, 0.0))
        if answer is None or now >= until:
            answer = ask()
            self._found[key] = (answer, now + STANDS)
        return answer

    def forget(self, key: str) -> None:
        """Ask again next time."""
        self._found.pop(key, None)


#: Connected clients by URL and timeout; each serves many threads, and whoever has one keeps it.
CLIENTS: Answers[Client] = Answers()
#: The servers that answer at a URL.
SERVERS: Answers[list[str]] = Answers()
