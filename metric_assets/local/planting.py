"""Faults that the drill of the demo plants in the target, and the one target that they may go into.

Belongs here: what is damaged, and which target is the demo's. Does not belong here: how a fault is
found and repaired (drill).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Final

from clickhouse_connect.driver.client import Client

from metric_assets.catalog.model import Pair
from metric_assets.defaults import TARGET_TABLE
from metric_assets.errors import SettingsError
from metric_assets.explanation import Cause
from metric_assets.local import stack
from metric_assets.local.demo_plan import DEMO_START, cutoff_of
from metric_assets.local.demo_stores import clickhouse, clickhouse_frame, clickhouse_run, epoch
from metric_assets.ranges import IdRange
from metric_assets.settings import CLICKHOUSE_URL, POSTGRES_URL, Settings
from metric_assets.settings import TARGET_TABLE as TARGET

#: Events this near to the cutoff are left alone: damage there looks like a wrong border, and the
#: clocks of source and events differ.
_MARGIN: Final = timedelta(days=1)
_FOREVER: Final = datetime(2100, 1, 1, tzinfo=timezone.utc)


@dataclass(frozen=True)
class Fault:
    """What is done to at most ``rows`` events of a pair, in ``words``, and the ``cause`` that has
    to be named for it. ``live`` events are those from the cutoff on.
    """

    pair: str
    rows: int
    words: str
    cause: Cause
    live: bool = False

    @property
    def another_user(self) -> bool:
        """Whether its rows stay, with another user."""
        return self.cause is Cause.WRONG_USER


#: One a pair. Those below the cutoff are of one entity type: one run repairs them. Rows of these
#: pairs are never switched in place, so an event of one user and entity is the only one.
FAULTS: Final = (
    Fault("Bounty/Favorite", 40, "backfilled events deleted", Cause.LOST),
    Fault("Bounty/Track", 12, "backfilled events given another user", Cause.WRONG_USER),
    Fault("Bounty/Benefactor", 5, "live events deleted", Cause.LIVE_LOST, live=True),
)


@dataclass(frozen=True)
class Planted:
    """A fault in events of one range of a pair: their entities and users, each once."""

    fault: Fault
    pair: Pair
    ids: IdRange
    keys: tuple[tuple[int, int], ...]

    @property
    def rows(self) -> int:
        """How many events are damaged."""
        return len(self.keys)


@dataclass(frozen=True)
class Held:
    """What the target holds of a pair: so many events, and a hash of them all."""

    events: int
    digest: int


def own_target(settings: Settings) -> str:
    """The URL of the embedded stack of the settings' home, whose target the settings name.

    Raises SettingsError if the settings name any other store or table: what is not the demo's is
    never damaged.
    """
    endpoints = stack.endpoints(settings.home)
    if endpoints is None:
        raise SettingsError(f"drill: the embedded stack of {settings.home} is not running")
    own = {
        POSTGRES_URL: (settings.postgres_url, endpoints.postgres_url),
        CLICKHOUSE_URL: (settings.clickhouse_url, endpoints.clickhouse_url),
    }
    for name, (given, expected) in own.items():
        if given is None or given.get_secret_value() != expected:
            raise SettingsError(
                f"{name}: this is not the embedded stack of {settings.home}; a drill damages the"
                " target, so it is held in no other store"
            )
    if settings.target_table != TARGET_TABLE:
        raise SettingsError(
            f"{TARGET}: {settings.target_table} is not the demo's table; a drill damages the"
            f" target, so it is held in no other table than {TARGET_TABLE}"
        )
    return endpoints.clickhouse_url


class DemoTarget:
    """The target of the demo, to be damaged; each call raises SettingsError, as own_target(), for
    any other.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def choose(self, fault: Fault) -> Planted | None:
        """Choose what a fault damages, all in one range; None if nothing is fit for it."""
        pair = self._settings.catalog.pairs[fault.pair]
        grid, cutoff = self._settings.grid_of(pair.entity), cutoff_of(pair.entity)
        with self._open() as client:
            chosen = clickhouse_frame(
                client,
                "shared/drill/chosen",
                rows=fault.rows,
                size=grid.size,
                live=int(fault.live),
                cutoff=epoch(cutoff),
                margin=int(_MARGIN.total_seconds()),
                since=epoch(cutoff if fault.live else DEMO_START),
                until=epoch(_FOREVER if fault.live else cutoff - _MARGIN),
                **_names(pair),
            ).rows()
        if not chosen:
            return None
        ids = grid.cell(chosen[0][0])
        keys = [(entity, user) for entity, user in chosen if ids.start <= entity < ids.stop]
        return Planted(fault, pair, ids, tuple(keys))

    def plant(self, planted: Planted) -> None:
        """Damage what was chosen."""
        where = {**_names(planted.pair), "keys": str(list(planted.keys))}
        with self._open() as client:
            if planted.fault.another_user:
                clickhouse_run(client, "shared/drill/another_user", **where)
            clickhouse_run(client, "shared/drill/delete", **where)

    def held(self) -> Mapping[str, Held]:
        """What the target holds now, by the keys of pairs."""
        with self._open() as client:
            frame = clickhouse_frame(client, "shared/drill/held", target=TARGET_TABLE)
        return {pair: Held(events, digest) for pair, events, digest in frame.iter_rows()}

    @contextmanager
    def _open(self) -> Iterator[Client]:
        """A client of the embedded stack: the address is the stack's own, whatever settings say."""
        with clickhouse(own_target(self._settings)) as client:
            yield client


def _names(pair: Pair) -> dict[str, str]:
    """What statements bind to name a pair in the target."""
    return {"target": TARGET_TABLE, "entity": pair.entity, "metric": pair.metric}
