"""What a document of --json is made of: keys with types, and lists of codes.

A type is one of JSON's (`string`, `integer`, `number`, `boolean`), `instant` (ISO 8601, UTC),
`any`, a name of CODES, or a name of ROWS (shapes). `[x]` is an array of x, `{x}` an object whose
keys are names and whose values are x; a `?` at the end says that it may be null.
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
    "word": ("equal", "stream_behind", "live_drift", "differs"),
    "sure": ("verified", "consistent", "open"),
    "cause": tuple(cause.value for cause in Cause),
    "state": (
        "equal", "differs", "not_loaded", "live_drift", "legacy_differs", "stream_behind",
        "not_verified", "unchecked", "proof_too_old", "ids_in_no_partition", "rows_of_no_pair",
        "allowed",
    ),
    "verdict": ("passed", "warned", "failed"),
    "check": (
        "matches_source", "matches_legacy", "reconciled", "ids_beyond_grid",
        "every_row_belongs_to_a_pair",
    ),
}  # fmt: skip
