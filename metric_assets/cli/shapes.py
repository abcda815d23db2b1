"""Shapes of objects in the documents of --json: which keys they have, of which type, and why.

A type is one of JSON's (`string`, `integer`, `number`, `boolean`), `instant` (ISO 8601, UTC),
`any`, a name of CODES, or a name of ROWS. `[x]` is an array of x, `{x}` an object whose keys are
names and whose values are x; a `?` at the end says that it may be null.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from metric_assets.explanation import Cause


class Key(NamedTuple):
    """What a key holds, and what that means."""

    type: str
    meaning: str


#: The keys of an object, all of them always there.
Shape = Mapping[str, Key]


def keys(type_: str, meaning: str, *names: str) -> dict[str, Key]:
    """Several keys of one type and meaning."""
    return dict.fromkeys(names, Key(type_, meaning))


#: Words that programs can compare: they change only with the version of the schema.
CODES: Mapping[str, tuple[str, ...]] = {
    "status": (
        "ok", "differs", "not_loaded", "live_drift", "busy", "stream_behind", "not_verified",
        "failed", "unchecked", "legacy_differs",
    ),
    "source_check": (
        "equal", "differs", "not_loaded", "live_drift", "busy", "stream_behind", "not_verified",
        "failed", "unchecked",
    ),
    "legacy_check": ("agrees", "differs", "not_judged", "unchecked"),
    "rule": (
        "exact_modulo_staleness", "tolerance", "events_at_least_legacy", "legacy_at_least_events",
        "informational",
    ),
    "stream": ("live", "behind", "none", "ignored"),
    "finding_status": ("ok", "remark", "failed"),
    "covered": ("ok", "differs"),
    "store": ("postgres", "clickhouse"),
    "cause": tuple(cause.value for cause in Cause),
    "sure": ("verified", "consistent", "open"),
}  # fmt: skip

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

_FINDING: Shape = {
    "cause": Key("cause", "[what happened](../how-to/explain.md#causes)"),
    "sentence": Key("string", "all of it in words"),
    "sure": Key("sure", "how it is known"),
    "test": Key("string", "by which test"),
    "detail": Key("string", "more of it: a span of time, a value, a user"),
    "candidates": Key("[cause]", "of an unknown cause: what it could be"),
    **keys("integer", "rows that the target lacks, and has too many", "missing", "surplus"),
    "live": Key("boolean", "whether these are live events"),
    "entities": Key("integer", "how many are hit"),
    "worst": Key("[entity_rows]", "those hit worst"),
    "hours": Key("[hour_rows]", "when the rows were created"),
    "samples": Key("[any]", "some rows of both sides: `entityId`, and what is `wanted` and `held`"
                   " with `userId`, `value`, `createdAt`; of legacy `entityId`, `events`,"
                   " `legacy`, `updatedAt`"),
    "cure": Key("string", "what to do"),
}  # fmt: skip

#: Objects in documents, by the name of their type.
ROWS: Mapping[str, Shape] = {
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
    "changed_run": {
        "run": Key("string", "its id"),
        "undoes": Key("string?", "the run that it undid, if it did"),
        **keys("instant", "its first and its last change", "began", "ended"),
        **keys("string", "who began it, where and how", "user", "host", "command"),
        "pairs": Key("[string]", "what it changed"),
        "ranges": Key("integer", "in how many ranges"),
        **keys("integer", "rows", "inserted", "removed"),
    },
    "undone_range": {
        **keys("string", "pair and range (partition key)", "pair", "range"),
        "cutoff": Key("instant", "the cutoff of the change"),
        "previous_cutoff": Key("instant?", "the one that is recorded for it again"),
        "never_loaded_before": Key("boolean", "whether the change was its first load"),
        **keys("integer", "rows: held now, put back, taken out, compensated instead",
               "present", "inserted", "removed", "compensated"),
        "share": Key("number", "of what is held, the share that is taken out"),
        "foreign": Key("integer", "rows that others have changed since"),
        "later_runs": Key("[string]", "runs that have changed it since"),
        "seconds": Key("number", "how long it took"),
    },
    "explained": {
        "pair": Key("string", "its key"),
        "ids": Key("string", "the range (partition key)"),
        "in_sync": Key("boolean", "whether nothing differs, but for what the rule allows"),
        "source_check": Key("source_check", "the counter against its source"),
        "sentence": Key("string", "the same in words"),
        "source": Key("explanation", "why it differs from its source"),
        "legacy": Key("explanation?", "why it differs from legacy; null where the source check"
                      " fails"),
        "legacy_allowed": Key("boolean", "whether the pair's rule lets it differ from legacy"),
    },
    "explanation": {
        **keys("string", "of what: pair and range (partition key)", "pair", "ids"),
        "causes": Key("[cause]", "the largest first; none where nothing differs"),
        "sentence": Key("string", "all causes in words"),
        "note": Key("string", "what was left unread"),
        "findings": Key("[cause_found]", "a row a cause"),
        "cures": Key("[string]", "what to do, in the same order"),
    },
    "cause_found": _FINDING,
    "entity_rows": keys("integer", "an entity, and rows of it", "entityId", "rows"),
    "hour_rows": {
        "hour": Key("string", "its start, UTC"),
        "rows": Key("integer", "rows created in it"),
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
}  # fmt: skip
