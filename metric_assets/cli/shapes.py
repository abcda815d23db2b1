"""Objects in the documents of --json: which keys they have, of which type, and why."""

from __future__ import annotations

from collections.abc import Mapping

from metric_assets.cli.report_shapes import REPORT_ROWS
from metric_assets.cli.shape import Key, Shape, keys
from metric_assets.cli.shapes_told import TOLD

_PAIR: Shape = {
    "pair": Key("string", "its key, `Entity/Metric`"),
    "rule": Key("rule", "how it is compared with legacy"),
    "status": Key("status", "`ok`, or the gravest thing of both checks"),
    "source_check": Key("source_check", "the counter against its source"),
    "legacy_check": Key("legacy_check", "the events against the legacy counter"),
    **keys("integer", "ranges worked on, compared with their source, compared with legacy",
           "ranges", "verified", "checked"),
    **keys("integer", "rows. Of a range that was retried: `wanted`, `present` and `unchanged` of"
           " the last attempt, `inserted` and `removed` of all",
           "wanted", "present", "inserted", "removed", "unchanged"),
    **keys("integer", "what live events mean for it:"
           " [every figure](../explanation/counter.md#what-is-told)",
           "withdrawn", "overlap", "unsettled", "unsettled_width", "moved", "live_missing",
           "live_phantom", "gone_untold", "orphaned"),
    **keys("number?", "sums of both sides of the comparison with legacy, in counter units; null"
           " where nothing was compared", "events", "legacy"),
    **keys("number", "counter units below and above legacy", "missing", "phantom"),
    "coverage": Key("number?", "1 minus missing over legacy; null where legacy is 0"),
    **keys("[string]", "the ranges in question (partition keys)",
           "differing_ranges", "drifting_ranges", "behind_ranges", "unverified_ranges",
           "unloaded_ranges", "legacy_failing_ranges", "busy_ranges", "failed_ranges"),
    **keys("[string]", "sentences: what the removal guard refuses, what could not be done, what"
           " differs", "refused", "failures", "remarks"),
    "planned": Key("boolean", "whether this was a dry run"),
    "stale": Key("boolean", "whether the oldest verification is too old"),
    "oldest_days": Key("number?", "its age in days"),
}  # fmt: skip

_LIVE: Shape = {
    **keys("integer", "as in a row of `pairs`", "withdrawn", "overlap", "unsettled",
           "unsettled_width", "moved", "live_missing", "live_phantom", "gone_untold", "orphaned"),
    "drift_hours": Key("[drift_hour]", "when live events are missing or too many"),
}  # fmt: skip

_LOAD_RESULT: Shape = {
    "pair": Key("string", "its key"),
    "ids": Key("string", "the range (partition key)"),
    **keys("integer", "rows: of the source, wanted, held before, written, and held afterwards",
           "rows_read", "wanted", "present", "inserted", "removed", "unchanged", "rejected",
           "events"),
    "total": Key("integer", "their sum, in counter units"),
    "seconds": Key("number", "how long it took"),
    "phases": Key("{number}", "seconds of its steps"),
    **keys("string", "what was read: the state of the source, its server, in words",
           "snapshot", "system", "source"),
    "cutoff": Key("instant", "the cutoff that it was made with"),
    "instant": Key("instant?", "what the source showed is as of then"),
    "mode": Key("string", "how surplus is removed"),
    "code_version": Key("string", "the version of the pair's statement and row"),
    "dry_run": Key("boolean", "whether nothing was written"),
    "cleaned_up": Key("[string]", "what dead attempts had left"),
    "incomplete": Key("[string]", "why the source may have shown less than there is"),
    "live": Key("live", "what live events meant for it"),
    "stream": Key("stream", "what the live events of the pair are"),
    "provisional": Key("boolean", "a first load while the stream is behind"),
    "refused": Key("string", "what the removal guard would refuse"),
    "digest": Key("string?", "a hash of the rows held below the cutoff"),
}  # fmt: skip

#: Objects in documents, by the name of their type.
ROWS: Mapping[str, Shape] = {
    **REPORT_ROWS,
    "pair": _PAIR,
    "load_result": _LOAD_RESULT,
    "live": _LIVE,
    "drift_hour": {
        "hour": Key("instant", "its start"),
        **keys("integer", "counter units that live events lack, and have too many",
               "missing", "phantom"),
    },
    "missed": {
        "pairs": Key("[string]", "whose range"),
        "ids": Key("string", "the range that could not be planned"),
        "busy": Key("boolean", "whether another run is at it right now"),
        "reason": Key("string", "why"),
    },
    "submitted": {
        **keys("string", "the entity type, and the backfill that waits", "entity", "backfill"),
        "pairs": Key("[string]", "what it loads"),
        "ranges": Key("[string]", "in which ranges (partition keys)"),
    },
    "retry": {
        "step": Key("string", "what was tried again"),
        "cause": Key("string", "why"),
        "seconds": Key("number", "after how long"),
        **keys("integer", "which attempt it was to be, of how many", "attempt", "attempts"),
    },
    "outside": {
        "entity": Key("string", "the entity type"),
        "ids": Key("integer", "how many ids lie in no partition"),
        **keys("integer?", "the first and the last of them", "lowest", "highest"),
        "samples": Key("[integer]", "some of them"),
        "sentence": Key("string", "what to do"),
    },
    "stray": {
        **keys("string", "what the rows say of themselves", "entity", "metric"),
        "outside": Key("boolean", "the pair is known, and the ids lie in no range"),
        "known": Key("boolean", "the entity type is one of the catalog"),
        "events": Key("integer", "rows"),
        **keys("integer", "the first and the last id", "lowest", "highest"),
        "sentence": Key("string", "what they are"),
    },
    "catalog_row": {
        **keys("string", "the key, and what it counts", "pair", "description"),
        "store": Key("store", "what its scan reads"),
        "scan": Key("string", "the file of its statement"),
        "sources": Key("[string]", "the tables that it reads"),
        **keys("string", "which rows are events, and what each counts", "where", "value"),
        "legacy": Key("string", "the legacy counter"),
        "rule": Key("rule", "how it is compared"),
        **keys("string", "known differences; what a range costs; an index that helps",
               "gap", "range_cost", "index"),
    },
    "grid": {
        "entity": Key("string", "the entity type"),
        "status": Key("covered", "whether every id made before the cutoff lies in a partition"),
        "sentence": Key("string", "what lies outside and what to do; empty if nothing does"),
        **keys("integer", "ids in a range; ranges; the last id", "size", "ranges", "last"),
        "extra": Key("[string]", "ranges apart from the others"),
        "highest": Key("integer?", "the highest id made before the cutoff"),
        "outside": Key("integer", "ids in no partition"),
        **keys("integer?", "the first and the last of them", "outside_lowest", "outside_highest"),
    },
    "finding": {
        "subject": Key("string", "what was examined"),
        "status": Key("finding_status", "whether it is as it should be"),
        **keys("string", "what was found, and what to do", "found", "advice"),
    },
    "server": {
        **keys("string", "which server, where it listens, what else is known",
               "name", "address", "detail"),
        "running": Key("boolean", "whether it runs"),
        "pid": Key("integer?", "its process"),
    },
    **TOLD,
}  # fmt: skip
