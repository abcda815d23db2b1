"""The rule of docs/explanation/counter.md, key by key, in plain Python.

Belongs here: what must be held below the cutoff, written out from the specification. It shares
nothing with sql/clickhouse/judge.sql, which does the same for all keys at once. Does not belong
here: stores.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

FAR = 2**62


@dataclass(frozen=True)
class Kind:
    """What is known of a pair: see Pair.live, live_key and signed."""

    signed: bool = False
    absorb: bool = False
    by_entity: bool = False


@dataclass
class Key:
    """The sums of one key. ``before`` and ``after`` are source rows on both sides of the cutoff,
    ``held`` what the target has below it, ``live`` its live events as (dated, value).
    """

    entity: int
    user: int
    before: int = 0
    after: int = 0
    held: int = 0
    held_rows: int = 0
    live: list[tuple[datetime, int]] = field(default_factory=list)
    #: Whether a source row after the cutoff is recent.
    recent: bool = False
    #: What an earlier look found held, if one did.
    earlier: int | None = None


@dataclass(frozen=True)
class Judgement:
    """What the rule says of a key: counter and source are equal for a base from low to high."""

    key: Key
    present: int
    low: int
    high: int
    base: int
    rest: int

    @property
    def asked(self) -> int:
        """The adjustment before anything is taken back."""
        return self.base - self.key.before

    @property
    def written(self) -> bool:
        """Whether it is written down: rows that are only missing are not."""
        known = self.key.held_rows > 0 or self.key.earlier is not None
        changed = self.base < self.present or (self.base != self.present and known)
        return bool(self.asked or self.rest or self.low < self.high or changed)


@dataclass(frozen=True)
class Found:
    """The judgement of one metric: final adjustments by key, and its figures."""

    adjustments: dict[tuple[int, int], int]
    judgements: tuple[Judgement, ...]
    withdrawn: int
    overlap: int
    unsettled: int
    width: int
    moved: int
    missing: int
    phantom: int
    untold: int
    changes: int
    gone: dict[int, int]


def judge_key(
    key: Key, kind: Kind, sure: datetime, until: datetime, *, unloaded: bool
) -> Judgement:
    """The base of one key; ``unloaded`` says that a key of which nothing is held was never loaded."""
    certain = sum(value for at, value in key.live if at < sure)
    near = [value for at, value in key.live if sure <= at <= until]
    seen = [value for at, value in key.live if at <= until]
    low = key.before + key.after - certain - sum(value for value in near if value > 0)
    high = key.before + key.after - certain - sum(value for value in near if value < 0)
    negative = -sum(value for value in seen if value < 0)
    positive = sum(value for value in seen if value > 0)
    if key.earlier is not None:
        present = key.earlier
    else:
        present = key.before if unloaded and key.held_rows == 0 else key.held
    least = key.before - positive if kind.signed else min(key.before, 0)
    most = key.before + negative
    if kind.absorb:
        least, most = -FAR, FAR
    down = min(present, max(high, min(present, least)))
    up = min(low, max(present, most))
    base = max(down, up)
    rest = low - base if base < low else high - base if base > high else 0
    return Judgement(key, present, low, high, base, rest)


def judge(
    keys: Iterable[Key], kind: Kind, sure: datetime, until: datetime, *, unloaded: bool
) -> Found:
    """Judge all keys of a metric, entity by entity."""
    entities: dict[int, list[Judgement]] = defaultdict(list)
    for key in keys:
        entities[key.entity].append(judge_key(key, kind, sure, until, unloaded=unloaded))
    adjustments: dict[tuple[int, int], int] = {}
    moved = missing = phantom = untold = changes = 0
    gone: dict[int, int] = {}
    for entity, judged in entities.items():
        moved += min(
            sum(max(one.rest, 0) for one in judged), sum(max(-one.rest, 0) for one in judged)
        )
        written = [one for one in judged if one.written]
        least = sum(one.low - one.present for one in written)
        greatest = sum(one.high - one.present for one in written)
        change = sum(one.base - one.present for one in written)
        may_be_right = not unloaded and least <= 0 <= greatest
        lower = max(change, 0) if may_be_right else max(change - greatest, 0)
        raised = max(-change, 0) if may_be_right else max(least - change, 0)
        for one in sorted(judged, key=lambda one: one.key.user):
            adjustment = one.asked
            before, present = one.key.before, one.present
            if one.written:
                floor = ceiling = present if may_be_right else before
                down = min(max(one.base - floor, 0), lower)
                up = min(max(ceiling - one.base, 0), raised)
                adjustment += up - down
                lower, raised, change = lower - down, raised - up, change + up - down
            if adjustment:
                adjustments[entity, one.key.user] = adjustment
            final = one.key.before + adjustment
            told = any(value < 0 for at, value in one.key.live if at <= until)
            if final < one.present and one.key.before < one.present and not told:
                lost = min(one.present - final, one.present - one.key.before)
                untold += lost
                gone[entity] = gone.get(entity, 0) + lost
            changes += one.written and (
                one.base != one.present
                or adjustment != one.asked
                or one.rest < 0
                or (one.rest > 0 and one.key.recent)
            )
        missing += max(least - change, 0)
        phantom += max(change - greatest, 0)
    every = tuple(one for judged in entities.values() for one in judged)
    return Found(
        adjustments,
        every,
        withdrawn=sum(value for value in adjustments.values() if value > 0),
        overlap=-sum(value for value in adjustments.values() if value < 0),
        unsettled=sum(one.low < one.high for one in every),
        width=sum(one.high - one.low for one in every),
        moved=moved,
        missing=missing,
        phantom=phantom,
        untold=untold,
        changes=changes,
        gone=gone,
    )


#: An event below the cutoff: user, dated, value.
Row = tuple[int, datetime, int]


def adjustment_rows(
    adjustment: int, source: Sequence[Row], held: Sequence[Row], user: int, before: datetime
) -> Counter[Row]:
    """The rows that stand for an adjustment of one key: what is held beyond the source's rows, if it
    sums to the adjustment, else one event at ``before``.
    """
    beyond: Counter[Row] = Counter()
    sides: Mapping[str, Counter[Row]] = {"source": Counter(source), "held": Counter(held)}
    for who, at, size in {(who, at, abs(value)) for who, at, value in (*source, *held)}:
        plus = max(sides["held"][who, at, size] - sides["source"][who, at, size], 0)
        minus = max(sides["held"][who, at, -size] - sides["source"][who, at, -size], 0)
        both = min(plus, minus)
        beyond[who, at, size] += plus - both
        beyond[who, at, -size] += minus - both
    beyond = +beyond
    if sum(value * copies for (_, _, value), copies in beyond.items()) == adjustment:
        return beyond
    return Counter({(user, before, adjustment): 1})


def cancel_out(rows: Counter[Row], before: datetime) -> None:
    """Take away rows at ``before`` that weigh nothing: as many of them as of their opposites."""
    for who, at, value in [row for row in rows if row[1] == before and row[2] > 0]:
        if rows[who, at, value] == rows[who, at, -value]:
            del rows[who, at, value], rows[who, at, -value]
