"""Names of checks, tags and metadata that runs and commands agree on.

Belongs here: names. Does not belong here: anything that is done under them.
"""

from __future__ import annotations

from collections.abc import Iterable

import dagster as dg

from metric_assets.audit import checks
from metric_assets.catalog.model import Pair

MATCHES_LEGACY = checks.MATCHES_LEGACY
MATCHES_SOURCE = checks.MATCHES_SOURCE
RECONCILED = checks.RECONCILED
BELONGS = checks.BELONGS
BEYOND_GRID = checks.BEYOND_GRID
#: The checks of a pair.
CHECKS = (MATCHES_SOURCE, MATCHES_LEGACY, RECONCILED)
#: Tag of a run of checks: which ranges are compared with their source.
SOURCE_TAG = "metric_assets/source"
#: Its values: all that is materialized, or none; without the tag the oldest proofs within a budget.
ALL, NONE = "all", "none"
#: Tag of the jobs and runs of an entity.
ENTITY_TAG = "metric_assets/entity"
#: Tags of a pair: the rule of its comparison with legacy, and what it is read by.
RULE_TAG, SCAN_TAG = "metric_assets/rule", "metric_assets/scan"
#: Tag of a run that makes counters right whatever live events explain.
HEAL_TAG = "metric_assets/heal_live"
#: Tag of a run that undoes another: that run.
UNDOES_TAG = "metric_assets/undoes"


def asset_key(pair: Pair) -> dg.AssetKey:
    """The key: the two strings stored in ClickHouse."""
    return dg.AssetKey([pair.entity, pair.metric])


def check_key(pair: Pair, name: str) -> dg.AssetCheckKey:
    """The key of a check of a pair."""
    return dg.AssetCheckKey(asset_key(pair), name)


def check_keys(pairs: Iterable[Pair]) -> set[dg.AssetCheckKey]:
    """The keys of all checks of some pairs."""
    return {check_key(pair, name) for pair in pairs for name in CHECKS}


def output_name(pair: Pair, name: str) -> str:
    """The output that a step has to yield for a check of a pair."""
    return f"{asset_key(pair).to_python_identifier()}_{name}"


def checks_name(entity: str) -> str:
    """The step that checks an entity's pairs."""
    return f"{entity}_checks"
