"""The badge of a pair, `reconciled`: everything loaded, proven lately, and nothing fails.

Belongs here: what the badge takes into account and says. Does not belong here: a check (audit,
source_audit), or what is kept of one (proofs).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone

import dagster as dg
from dagster import AssetCheckEvaluation

from metric_assets.catalog.model import Pair
from metric_assets.orchestration.audit_budget import PERIOD_DAYS
from metric_assets.orchestration.check_names import (
    MATCHES_LEGACY,
    MATCHES_SOURCE,
    RECONCILED,
)
from metric_assets.orchestration.proofs import Proof, Proofs
from metric_assets.settings import Settings
from metric_assets.source_check import SourceWord

#: Ranges named in a sentence.
_NAMED = 10
_SUMS = ("missing", "surplus", "live_missing", "live_phantom")


@dataclass(frozen=True)
class Badge:
    """What is known of a pair over its grid. Ranges are partition keys, in the order of the grid.

    ``unloaded`` were never materialized and hold entities or rows; ``differing``, ``drifting`` and
    ``behind`` fail the source check; ``unproven`` have no result of it about their last
    materialization. ``oldest_days`` is the age of the oldest proof, which must not exceed
    ``most_days``. ``figures`` are sums over ranges that fail.
    """

    pair: str
    grid: int
    materialized: int
    unloaded: tuple[str, ...] = ()
    differing: tuple[str, ...] = ()
    drifting: tuple[str, ...] = ()
    behind: tuple[str, ...] = ()
    unproven: tuple[str, ...] = ()
    legacy_failing: tuple[str, ...] = ()
    legacy_unchecked: tuple[str, ...] = ()
    oldest_days: float | None = None
    most_days: float = 2.0
    figures: Mapping[str, int] = field(default_factory=dict)

    @property
    def proven(self) -> int:
        """Ranges whose counter equals its source."""
        failing = (self.differing, self.drifting, self.behind, self.unproven)
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
            (self.differing, "differ from the source"),
            (self.unloaded, "were never materialized and hold entities or rows"),
            (self.drifting, "have live drift"),
            (self.legacy_failing, "break the rule of legacy"),
            (self.behind, "are not proven: the stream is behind"),
            (self.unproven, "are not proven since they were last materialized"),
            (self.legacy_unchecked, "were not compared with legacy"),
        ]
        said = [f"{len(keys)} ranges {what}: {_named(keys)}" for keys, what in found if keys]
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
            return f"{self.pair}: {'; '.join(self.reasons)}"
        if not self.materialized:
            return f"{self.pair}: no range holds an entity, and none was materialized"
        return f"{self.pair}: all {self.materialized} materialized ranges equal their source"

    @property
    def lists(self) -> dict[str, list[str]]:
        """The ranges that are not well, by what is wrong."""
        return {
            "differing": list(self.differing),
            "unloaded": list(self.unloaded),
            "drifting": list(self.drifting),
            "behind": list(self.behind),
            "unproven": list(self.unproven),
            "legacy_failing": list(self.legacy_failing),
            "legacy_unchecked": list(self.legacy_unchecked),
        }

    def evaluation(self) -> AssetCheckEvaluation:
        """The badge as a check result; its numbers are plots."""
        failed = [*self.differing, *self.drifting, *self.behind, *self.legacy_failing]
        wanted = self.materialized + len(self.unloaded)
        oldest = (
            {} if self.oldest_days is None else {"oldest_proof_days": round(self.oldest_days, 3)}
        )
        return AssetCheckEvaluation(
            asset_key=dg.AssetKey(self.pair.split("/")),
            check_name=RECONCILED,
            passed=self.passed,
            severity=dg.AssetCheckSeverity.ERROR,
            blocking=False,
            description=self.sentence,
            metadata={
                "materialized_ranges": self.materialized,
                "grid_ranges": self.grid,
                "proven_ranges": self.proven,
                "coverage_of_grid": self.materialized / wanted if wanted else 1.0,
                **{name: self.figures.get(name, 0) for name in _SUMS},
                **oldest,
                "failed_ranges": ", ".join(dict.fromkeys(failed)) or "none",
                "ranges": dg.MetadataValue.json(self.lists),
            },
        )


def build_badge(pair: Pair, unloaded: Sequence[str], settings: Settings, proofs: Proofs) -> Badge:
    """The badge of a pair by what the storage holds; ``unloaded`` as of Badge."""
    materialized = proofs.materialized(pair)
    grid = [ids.key for ids in settings.grid_of(pair.entity)]
    keys = [key for key in grid if key in materialized]
    source = proofs.current(pair, MATCHES_SOURCE)
    legacy = proofs.current(pair, MATCHES_LEGACY)
    failing = [key for key in keys if key in source and not source[key].passed]
    figures = proofs.figures(pair, MATCHES_SOURCE, failing)
    words: dict[str, list[str]] = {word.value: [] for word in SourceWord}
    for key in failing:
        words[str(figures.get(key, {}).get("word", SourceWord.DIFFERS.value))].append(key)
    return Badge(
        pair.key,
        len(grid),
        len(keys),
        unloaded=tuple(unloaded),
        differing=tuple(words[SourceWord.DIFFERS.value]),
        drifting=tuple(words[SourceWord.DRIFTS.value]),
        behind=tuple(words[SourceWord.BEHIND.value]),
        unproven=tuple(key for key in keys if key not in source),
        legacy_failing=tuple(key for key in keys if key in legacy and not legacy[key].passed),
        legacy_unchecked=tuple(key for key in keys if key not in legacy),
        oldest_days=_oldest_days(pair, {key: source[key] for key in keys if key in source}, proofs),
        most_days=2 * max(settings.audit_days, PERIOD_DAYS),
        figures={
            name: sum(int(found.get(name, 0)) for found in figures.values()) for name in _SUMS
        },
    )


def _oldest_days(pair: Pair, known: Mapping[str, Proof], proofs: Proofs) -> float | None:
    """The age of the oldest result that passed, in days."""
    ages = {key: proof.age for key, proof in known.items() if proof.passed}
    if not ages:
        return None
    made = proofs.evaluated_at(pair, MATCHES_SOURCE, min(ages, key=ages.__getitem__))
    if made is None:
        return None
    return (datetime.now(timezone.utc) - made).total_seconds() / 86_400


def _named(keys: Sequence[str]) -> str:
    more = f" and {len(keys) - _NAMED} more" if len(keys) > _NAMED else ""
    return ", ".join(keys[:_NAMED]) + more
