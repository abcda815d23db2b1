"""The cutoffs: set for every entity, in the past, and what one inside a day means.

Belongs here: cutoffs against the clock and the calendar. Does not belong here: the newest live
event (live), or the precision of the target's times (target).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, time, timedelta, timezone

from metric_assets.catalog.catalog import Catalog
from metric_assets.doctor.findings import FAILED, REMARK, Finding
from metric_assets.settings import CUTOFF, CUTOFFS, Settings


def examine(settings: Settings) -> Iterator[Finding]:
    """Cutoffs: set for every entity, in the past, and what one inside a day means."""
    given = {entity: settings.known_cutoff(entity) for entity in settings.catalog.entity}
    missing = [entity for entity, cutoff in given.items() if cutoff is None]
    known = {entity: cutoff for entity, cutoff in given.items() if cutoff is not None}
    if missing:
        yield Finding(
            "Settings: cutoffs",
            f"none for {', '.join(missing)}",
            f"Set {CUTOFF}, or {CUTOFFS} for single entity types, to the instant of the first live"
            " event",
            FAILED,
        )
    now = datetime.now(timezone.utc)
    for entity, cutoff in known.items():
        if cutoff > now:
            yield Finding(
                "Settings: cutoffs",
                f"{entity}: {cutoff.isoformat()} lies in the future, so live events would be taken"
                " for ours",
                f"Set {CUTOFF} or {CUTOFFS} to the instant of the first live event",
                FAILED,
            )
    if known:
        yield Finding("Settings: cutoffs", _in_words(known))
    yield from _whole_days(known, settings.catalog)


def cutoff_or_now(settings: Settings, entity: str) -> datetime:
    """The entity's cutoff; where none is set now, so that a statement can be looked at."""
    return settings.known_cutoff(entity) or datetime.now(timezone.utc)


def _in_words(known: Mapping[str, datetime]) -> str:
    entities: dict[datetime, list[str]] = {}
    for entity, cutoff in known.items():
        entities.setdefault(cutoff, []).append(entity)
    return "; ".join(f"{cutoff.isoformat()} for {', '.join(of)}" for cutoff, of in entities.items())


def _whole_days(known: Mapping[str, datetime], catalog: Catalog) -> Iterator[Finding]:
    """Tables with a row a day cannot be cut inside of one."""
    scans = [scan for scan in catalog.scans if scan.daily]
    for entity in dict.fromkeys(scan.entity for scan in scans):
        metrics = [pair.metric for scan in scans if scan.entity == entity for pair in scan.pairs]
        cutoff = known.get(entity)
        if cutoff is not None and cutoff.time() != time():
            before = datetime.combine(cutoff.date(), time(), timezone.utc)
            after = before + timedelta(days=1)
            yield Finding(
                f"{entity}: cutoff",
                f"{cutoff.isoformat()} lies inside a day, but {' and '.join(metrics)} are counted"
                " by whole days, UTC. With live events that day is taken as a whole, less what live"
                " events say of it. Without, a scan may leave it out, and what happened of it"
                " before the cutoff is in neither backfill nor live events; or take all of it",
                f"Use a midnight, UTC, for {entity} in {CUTOFFS}, if the live stream allows it:"
                f" {before.isoformat()} or {after.isoformat()}",
                REMARK,
            )
