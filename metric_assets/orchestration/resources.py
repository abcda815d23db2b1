"""What a run is given: stores, whose URLs Dagster resolves when a run needs them, and who listens.

Belongs here: resources, and what the steps of a run share. Does not belong here: settings that
shape the definitions.
"""

from __future__ import annotations

from dataclasses import dataclass

import dagster as dg

from metric_assets.connect import open_clickhouse, open_postgres
from metric_assets.load.second_look import SecondLooks
from metric_assets.operations.listener import Listener
from metric_assets.plan import RemovalGuard
from metric_assets.settings import Settings
from metric_assets.stores.clickhouse import ClickHouse
from metric_assets.stores.postgres import Postgres


class PostgresResource(dg.ConfigurableResource):  # type: ignore[type-arg]
    """The source database; the UI shows the variable's name, never its value."""

    url: str

    def open(self, settings: Settings) -> Postgres:
        """A store; connects when it is used."""
        return open_postgres(settings, url=self.url)


class ClickHouseResource(dg.ConfigurableResource):  # type: ignore[type-arg]
    """The target server, also the source of scans that read ClickHouse."""

    url: str

    def open(self, settings: Settings, timeout: int | None = None) -> ClickHouse:
        """A store; connects when it is used. ``timeout`` as of open_clickhouse()."""
        return open_clickhouse(settings, url=self.url, timeout=timeout)


class RemovalGuards:
    """Removal guards, by what they judge together: each run, or all runs of one command."""

    def __init__(self, settings: Settings, *, together: bool) -> None:
        self._settings = settings
        self._together = together
        self._guards: dict[str, RemovalGuard] = {}

    def of(self, run: str) -> RemovalGuard:
        """The guard of a run; a step that is tried again gets the same."""
        fresh = RemovalGuard(self._settings.max_removed_share, self._settings.max_replica_lag)
        return self._guards.setdefault("" if self._together else run, fresh)


class RunLooks:
    """Second looks, by run: the steps of a run collect them, its last step takes them, so that late
    live events are waited for once. Steps of a run share it because they run in one process.
    """

    def __init__(self) -> None:
        self._looks: dict[str, SecondLooks] = {}

    def of(self, run: str) -> SecondLooks:
        """Those of a run."""
        return self._looks.setdefault(run, SecondLooks())


@dataclass(frozen=True)
class Shared:
    """What the steps of a run have in common in their process; nothing that Dagster configures.

    A command that listens is one piece of work, however many runs it takes: its removals are
    judged together.
    """

    listener: Listener
    guards: RemovalGuards
    looks: RunLooks

    @classmethod
    def of(cls, settings: Settings, listener: Listener | None) -> Shared:
        """For the runs of a command that listens, or for runs that Dagster launches."""
        guards = RemovalGuards(settings, together=listener is not None)
        return cls(listener or Listener(), guards, RunLooks())
