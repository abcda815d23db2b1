"""The partition lock: advisory locks that one open transaction holds.

Belongs here: acquiring, verifying and releasing them on their own connection. Does not belong here:
the second session that has to be refused them (postgres), or which partition is meant (pipeline).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any

import psycopg
from psycopg.rows import dict_row

from metric_assets.errors import BusyError
from metric_assets.stores.bounded import Caller
from metric_assets.stores.ports import Scope
from metric_assets.stores.postgres_session import ANSWER, CONNECT_TIMEOUT, PATIENCE
from metric_assets.stores.postgres_text import lock_key, text_of


class PostgresLock:
    """Advisory locks on the pairs of some scopes, as long as the transaction lasts that holds them.

    An open transaction keeps its server session behind poolers in session and in transaction mode,
    and idle_session_timeout does not end it. The server ends it when the client dies, so whoever
    gets a lock knows that what an earlier attempt left behind belongs to nobody.
    """

    def __init__(self, conninfo: str, scopes: Sequence[Scope]) -> None:
        self._scopes = scopes
        #: How messages name the scopes.
        self.label = label_of(scopes)
        self._keys: dict[int, str] = {}
        self._watched: dict[int, str] = {}
        self._backend = 0
        self._released = False
        self._caller = Caller("postgres-lock")
        self._connection: psycopg.Connection[dict[str, Any]] = self._caller.call(
            lambda: psycopg.connect(
                conninfo, autocommit=True, prepare_threshold=None, row_factory=dict_row
            ),
            4 * CONNECT_TIMEOUT,
        )

    @property
    def keys(self) -> list[int]:
        """Keys of the locks that are held."""
        return list(self._keys)

    @property
    def pooled(self) -> bool:
        """Whether something answers in the server's place: a pooler is in between."""
        return self._connection.info.backend_pid != self._backend

    def begin(self) -> None:
        """Begin the transaction that is to hold the locks."""
        self._ask(text_of("lock_begin"))
        (row,) = self._ask(text_of("lock_bounds"))
        self._backend = row["backend"]

    def acquire(self) -> None:
        """Take the lock of every pair of the scopes; raises BusyError if one of them is held."""
        for key, partition in _partitions(self._scopes).items():
            if not self._take(key, partition):
                raise BusyError(
                    f"{partition}: another run is materializing this partition right now; nothing"
                    " was written. Wait for it, or end it"
                )

    def watch(self, attempt: str) -> None:
        """Say by a lock of its own that an attempt lives, and see that no run is at the scopes'
        pairs; they stay free for one.
        """
        self._take(lock_key(_dry_run(attempt)), f"dry run {attempt}")
        self._watched = _partitions(self._scopes)
        self._look()

    def verify(self) -> None:
        """Ask the server on the locks' own connection whether this very transaction holds them.

        Raises BusyError if not, or if a run has come to pairs that are only watched.
        """
        rows = self._held(self._keys)
        ours = {row["key"] for row in rows if row["ours"] and row["backend"] == self._backend}
        if missing := sorted(self._keys.keys() - ours):
            raise self._lost(f"{len(missing)} of {len(self._keys)} locks are not held any more")
        self._look()

    def is_alive(self, attempt: str) -> bool:
        """Whether a dry run still lives: somebody holds the lock of its attempt."""
        return bool(self._held([lock_key(_dry_run(attempt))]))

    def release(self) -> None:
        """Let go and close, within PATIENCE; never raises."""
        if self._released:
            return
        self._released = True
        connection = self._connection

        def close() -> None:
            with suppress(psycopg.Error):
                connection.execute(text_of("lock_end").encode())
            connection.close()

        self._caller.end(close, PATIENCE)

    def _take(self, key: int, what: str) -> bool:
        (row,) = self._ask(text_of("lock", key=key))
        held = bool(next(iter(row.values())))
        if held:
            self._keys[key] = what
        return held

    def _look(self) -> None:
        rows = self._held(self._watched) if self._watched else []
        for row in rows:
            raise BusyError(
                f"{self._watched[row['key']]}: a run is materializing this partition right now, so"
                " a dry run would plan for a target that moves; nothing was written. Wait for the"
                " run, then repeat the dry run"
            )

    def _held(self, keys: Iterable[int]) -> list[dict[str, Any]]:
        try:
            return self._ask(text_of("lock_held", keys=list(keys)))
        except (psycopg.Error, TimeoutError) as error:
            raise self._lost(type(error).__name__) from None

    def _lost(self, why: str) -> BusyError:
        return BusyError(
            f"{self.label}: lost the lock of this partition ({why}); another run may have"
            " taken over, so this one stops before it writes. If it is lost each time, something"
            " ends transactions that wait, such as a pooler's idle_transaction_timeout"
        )

    def _ask(self, text: str) -> list[dict[str, Any]]:
        """Rows of a statement that a living server answers at once."""

        def asked() -> list[dict[str, Any]]:
            cursor = self._connection.execute(text.encode())
            return cursor.fetchall() if cursor.description else []

        return self._caller.call(asked, ANSWER)


def label_of(scopes: Sequence[Scope]) -> str:
    """How messages name scopes: all of a few, else the first and how many more there are."""
    return ", ".join(
        [*(one.label for one in scopes[:2]), *([f"{len(scopes) - 2} more"] if scopes[2:] else [])]
    )


def _partitions(scopes: Sequence[Scope]) -> dict[int, str]:
    """Keys of the scopes' locks, a lock a pair and range, with how messages name them."""
    names = (
        f"{scope.entity}/{metric}/{scope.ids.key}"
        for scope in scopes
        for metric in sorted(scope.metrics)
    )
    return {lock_key(name): name for name in names}


def _dry_run(attempt: str) -> str:
    return f"metric_assets dry run {attempt}"
