"""The one document that a command prints with --json: its keys, and how it is printed.

A new command gets a row in DOCUMENTS, calls echo_document, and its page is written again
(output_page). A test holds every document to its row, and another every command to having one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

import click

from metric_assets.cli.shape import Key, Shape, keys

#: Of every document; raised when a key goes or changes its meaning.
SCHEMA_VERSION = 3

#: What every document has, those of errors too.
COMMON: Shape = {
    "schema_version": Key("integer", f"{SCHEMA_VERSION}; raised when a key goes or changes its"
                          " meaning"),
    "ok": Key("boolean", "whether the command ended with 0"),
    "exit_code": Key("integer", "how it ended"),
    "error": Key("string?", "the message, if it ended with 2, 70 or 130"),
}  # fmt: skip

_OUTSIDE: Shape = {
    "beyond_the_grid": Key("[string]", "ids in no partition, in sentences"),
    "outside": Key("[outside]", "the same, a row an entity type"),
}
_WORK: Shape = {
    "sentence": Key("string", "the last line of the table"),
    "pairs": Key("[pair]", "a row a pair"),
    "missed": Key("[missed]", "ranges that could not be planned"),
    "retries": Key("[retry]", "steps that were tried again"),
    "remarks": Key("[string]", "what else should be known"),
    **_OUTSIDE,
}

#: What each command's document has beside COMMON, by the command as it is typed; with an argument
#: in capitals, or an option, where it has another document with it than without.
DOCUMENTS: Mapping[str, Shape] = {
    "backfill": {
        **_WORK,
        **keys("boolean", "as asked for", "dry_run", "heal_live"),
        "load_results": Key("[load_result]", "a row a pair and range"),
        "runs": Key("{string}", "entity type → Dagster run"),
        "failures": Key("{string}", "entity type → why its run failed"),
    },
    "backfill --submit": {
        "sentence": Key("string", "the last line"),
        "heal_live": Key("boolean", "as asked for"),
        "submitted": Key("[submitted]", "a row an entity type"),
        "daemon": Key("boolean", "whether a daemon was heard of lately, which is to begin them"),
        "remarks": Key("[string]", "what else should be known"),
    },
    "reconcile": {
        **_WORK,
        "source": Key("boolean", "whether ranges were compared with their source"),
        "causes": Key("[string]", "where differences come from"),
        "repaired": Key("[string]", "ranges that were loaded again"),
        "strays": Key("[stray]", "rows of no pair or no range"),
        "removed": Key("[string]", "what became of them, in sentences"),
        "run": Key("string", "the Dagster run of the checks"),
        "failure": Key("string", "why it failed; empty if it did not"),
    },
    "report": {
        "sentence": Key("string", "whether all is well, and as of when; the exit code is 0 anyway"),
        "well": Key("boolean", "whether all is well"),
        "target": Key("string", "the table of events"),
        "as_of": Key("instant?", "since then every pair has been summed up; null if none has"),
        "oldest_proof": Key("instant?", "when the range was verified that has waited longest"),
        "pairs": Key("[pair_state]", "a row a pair"),
        "failing_whole": Key("[string]", "ids in no partition, rows of no pair, in sentences"),
        "days": Key("integer", "how far back failures and changes go"),
        "failures": Key("[failed_result]", "the last failed result of each check, pair and range"),
        "worst": Key("[differing_entity]", "entities that differ most from legacy"),
        "drift_hours": Key("[pair_hour]", "live drift as of now"),
        "changes": Key("[changed_result]", "results whose verdict is another than the one before"),
        "page": Key("string?", "the page that was written; null if none was"),
    },
    "explain": {
        "sentence": Key("string", "the last line"),
        "explained": Key("[explained]", "a row a pair and range"),
        "missed": Key("[missed]", "ranges that could not be looked at"),
        "remarks": Key("[string]", "what else should be known"),
    },
    "undo": {"runs": Key("[changed_run]", "runs that changed the target, the newest first")},
    "undo RUN": {
        **keys("boolean", "as asked for", "dry_run", "force"),
        "sentence": Key("string", "what putting back takes"),
        "undoes": Key("changed_run", "the run in question"),
        "ranges": Key("[undone_range]", "a row a pair and range"),
        "refusals": Key("[string]", "why it is not put back"),
        "run": Key("string?", "the Dagster run that did it; null if none was begun"),
        "failure": Key("string", "why it failed; empty if it did not"),
    },
    "local status": {"servers": Key("[server]", "a row a server of the embedded stack")},
    "doctor": {"findings": Key("[finding]", "a row a thing that was examined")},
    "list": {"pairs": Key("[catalog_row]", "a row a pair")},
    "show": {
        "pair": Key("catalog_row", "the pair's row"),
        **keys(
            "string",
            "the target's table; a command that loads its first range",
            "target",
            "materialize",
        ),
        "cutoff": Key("instant?", "null if none is set"),
        "ranges": Key("[string]", "its partitions (partition keys)"),
        "sql": Key("string", "the statement as the file has it"),
        "sample": Key("string", "the statement for a sample, as `--sql` prints it"),
    },
    "ranges": {"entities": Key("[grid]", "a row an entity type")},
}


def echo_document(document: Mapping[str, object], exit_code: int) -> None:
    """Print the document of a command, with what all of them have."""
    common = {"schema_version": SCHEMA_VERSION, "ok": exit_code == 0, "exit_code": exit_code}
    click.echo(json.dumps({**common, "error": None, **document}, indent=2))
