"""Errors of Postgres, its drivers and the poolers in front of it, named by what cures them.

Belongs here: codes and texts, and which error of ours each becomes. Does not belong here: a
connection.
"""

from __future__ import annotations

import re

import adbc_driver_manager
import psycopg
import pyarrow.lib

from metric_assets.errors import (
    MetricAssetsError,
    SchemaDriftError,
    SourceError,
    UnavailableError,
    UnreachableError,
)
from metric_assets.settings import STATEMENT_TIMEOUT
from metric_assets.stores.postgres_cures import cure

#: What a refused or broken statement raises; in the middle of a stream it is Arrow that raises.
BROKEN = (adbc_driver_manager.Error, psycopg.Error, OSError, pyarrow.lib.ArrowException)

#: SQLSTATE classes and codes that another attempt can outlive: connection lost, shutdown,
#: deadlock, serialization, resources, idle too long, a replica's conflict with recovery.
_TRANSIENT = ("08", "25P03", "25P04", "40", "53", "57P", "58", "55P03")
#: Undefined or wrongly typed tables and columns.
_DRIFT = ("42703", "42P01", "42804", "42883", "42846", "22P02")
_TIMED_OUT = "57014"
#: How the server says so, and that it refuses, where only the text is known.
_ENDED = re.compile(r"ERROR: +canceling statement due to (statement timeout|user request)")
_REFUSED = re.compile(r"ERROR: +(?!canceling statement|terminating connection)")
_HIDDEN = re.compile(r'row-level security policy for table "?([^"\s]+)')

#: A pool that may have no server connection left; waiting may help, a larger pool does.
_POOL = re.compile(r"query_wait_timeout|no more connections allowed|no answer within")


def translate(
    what: str, error: Exception, name: str, timeout: float, secret: str | None
) -> MetricAssetsError:
    """The error of ours for one of BROKEN; ``name`` is the setting that holds the URL,
    ``timeout`` the statement's, in seconds, and ``secret`` is blotted out.

    A connection that broke is worth another attempt, a refusal is not.
    """
    state = getattr(error, "sqlstate", None) or ""
    text = str(error).strip()
    # An error in the middle of a stream comes through Arrow, which knows no code.
    if not state and _ENDED.search(text):
        state = _TIMED_OUT
    advice = cure(text, state, name)
    if secret:
        text = text.replace(secret, "***")
    if state == _TIMED_OUT:
        return SourceError(
            f"{what}: the source ended the statement after {timeout:g} s or on request: {text}."
            " Smaller ranges, an index (`metric-assets doctor`) or"
            f" {STATEMENT_TIMEOUT} help"
        )
    if hidden := _HIDDEN.search(text):
        return SourceError(
            f'{what}: row security of "{hidden[1].strip(chr(34))}" would hide rows from this role,'
            f" so counts would fall short. Use a role that has BYPASSRLS in {name}, or the"
            " table's owner"
        )
    if state.startswith(_DRIFT) and not advice:
        return SchemaDriftError(f"{what}: the source is not as the statement expects: {text}")
    if advice:
        return UnreachableError(f"{what}: Postgres cannot be reached: {text}. {advice}")
    broken = not state and not _REFUSED.search(text)
    if broken or state.startswith(_TRANSIENT):
        pool = ""
        if _POOL.search(text):
            pool = ". Behind a pooler: a run needs two server connections of its pool at once"
        return UnavailableError(
            f"{what}: Postgres cannot be reached or broke off: {text or type(error).__name__}{pool}"
        )
    return SourceError(f"{what}: Postgres refused: {text}")
