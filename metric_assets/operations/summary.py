"""Whether all is well, as of when: what the newest results of checks come to.

Belongs here: the summary of a target by its history. Does not belong here: how it is shown (report
page, summary assets), or a check.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from metric_assets.audit.checks import BELONGS, BEYOND_GRID, RECONCILED
from metric_assets.audit.history import History, HistoryRow, rows_of
from metric_assets.catalog.model import Pair
from metric_assets.settings import Settings

#: Days that the newest summary of a pair may be old: the schedule runs once a day.
_RECENT_DAYS = 2.0
_DAY = timedelta(days=1)
#: Pairs named in a sentence.
_NAMED = 5


@dataclass(frozen=True)
class PairState:
    """What is known of a pair: its newest ``badge``, and the results of single ranges that fail and
    are newer (``since``).
    """

    pair: Pair
    badge: HistoryRow | None = None
    since: tuple[HistoryRow, ...] = ()

    @property
    def well(self) -> bool:
        """Whether all that is known is well."""
        return self.badge is not None and self.badge.passed and not self.since

    @property
    def word(self) -> str:
        """The gravest thing that is wrong: "equal" if nothing is, "unchecked" if none is known."""
        if self.badge is None:
            return self.since[0].word if self.since else "unchecked"
        return self.since[0].word if self.badge.passed and self.since else self.badge.word

    @property
    def told(self) -> HistoryRow | None:
        """The result that says what is wrong, and what to do."""
        if self.since and (self.badge is None or self.badge.passed):
            return self.since[0]
        return self.badge

    @property
    def oldest_proof(self) -> datetime | None:
        """When the range was verified whose proof is the oldest, UTC."""
        if self.badge is None or self.badge.oldest_proof_days is None:
            return None
        return self.badge.at - timedelta(days=self.badge.oldest_proof_days)

    def as_dict(self, now: datetime) -> dict[str, Any]:
        """Plain values, for JSON; ages as of ``now``."""
        badge, oldest = self.badge, self.oldest_proof
        told = self.told
        return {
            "pair": self.pair.key,
            "well": self.well,
            "word": self.word.replace(" ", "_"),
            "checked": badge.at.isoformat() if badge else None,
            "coverage": badge.coverage if badge else None,
            "oldest_proof": oldest.isoformat() if oldest else None,
            "oldest_proof_days": round((now - oldest) / _DAY, 3) if oldest else None,
            **{name: getattr(badge, name) if badge else 0 for name in SUMS},
            "cause": told.cause if told else "",
            "cure": told.cure if told else "",
        }


#: Words for what is wrong, the gravest first.
GRAVITY = (
    "differs", "not loaded", "live drift", "legacy differs", "stream behind", "not verified",
    "unchecked", "proof too old", "equal",
)  # fmt: skip
#: Figures of a badge that are sums over its failing ranges.
SUMS = ("missing", "surplus", "live_missing", "live_phantom")


@dataclass(frozen=True)
class Summary:
    """A target as of ``now``: its pairs, and the newest results that are not about a pair
    (``whole``).
    """

    target: str
    now: datetime
    pairs: tuple[PairState, ...]
    whole: tuple[HistoryRow, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether nothing has been recorded of these pairs."""
        return all(one.badge is None and not one.since for one in self.pairs)

    @cached_property
    def wrong(self) -> list[PairState]:
        """Pairs of which something is known that is not well, the gravest first."""
        found = [one for one in self.pairs if not one.well and one.told is not None]
        return sorted(found, key=lambda one: GRAVITY.index(one.word))

    @cached_property
    def unchecked(self) -> list[PairState]:
        """Pairs of which nothing is known."""
        return [one for one in self.pairs if one.told is None]

    @property
    def failing_whole(self) -> list[HistoryRow]:
        """Results that are not about a pair, and are not well."""
        return [row for row in self.whole if not row.passed]

    @property
    def as_of(self) -> datetime | None:
        """The oldest of the newest summaries: since then every pair has been looked at."""
        return min((one.badge.at for one in self.pairs if one.badge), default=None)

    @property
    def oldest_proof(self) -> datetime | None:
        """The oldest proof of all pairs."""
        found = [one.oldest_proof for one in self.pairs if one.oldest_proof]
        return min(found, default=None)

    @property
    def overdue(self) -> bool:
        """Whether the audit has not run for so long that nobody can know."""
        return self.as_of is not None and self.now - self.as_of > _RECENT_DAYS * _DAY

    @property
    def well(self) -> bool:
        """Whether every pair is well, as far as was looked at lately."""
        bad = self.wrong or self.unchecked or self.failing_whole
        return not (self.empty or bad or self.overdue)

    @property
    def sentence(self) -> str:
        """Whether all is well, and as of when."""
        if self.empty:
            return (
                f"No check of {self.target} has been recorded yet: `metric-assets backfill` loads"
                " and checks, `metric-assets reconcile` checks what is loaded."
            )
        total = len(self.pairs)
        good = total - len(self.wrong) - len(self.unchecked)
        as_of = f"as of {self.as_of:%Y-%m-%d %H:%M} UTC" if self.as_of else "so far"
        if good < total or self.failing_whole:
            text = f"Not all is well {as_of}: {good} of {total} pairs are"
        else:
            counters = "the only counter equals" if total == 1 else f"all {total} counters equal"
            was = "was" if self.overdue else "is"
            text = f"All {was} well {as_of}: {counters} the source"
        parts = [text]
        if self.wrong:
            parts.append(f"these are not: {_named(self.wrong)}")
        if self.unchecked:
            parts.append(f"never checked: {_named(self.unchecked)}")
        parts += [row.cause for row in self.failing_whole]
        if self.oldest_proof:
            parts.append(f"the oldest proof is {days(self.now - self.oldest_proof)} old")
        if self.overdue and self.as_of:
            parts.append(f"the last check is {days(self.now - self.as_of)} old: no audit runs")
        return "; ".join(parts) + "."

    def total(self, name: str) -> int:
        """The sum of a figure over all pairs."""
        return sum(int(getattr(one.badge, name)) for one in self.pairs if one.badge)

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        as_of, oldest = self.as_of, self.oldest_proof
        return {
            "sentence": self.sentence,
            "well": self.well,
            "target": self.target,
            "as_of": as_of.isoformat() if as_of else None,
            "oldest_proof": oldest.isoformat() if oldest else None,
            "pairs": [one.as_dict(self.now) for one in self.pairs],
            "failing_whole": [row.cause for row in self.failing_whole],
        }


