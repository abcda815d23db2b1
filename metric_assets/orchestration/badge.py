"""The badge of a pair, by what Dagster's storage holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timezone

from metric_assets.audit.source_check import SourceWord
from metric_assets.badge import Badge
from metric_assets.catalog.model import Pair
from metric_assets.orchestration.audit_budget import PERIOD_DAYS
from metric_assets.orchestration.check_names import MATCHES_LEGACY, MATCHES_SOURCE
from metric_assets.orchestration.proofs import Proof, Proofs
from metric_assets.settings import Settings

#: What is summed up over ranges that fail.
SUMS = ("missing", "surplus", "live_missing", "live_phantom")


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
        pair,
        len(grid),
        len(keys),
        unloaded=tuple(unloaded),
        differing=tuple(words[SourceWord.DIFFERS.value]),
        drifting=tuple(words[SourceWord.DRIFTS.value]),
        behind=tuple(words[SourceWord.BEHIND.value]),
        unverified=tuple(key for key in keys if key not in source),
        legacy_failing=tuple(key for key in keys if key in legacy and not legacy[key].passed),
        legacy_unchecked=tuple(key for key in keys if key not in legacy),
        oldest_days=_oldest_days(pair, {key: source[key] for key in keys if key in source}, proofs),
        most_days=2 * max(settings.audit_days, PERIOD_DAYS),
        figures={name: sum(int(found.get(name, 0)) for found in figures.values()) for name in SUMS},
    )


def _oldest_days(pair: Pair, known: Mapping[str, Proof], proofs: Proofs) -> float | None:
    """The age of the oldest result that passed, in days."""
    ages = {key: proof.age for key, proof in known.items() if proof.passed}
    if not ages:
        return None
    made = proofs.evaluated_at(pair, MATCHES_SOURCE, min(ages, key=ages.__getitem__))
    if made is None:
        return None
    return round((datetime.now(timezone.utc) - made).total_seconds() / 86_400, 3)
