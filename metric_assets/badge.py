"""The badge of a pair, `reconciled`: everything loaded, verified lately, and nothing fails.

Belongs here: what the badge takes into account and says. Does not belong here: a check (audit,
source_check), or what is kept of one (orchestration/proofs).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from metric_assets.catalog.model import Pair

#: Ranges named in a sentence.
_NAMED = 10
_LISTS = (
    "differing", "unloaded", "drifting", "behind", "unverified",
    "legacy_failing", "legacy_unchecked",
)  # fmt: skip


@dataclass(frozen=True)
class Badge:
    """What is known of a pair over its grid. Ranges are partition keys, in the order of the grid.

    ``unloaded`` were never materialized and hold entities or rows; ``differing``, ``drifting`` and
    ``behind`` fail the source check; ``unverified`` have no result of it about their last
    materialization. ``oldest_days`` is the age of the oldest proof, which must not exceed
    ``most_days``. ``figures`` are sums over ranges that fail.
    """

    pair: Pair
    grid: int
    materialized: int
    unloaded: tuple[str, ...] = ()
    differing: tuple[str, ...] = ()
    drifting: tuple[str, ...] = ()
    behind: tuple[str, ...] = ()
    unverified: tuple[str, ...] = ()
    legacy_failing: tuple[str, ...] = ()
    legacy_unchecked: tuple[str, ...] = ()
    oldest_days: float | None = None
    most_days: float = 2.0
    figures: Mapping[str, int] = field(default_factory=dict)

    @property
    def verified(self) -> int:
        """Ranges whose counter equals its source."""
        failing = (self.differing, self.drifting, self.behind, self.unverified)
        return self.materialized - sum(map(len, failing))

    @property
    def stale(self) -> bool:
        """Whether the oldest proof is too old."""
        return self.oldest_days is not None and self.oldest_days > self.most_days

    @property
    def passed(self) -> bool:
        """Whether all is well."""
        return not self.reasons

    @property
    def reasons(self) -> list[str]:
        """What is wrong, the gravest first."""
        found = [
            (self.differing, "differs", "differ", "from the source"),
            (self.unloaded, "was", "were", "never materialized and holds entities or rows"),
            (self.drifting, "has", "have", "live drift"),
            (self.legacy_failing, "breaks", "break", "the rule of legacy"),
            (self.behind, "is", "are", "not verified: the stream is behind"),
            (self.unverified, "is", "are", "not verified since the last materialization"),
            (self.legacy_unchecked, "was", "were", "not compared with legacy"),
        ]
        said = [_told(keys, one, more, what) for keys, one, more, what in found if keys]
        if self.stale:
            said.append(
                f"the oldest proof is {self.oldest_days:.1f} days old, at most"
                f" {self.most_days:g} are allowed"
            )
        return said

    @property
    def sentence(self) -> str:
        """What is wrong, or that nothing is."""
        if self.reasons:
            return f"{self.pair.key}: {'; '.join(self.reasons)}"
        if not self.materialized:
            return f"{self.pair.key}: no range holds an entity, and none was materialized"
        return f"{self.pair.key}: all {self.materialized} materialized ranges equal their source"

    @property
    def word(self) -> str:
        """The gravest thing that is wrong, in a word or two; "equal" if nothing is."""
        words = {
            "differs": self.differing,
            "not loaded": self.unloaded,
            "live drift": self.drifting,
            "legacy differs": self.legacy_failing,
            "stream behind": self.behind,
            "not verified": self.unverified,
            "unchecked": self.legacy_unchecked,
            "proof too old": self.stale,
        }
        return next((word for word, found in words.items() if found), "equal")

    @property
    def cure(self) -> str:
        """What to do about the gravest thing that is wrong; empty if nothing is."""
        command = f"`metric-assets reconcile {self.pair.key}"
        verifies = f"{command} --source` verifies them now"
        cures = {
            "equal": "",
            "differs": f"{command} --repair` loads these ranges",
            "not loaded": f"{command} --repair` loads these ranges",
            "live drift": "replay the live events of the hours that `matches_source` names; if that"
            f" will never be done, `metric-assets backfill {self.pair.key} --heal-live` makes the"
            " counter right",
            "legacy differs": f"{command}` says whether the target or the legacy counter is wrong",
            "stream behind": "they are verified again once the stream has caught up",
            "unchecked": f"{command}` compares them",
        }
        return cures.get(self.word, verifies)

    @property
    def verified_share(self) -> float | None:
        """Ranges whose counter equals its source, of those that hold anything; None if none do."""
        needed = self.materialized + len(self.unloaded)
        return self.verified / needed if needed else None

    @property
    def lists(self) -> dict[str, list[str]]:
        """The ranges that are not well, by what is wrong."""
        return {name: list(getattr(self, name)) for name in _LISTS}


def _told(keys: Sequence[str], one: str, more: str, what: str) -> str:
    """How many ranges, what of them, and which."""
    if len(keys) == 1:
        return f"1 range {one} {what}: {keys[0]}"
    return f"{len(keys)} ranges {more} {what.replace('holds', 'hold')}: {_named(keys)}"


def _named(keys: Sequence[str]) -> str:
    more = f" and {len(keys) - _NAMED} more" if len(keys) > _NAMED else ""
    return ", ".join(keys[:_NAMED]) + more