def read_summary(
    history: History, settings: Settings, pairs: Sequence[Pair], now: datetime
) -> Summary:
    """The summary by what is recorded of whole pairs alone: a few rows, whatever the grids."""
    names = [RECONCILED, BEYOND_GRID, BELONGS]
    rows = rows_of(history.read("clickhouse/history_newest", checks=names))
    return summarize(rows, settings, pairs, now)


def summarize(
    rows: Iterable[HistoryRow], settings: Settings, pairs: Sequence[Pair], now: datetime
) -> Summary:
    """The summary of the newest results; those of single ranges count where they are among them."""
    badges: dict[str, HistoryRow] = {}
    ranges: dict[str, list[HistoryRow]] = {}
    whole: list[HistoryRow] = []
    entities = {pair.entity for pair in pairs}
    for row in rows:
        if not row.metric_type:
            if not row.entity_type or row.entity_type in entities:
                whole.append(row)
        elif row.check == RECONCILED:
            badges[row.pair] = row
        elif not row.passed:
            ranges.setdefault(row.pair, []).append(row)
    states = []
    for pair in pairs:
        badge = badges.get(pair.key)
        later = [row for row in ranges.get(pair.key, ()) if badge is None or row.at > badge.at]
        states.append(PairState(pair, badge, tuple(later)))
    return Summary(settings.target_table, now, tuple(states), tuple(whole))


def days(age: timedelta) -> str:
    """An age in words: minutes, hours or days."""
    minutes = age.total_seconds() / 60
    if minutes < 120:
        return f"{max(minutes, 0):.0f} minutes"
    return f"{minutes / 60:.1f} hours" if minutes < 2 * 24 * 60 else f"{minutes / 60 / 24:.1f} days"


def _named(states: Sequence[PairState]) -> str:
    named = ", ".join(f"{one.pair.key} ({one.word})" for one in states[:_NAMED])
    more = len(states) - _NAMED
    return f"{named} and {more} more" if more > 0 else named
