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

#: Events just before the cutoff are left alone: damage there looks like a wrong border.
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


#: One a pair. Those below the cutoff are of one entity type: one run repairs them.
FAULTS: Final = (
    Fault("User/Follower", 40, "backfilled events deleted", Cause.LOST),
    Fault("User/Hidden", 12, "backfilled events given another user", Cause.WRONG_USER),
    Fault("User/Following", 5, "live events deleted", Cause.LIVE_LOST, live=True),
)


@dataclass(frozen=True)
class Planted:
    """A fault in the target: so many ``rows`` of a pair and range."""

    fault: Fault
    pair: Pair
    ids: IdRange
    rows: int


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
    """The target of the demo, to be damaged. Raises SettingsError, as own_target(), for any other:
    when it is made, and again before each damage.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        own_target(settings)

    def plant(self, fault: Fault) -> Planted | None:
        """Damage events of a pair, all in one range; None if the demo has none that are fit."""
        pair = self._settings.catalog.pairs[fault.pair]
        grid = self._settings.grid_of(pair.entity)
        names = {"entity": pair.entity, "metric": pair.metric}
        with self._open() as client:
            times = {name: epoch(at) for name, at in _times(fault, pair).items()}
            chosen = clickhouse_frame(
                client,
                "shared/drill/chosen",
                target=TARGET_TABLE,
                rows=fault.rows,
                size=grid.size,
                **names,
                **times,
            ).rows()
            if not chosen:
                return None
            ids = grid.cell(chosen[0][0])
            keys = [(entity, user) for entity, user in chosen if ids.start <= entity < ids.stop]
            where = {**names, "target": TARGET_TABLE, "keys": str(keys)}
            if fault.another_user:
                clickhouse_run(client, "shared/drill/another_user", **where)
            clickhouse_run(client, "shared/drill/delete", **where)
        return Planted(fault, pair, ids, len(keys))

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


def _times(fault: Fault, pair: Pair) -> dict[str, datetime]:
    """From when (inclusive) and until when (exclusive) events may be damaged."""
    cutoff = cutoff_of(pair.entity)
    if fault.live:
        return {"since": cutoff, "until": _FOREVER}
    return {"since": DEMO_START, "until": cutoff - _MARGIN}
