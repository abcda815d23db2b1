"""The answer to why a counter differs from its source: all hypotheses, the largest group first."""

from __future__ import annotations

from metric_assets.audit.explain.below import explain_below
from metric_assets.audit.explain.case import Case
from metric_assets.audit.explain.groups import finding
from metric_assets.audit.explain.live import explain_live
from metric_assets.explanation import Explanation, ordered


def explain(case: Case) -> Explanation:
    """Why a range differs below the cutoff, and why its live events do; no finding if neither."""
    pair, key = case.result.pair.key, case.result.ids.key
    groups = [*explain_below(case), *explain_live(case)]
    findings = ordered([finding(group, pair, key) for group in groups])
    return Explanation(pair, key, findings, _note(case))


def _note(case: Case) -> str:
    """What was left unread."""
    seen = case.examined
    if seen.complete:
        return ""
    read = seen.wanted["entityId"].append(seen.held["entityId"]).n_unique()
    return (
        f"these are figures of a sample: {read:,} of {seen.differing:,} entities that differ; in"
        f" all {case.result.inserted:,} events are missing and {case.result.removed:,} surplus"
    )
