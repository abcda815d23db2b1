"""What goes wrong: each changes a place that was loaded and verified, and is one cause."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone

from metric_assets.explanation import Cause
from metric_assets_tests.explained.places import UPDATED, Place, Row
from metric_assets_tests.integration.platforms import CUTOFF

_SPANS = (3_600, -3_600, 7_200, -28_800, 19_800, 86_400, -1, 61)
_LATER = datetime(2026, 4, 1, tzinfo=timezone.utc), datetime(2026, 6, 1, tzinfo=timezone.utc)
#: When the legacy counters stopped.
STOPPED = datetime(2026, 3, 2, tzinfo=timezone.utc)


def lost(place: Place) -> None:
    """A block of neighbouring entities, or of neighbouring times, is gone from the target."""
    rows = [row for row in place.below if row.entity in place.inner()]
    if place.chance.random() < 0.5:
        rows.sort(key=lambda row: row.at)
    size = place.chance.choice([1, 2, 5, 20, 60])
    first = place.chance.randrange(len(rows) - size)
    for row in rows[first : first + size]:
        place.target.remove(row)


def doubled(place: Place) -> None:
    """A block of entities is written once more."""
    inner = place.inner()
    first = place.chance.randrange(len(inner) - 4)
    chosen = inner[first : first + place.chance.randint(1, 4)]
    place.target += [row for row in place.below if row.entity in chosen]


def deleted(place: Place) -> None:
    """Rows are deleted at the source."""
    for row in place.some(place.early, 1, 8):
        place.source.remove(row)


def added(place: Place) -> None:
    """Rows dated before the cutoff come into the source."""
    begin = datetime(2025, 1, 1, tzinfo=timezone.utc)
    for _ in range(place.chance.randint(1, 8)):
        entity = place.chance.choice(sorted(place.entities))
        place.source.append(place.row(entity, begin, CUTOFF - timedelta(days=1)))


def redated(place: Place) -> None:
    """Rows get another time at the source: all by the same span, or each its own."""
    same = place.chance.random() < 0.5
    for row in place.some(place.early, 1, 6):
        days = 1 if same else place.chance.randint(1, 90)
        place.replace_in(place.source, row, row._replace(at=row.at - timedelta(days=days)))


def shifted(place: Place) -> None:
    """Times in the target move by one span."""
    by = timedelta(seconds=place.chance.choice(_SPANS))
    rows = [row for row in place.below if row.at + by < CUTOFF - timedelta(seconds=2)]
    chosen = rows if place.chance.random() < 0.5 else place.some(rows, 4, 30)
    for row in chosen:
        place.replace_in(place.target, row, row._replace(at=row.at + by))


def cut(place: Place) -> None:
    """Milliseconds are cut in the target."""
    rows = [
        row for row in place.below if row.at.microsecond and row.at < CUTOFF - timedelta(seconds=2)
    ]
    for row in rows if place.chance.random() < 0.5 else place.some(rows, 4, 30):
        place.replace_in(place.target, row, row._replace(at=row.at.replace(microsecond=0)))


def border_id(place: Place) -> None:
    """The first or the last id of the range is gone, or there twice."""
    entity = place.chance.choice([place.ids.start, place.ids.stop - 1])
    rows = [row for row in place.below if row.entity == entity]
    if place.chance.random() < 0.5:
        place.target = [row for row in place.target if row not in rows]
    else:
        place.target += rows


def border_instant(place: Place) -> None:
    """The rows of the last instant before the cutoff are gone."""
    place.target = [row for row in place.target if row.at != last(place)]


def last(place: Place) -> datetime:
    """The last instant before the cutoff that the source knows."""
    return CUTOFF - (timedelta(milliseconds=1) if place.fine else timedelta(seconds=1))


def with_edge(place: Place) -> None:
    """Before the load: some rows of the last instant before the cutoff."""
    for entity in place.chance.sample(sorted(place.entities), place.chance.randint(1, 4)):
        place.source.append(
            place.row(entity, CUTOFF, CUTOFF + timedelta(1))._replace(at=last(place))
        )


def overlap(place: Place) -> None:
    """The platform writes live events from some time before the cutoff on."""
    rows = sorted(place.early, key=lambda row: row.at)
    for row in rows[-place.chance.randint(8, 40) :]:
        late = timedelta(milliseconds=place.chance.randint(1, 400))
        if row.at + late < CUTOFF:
            place.target.append(row._replace(at=row.at + late))


def wrong_value(place: Place) -> None:
    """Values change in the target."""
    for row in place.some(place.below, 1, 5):
        value = row.value + place.chance.choice([1, 2, 5])
        place.replace_in(place.target, row, row._replace(value=value))


def wrong_user(place: Place) -> None:
    """Users change in the target."""
    for row in place.some(place.below, 1, 5):
        user = place.chance.choice([0, 7, place.user()])
        place.replace_in(place.target, row, row._replace(user=user))


def live_lost(place: Place) -> None:
    """Live events are gone."""
    for row in place.some(place.events, 1, 6):
        place.target.remove(row)


def live_doubled(place: Place) -> None:
    """Live events are written once more."""
    place.target += place.some(place.events, 1, 6)


def entity_deleted(place: Place) -> None:
    """Entities are deleted, and their rows with them."""
    for entity in place.chance.sample(place.inner(), place.chance.randint(1, 3)):
        place.entities.discard(entity)
        place.source = [row for row in place.source if row.entity != entity]
        # The platform takes its live events away with it.
        place.target = [row for row in place.target if row.entity != entity or row.at < CUTOFF]


def never_loaded(place: Place) -> None:
    """Nobody loads it."""
    place.target = place.events


def moves(place: Place, entities: list[int]) -> None:
    """The platform goes on: rows and live events."""
    for entity in entities:
        for _ in range(place.chance.randint(1, 3)):
            row = place.row(entity, *_LATER)._replace(value=1)
            place.source.append(row)
            place.target.append(row)


def legacy_stale(place: Place) -> None:
    """Some legacy counters are not computed again although the platform goes on."""
    chosen = place.chance.sample(sorted(place.entities), 20)
    old = dict(place.legacy)
    moves(place, chosen)
    place.recompute()
    for entity in chosen[: place.chance.randint(1, 12)]:
        place.legacy[entity] = (old[entity][0], STOPPED)


def legacy_frozen(place: Place) -> None:
    """No legacy counter is computed any more while the platform goes on."""
    old = dict(place.legacy)
    moves(place, place.chance.sample(sorted(place.entities), place.chance.randint(5, 25)))
    place.legacy = {entity: (value, STOPPED) for entity, (value, _) in old.items()}


def legacy_changed(place: Place) -> None:
    """Somebody writes other numbers into the legacy table."""
    for entity in place.chance.sample(sorted(place.entities), place.chance.randint(1, 6)):
        value = place.legacy[entity][0] + place.chance.choice([-3, 1, 2, 7, 100])
        place.legacy[entity] = (value, UPDATED + timedelta(days=1))


def nothing(place: Place) -> None:
    """All is well."""


def live_begins_later(place: Place, at: datetime) -> None:
    """Before the load: the platform writes live events from ``at`` on only."""
    place.live = [row for row in place.live if row.at >= at]
    for entity in place.chance.sample(sorted(place.entities), 4):
        place.source.append(place.row(entity, CUTOFF, at)._replace(value=1))


#: What is injected, by the cause that has to be named; causes of either kind are apart.
INJECTIONS: dict[str, tuple[Cause | None, Callable[[Place], None]]] = {
    "nothing": (None, nothing),
    "lost block": (Cause.LOST, lost),
    "doubled block": (Cause.DOUBLED, doubled),
    "deleted at the source": (Cause.DELETED, deleted),
    "added at the source": (Cause.ADDED, added),
    "re-dated at the source": (Cause.REDATED, redated),
    "time shift": (Cause.TIME_SHIFT, shifted),
    "milliseconds cut": (Cause.MILLISECONDS_CUT, cut),
    "border id": (Cause.BORDER, border_id),
    "last instant": (Cause.BORDER, border_instant),
    "live before the cutoff": (Cause.WRONG_CUTOFF, overlap),
    "live begins later": (Cause.WRONG_CUTOFF, nothing),
    "wrong value": (Cause.WRONG_VALUE, wrong_value),
    "wrong user": (Cause.WRONG_USER, wrong_user),
    "live events lost": (Cause.LIVE_LOST, live_lost),
    "live events doubled": (Cause.LIVE_DOUBLED, live_doubled),
    "entity deleted": (Cause.ENTITY_DELETED, entity_deleted),
    "never loaded": (Cause.NEVER_LOADED, never_loaded),
    "legacy stale": (Cause.LEGACY_STALE, legacy_stale),
    "legacy frozen": (Cause.LEGACY_FROZEN, legacy_frozen),
    "legacy changed": (Cause.LEGACY_CHANGED, legacy_changed),
}


def both(place: Place, *causes: str) -> None:
    """Several things go wrong in one place."""
    for cause in causes:
        INJECTIONS[cause][1](place)


__all__ = ["INJECTIONS", "Row", "both", "live_begins_later", "with_edge"]
