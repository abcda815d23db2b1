"""One ADBC connection to Postgres, none of whose calls can hold its user for ever.

Belongs here: calling the driver, cancelling, closing, each within a bound whatever the server does.
Does not belong here: what is asked (sql/), or translation of errors (postgres).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

import adbc_driver_postgresql.dbapi as adbc
from psycopg.conninfo import make_conninfo

from metric_assets.stores.bounded import Caller, briefly

APPLICATION = "metric_assets"
CONNECT_TIMEOUT = 15
#: Milliseconds after which the network is given up that does not acknowledge what was sent; with
#: the keepalives of conninfo(), which ask where nothing is sent, about as long after the last word.
UNACKNOWLEDGED = 60_000
#: Seconds for what a living server answers at once: BEGIN, the bounds, COMMIT, a lock.
ANSWER = 60.0
#: Seconds that cancelling, and then closing, may take. Both end at once where a server lives.
PATIENCE = 5.0
#: Seconds beyond statement_timeout after which a server that should have ended a statement, and
#: said so, is taken for dead. The network is looked after by keepalives; this is for a server that
#: was stopped, or hangs, while its machine goes on answering for it.
GRACE = 30.0

_T = TypeVar("_T")


class Session:
    """A connection of ``conninfo``; ``timeout`` is the statement_timeout of its server, seconds.

    Every call raises what the driver raises, or TimeoutError where the server is silent.
    """

    def __init__(self, conninfo: str, timeout: float) -> None:
        self._timeout = timeout
        self._caller = Caller("postgres")
        self._cursor: Any = None
        self._cancelled = False
        # Outside autocommit the driver would leave the session in a transaction for good.
        # libpq's own timeout is for each address that a name stands for.
        self._connection = self._caller.call(
            lambda: adbc.connect(conninfo, autocommit=True), 4 * CONNECT_TIMEOUT
        )

    def begin(self, text: str) -> None:
        """Begin a transaction with a statement that returns nothing.

        By the driver: a BEGIN that it prepared would not outlive the preparation behind a pooler,
        being in no transaction yet. It is sent with the first statement; without one nobody would
        learn that the server has gone.
        """
        self.call(lambda: self._connection.adbc_connection.set_autocommit(False), ANSWER)
        self.ask(text)

    def finish(self) -> None:
        """End the transaction; it has written nothing."""
        self.call(lambda: self._connection.adbc_connection.set_autocommit(True), ANSWER)

    def ask(self, text: str) -> dict[str, Any]:
        """The first row of a statement that a living server answers at once; {} without one."""

        def asked() -> dict[str, Any]:
            with self._connection.cursor() as cursor:
                cursor.execute(text)
                names = [column[0] for column in cursor.description or ()]
                row = cursor.fetchone() if names else None
            return dict(zip(names, row, strict=True)) if row else {}

        return self.call(asked, ANSWER)

    def open(self) -> Any:
        """A cursor for the statement of a reading; close() or give_up() ends it."""
        self._cursor = self.call(self._connection.cursor, ANSWER)
        return self._cursor

    def statement(self, work: Callable[[], _T], began: float | None = None) -> _T:
        """A call of the driver about the statement that began at ``began`` (monotonic clock): it
        may take what is left of the statement_timeout, and a while more to hear of its end.
        """
        left = self._timeout - (time.monotonic() - began if began is not None else 0.0)
        return self.call(work, max(left, 0.0) + GRACE)

    def call(self, work: Callable[[], _T], limit: float) -> _T:
        """A call of the driver, in turn; not after cancel()."""
        if self._cancelled:
            raise TimeoutError("the connection was given up")
        return self._caller.call(work, limit)

    def close_cursor(self) -> None:
        """Let go of the statement that was read to its end."""
        cursor, self._cursor = self._cursor, None
        if cursor is not None:
            self.call(cursor.close, ANSWER)

    def cancel(self) -> None:
        """Have the server end what is under way, from any thread; never raises.

        Within PATIENCE the call under way has ended or is given up. Libpq asks for it by a
        connection of its own, for which it knows no timeout.
        """
        if self._cancelled:
            return
        self._cancelled = True
        deadline = time.monotonic() + PATIENCE
        while (left := deadline - time.monotonic()) > 0:
            briefly(self._connection.adbc_cancel, left)
            # Again: a request that overtakes the statement it is meant for ends nothing.
            if self._caller.settled(min(1.0, max(deadline - time.monotonic(), 0.0))):
                return
        self._caller.lose()

    def give_up(self) -> None:
        """Cancel and close; never raises, and ends within twice PATIENCE."""
        # Closing waits for a statement under way; the server must end it first.
        self.cancel()
        self.end()

    def end(self) -> None:
        """Close, within PATIENCE; of a server that is silent, when it is heard of again."""
        cursor, connection = self._cursor, self._connection

        def close() -> None:
            for one in (cursor, connection):
                with suppress(Exception):
                    if one is not None:
                        one.close()

        self._caller.end(close, PATIENCE)


def conninfo(url: str, owner: str) -> str:
    """What to connect by: as ``owner``, and so that a network that swallows everything is noticed.

    Nothing but what any pooler takes; the bounds are set in each transaction.
    """
    return make_conninfo(
        url,
        application_name=application_name(owner),
        connect_timeout=CONNECT_TIMEOUT,
        keepalives_idle=30,
        keepalives_interval=10,
        keepalives_count=3,
        tcp_user_timeout=UNACKNOWLEDGED,
    )


def application_name(owner: str) -> str:
    """How a session of ``owner`` is named at the server, as long as names are there."""
    return f"{APPLICATION}:{owner}"[:63]
