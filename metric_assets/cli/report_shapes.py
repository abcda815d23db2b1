"""Shapes of the objects in the document of `metric-assets report --json` (shapes)."""

from __future__ import annotations

from collections.abc import Mapping

from metric_assets.cli.shape import Key, Shape, keys

_RESULT: Shape = {
    "at": Key("instant", "when"),
    "place": Key("string", "what: pair and range, an entity type, or the target"),
    "check": Key("check", "by which check"),
    "verdict": Key("verdict", "what it came to"),
    "word": Key("state", "the gravest thing that was found"),
}

REPORT_ROWS: Mapping[str, Shape] = {
    "pair_state": {
        "pair": Key("string", "its key"),
        "well": Key("boolean", "whether all that is known of it is well"),
        "word": Key("state", "the gravest thing that is wrong"),
        "checked": Key("instant?", "when it was last summed up; null if never"),
        "coverage": Key("number?", "the share of ranges verified, of those that hold anything"),
        "oldest_proof": Key("instant?", "when the range was verified that has waited longest"),
        "oldest_proof_days": Key("number?", "its age in days"),
        **keys("integer", "sums over ranges that fail: events, and units of live drift",
               "missing", "surplus", "live_missing", "live_phantom"),
        **keys("string", "what was found, and what to do about it", "cause", "cure"),
    },
    "failed_result": {
        **_RESULT,
        "still": Key("boolean", "whether it fails now"),
        **keys("string", "what was found, and what to do about it", "cause", "cure"),
    },
    "changed_result": {
        **_RESULT,
        "before": Key("string", "the verdict before; empty for a first result"),
        **keys("string", "who made it, how, and in which Dagster run", "by", "command", "run"),
    },
    "differing_entity": {
        **keys("string", "pair and range (partition key)", "pair", "range"),
        "entity": Key("integer", "its id"),
        **keys("number", "both sides, and events less legacy", "events", "legacy", "difference"),
    },
    "pair_hour": {
        "hour": Key("instant", "its start"),
        "pair": Key("string", "its key"),
        **keys("integer", "counter units that live events lack, and have too many",
               "missing", "phantom"),
    },
}  # fmt: skip
