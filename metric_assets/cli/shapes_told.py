"""Objects in the documents of `explain` and `undo`."""

from __future__ import annotations

from collections.abc import Mapping

from metric_assets.cli.shape import Key, Shape, keys

TOLD: Mapping[str, Shape] = {
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
        **keys("string", "pair and range (partition key)", "pair", "ids"),
        "in_sync": Key("boolean", "whether nothing differs"),
        "word": Key("word", "the verdict of the source check"),
        "sentence": Key("string", "the same in words"),
        "source": Key("explanation", "why the counter differs from its source"),
        "legacy": Key("explanation?", "why legacy differs; null where the source check fails"),
        "legacy_allowed": Key("boolean", "whether the pair's rule allows it"),
    },
    "explanation": {
        **keys("string", "pair and range (partition key)", "pair", "ids"),
        "causes": Key("[cause]", "the largest first"),
        "sentence": Key("string", "all of them in words"),
        "note": Key("string", "what was left unread"),
        "findings": Key("[explanation_finding]", "a row a group of rows that differ"),
        "cures": Key("[string]", "what to do"),
    },
    "explanation_finding": {
        "cause": Key("cause", "why they differ"),
        "sentence": Key("string", "the same in words"),
        "sure": Key("sure", "how sure that is"),
        **keys("string", "what was tested, and what it found", "test", "detail"),
        "candidates": Key("[cause]", "what it could be, where it is unknown"),
        **keys("integer", "rows", "missing", "surplus"),
        "live": Key("boolean", "whether these are live events"),
        "entities": Key("integer", "how many are concerned"),
        "worst": Key("[worst_entity]", "those with most rows"),
        "hours": Key("[hour_rows]", "when the rows were made"),
        "samples": Key("[any]", "at most ten rows of both sides: `entityId`, `wanted` and `held`"
                       " with `userId`, `value`, `createdAt`; of legacy `entityId`, `events`,"
                       " `legacy`, `updatedAt`"),
        "cure": Key("string", "what to do"),
    },
    "worst_entity": keys("integer", "an entity and its rows", "entityId", "rows"),
    "hour_rows": {"hour": Key("string", "its start"), "rows": Key("integer", "rows in it")},
}  # fmt: skip
