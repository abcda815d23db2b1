"""Kinds of histories: what users do, and what goes wrong.

Belongs here: one function a kind, from chance to a world. Does not belong here: the platform
(world), or loads (model).
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from metric_assets_tests.histories.rule import Kind
from metric_assets_tests.histories.world import CUTOFF, DAY, Faults, Row, World, moments

USERS = (0, 1, 2, 3)


@dataclass(frozen=True)
class History:
    """A world, and how it is loaded.

    ``moved`` is the cutoff from the third load on. ``heal`` names loads that heal. ``stale`` is by
    how much the source lags at the second load. ``killed`` names loads that write only a part.
    ``undone`` says how many loads, the newest first, are undone after a load, by its number.
    """

    world: World
    kind: Kind = field(default_factory=Kind)
    moved: datetime = CUTOFF
    heal: frozenset[int] = frozenset()
    stale: timedelta = timedelta(0)
    killed: frozenset[int] = frozenset()
    undone: Mapping[int, int] = field(default_factory=dict)


Maker = Callable[[random.Random], History]


def toggles(chance: random.Random, faults: Faults | None = None) -> History:
    """Users who like, unlike and like again."""
    world = World(chance, faults or Faults())
    for at in moments(chance, chance.randint(1, 10)):
        user = chance.choice(USERS)
        standing = world.standing(at, user)
        if standing:
            world.end(standing[0], at)
        else:
            world.add(user, 1, at)
    return History(world)


def tips(chance: random.Random, faults: Faults | None = None) -> History:
    """Tips that grow and shrink in place, and go."""
    world = World(chance, faults or Faults())
    for at in moments(chance, chance.randint(1, 10)):
        user = chance.choice(USERS)
        standing = world.standing(at, user)
        if not standing:
            world.add(user, chance.randint(1, 100), at)
        elif chance.random() < 0.15:
            world.end(standing[0], at)
        else:
            world.change(standing[0], max(1, standing[0].value + chance.randint(-60, 90)), at)
    return History(world)


def several(chance: random.Random, faults: Faults | None = None) -> History:
    """Several rows a user: comments made and deleted."""
    world = World(chance, faults or Faults())
    for at in moments(chance, chance.randint(1, 12)):
        standing = world.standing(at)
        if standing and chance.random() < 0.4:
            world.end(chance.choice(standing), at)
        else:
            world.add(chance.choice(USERS), 1, at)
    return History(world)


def signed(chance: random.Random) -> History:
    """A source that is itself a stream of creations and deletions."""
    world = World(chance)
    for at in moments(chance, chance.randint(1, 10)):
        world.add(chance.choice(USERS), chance.choice((1, 1, -1)), at)
    return History(world, Kind(signed=True))


def distinct(chance: random.Random) -> History:
    """Users counted once by their first row, while each row is announced: absorbed."""
    world = World(chance)
    for at in moments(chance, chance.randint(1, 10)):
        user = chance.choice(USERS)
        standing = world.standing(at, user)
        if standing and chance.random() < 0.4:
            # The next row of the user becomes the first; with none left the user counts no more.
            world.end(standing[0], at)
            if chance.random() < 0.5:
                world.rows.append(Row(user, at - timedelta(hours=1), 1, at))
        elif standing:
            world.announce(user, 1, at)
        else:
            world.add(user, 1, at)
    return History(world, Kind(absorb=True))


def redated(chance: random.Random) -> History:
    """Rows whose time is changed, also across the cutoff."""
    made = toggles(chance)
    world = made.world
    for at in moments(chance, 3):
        standing = world.standing(at)
        if standing:
            row = chance.choice(standing)
            if row.gone is None:
                world.redate(row, row.created + DAY * chance.choice((-20, -1, 1)), at)
    return made


def untold(chance: random.Random) -> History:
    """Rows that go without an event, and an entity that goes with or without events."""
    made = toggles(chance)
    world = made.world
    at = chance.choice(moments(chance, 3))
    told = chance.random() < 0.5
    for row in world.standing(at):
        if row.gone is None and (told or chance.random() < 0.7):
            world.end(row, at, told=told)
    return made


def by_entity(chance: random.Random) -> History:
    """Events name other users than rows: keys are entities."""
    made = toggles(chance, Faults(elsewhere=0.7))
    return replace(made, kind=Kind(by_entity=True))


def moved(chance: random.Random) -> History:
    """The cutoff is moved later between loads."""
    return replace(toggles(chance), moved=CUTOFF + DAY * chance.choice((1, 5, 12)))


def healed(chance: random.Random) -> History:
    """Lost events are healed; some are replayed after that, and ordinary loads follow."""
    made = toggles(chance, Faults(lost=0.2, replayed=0.3))
    return replace(made, heal=frozenset({chance.choice((0, 1, 2))}))


def hot(chance: random.Random) -> History:
    """A key that never rests: something happens at every load."""
    made = toggles(chance)
    world = made.world
    for at in sorted(at for at in moments(chance, 12) if at > CUTOFF):
        standing = [row for row in world.standing(at, 0) if row.gone is None]
        if standing and all(row.since <= at for row in world.rows if row.user == 0):
            world.end(standing[0], at)
        elif not world.standing(at, 0):
            world.add(0, 1, at)
    return made


def stale(chance: random.Random) -> History:
    """The source is a replica that lags."""
    return replace(toggles(chance), stale=timedelta(seconds=chance.choice((5, 400, 5000))))


def killed(chance: random.Random) -> History:
    """A load dies half-way."""
    return replace(tips(chance), killed=frozenset({chance.choice((0, 1, 2))}))


def loads_undone(chance: random.Random) -> History:
    """The second load is undone; so are the third and then the first, and the fourth finds nothing."""
    return replace(tips(chance), undone={1: 1, 2: 2})


def first_undone(chance: random.Random) -> History:
    """The first load is undone: the range was never loaded."""
    return replace(toggles(chance), undone={0: 1})


def move_undone(chance: random.Random) -> History:
    """The load that moves the cutoff is undone: live events that it took away are back."""
    return replace(moved(chance), undone={2: 1})


def heal_undone(chance: random.Random) -> History:
    """A load that heals is undone, before some of what was lost is replayed."""
    made = healed(chance)
    return replace(made, undone=dict.fromkeys(made.heal, 1))


def killed_undone(chance: random.Random) -> History:
    """A load dies half-way, and what it has written is undone."""
    made = killed(chance)
    return replace(made, undone=dict.fromkeys(made.killed, 1))


KINDS: dict[str, Maker] = {
    "toggles": toggles,
    "tips that grow and shrink": tips,
    "several rows a user": several,
    "signed values": signed,
    "distinct users whose first row changes": distinct,
    "re-dated rows": redated,
    "deletions with and without events": untold,
    "keys by entity": by_entity,
    "the cutoff moved later": moved,
    "healed, then replayed": healed,
    "hot keys": hot,
    "a stale source": stale,
    "a load that dies": killed,
    "loads that are undone": loads_undone,
    "a first load that is undone": first_undone,
    "a moved cutoff that is undone": move_undone,
    "healed, and undone": heal_undone,
    "a load that dies and is undone": killed_undone,
    "late events": lambda chance: toggles(chance, Faults(late=0.5)),
    "events lost": lambda chance: toggles(chance, Faults(lost=0.2)),
    "events doubled": lambda chance: toggles(chance, Faults(doubled=0.2)),
    "an outage replayed days later": lambda chance: tips(chance, Faults(replayed=0.3)),
    "other users in events": lambda chance: several(chance, Faults(elsewhere=0.4)),
    "clocks that differ": lambda chance: toggles(
        chance, Faults(skew=timedelta(milliseconds=chance.choice((15, 900, 8000))))
    ),
    "everything at once": lambda chance: several(
        chance,
        Faults(0.05, 0.05, 0.2, 0.05, 0.1, timedelta(milliseconds=chance.choice((15, 900)))),
    ),
}


def make(name: str, seed: int) -> History:
    """The history of a kind and a seed, always the same one."""
    return KINDS[name](random.Random(f"{name} {seed}"))  # noqa: S311 - not for secrets
