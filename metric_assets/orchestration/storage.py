"""How a run talks to Dagster's storage.

Belongs here: the one thing about it that a run changes. Does not belong here: what is stored.
"""

from weakref import WeakSet

import dagster as dg

#: A connection older than this many seconds is replaced before it is used again: between two
#: ranges a firewall or a restart may have ended it.
RECYCLE_SECONDS = 60
_STATEMENT_MILLISECONDS = 60_000
_MOST_CONNECTIONS = 10
_pooled: WeakSet[dg.DagsterInstance] = WeakSet()


def keep_connections(instance: dg.DagsterInstance) -> None:
    """Have the storage of this process keep its connection from one event to the next.

    Dagster opens one an event, some milliseconds each and more over a network: with thousands of
    partitions that is most of what bookkeeping costs. The webserver keeps its own in this way.
    """
    if instance not in _pooled:
        _pooled.add(instance)
        instance.optimize_for_webserver(
            statement_timeout=_STATEMENT_MILLISECONDS,
            pool_recycle=RECYCLE_SECONDS,
            max_overflow=_MOST_CONNECTIONS,
        )
