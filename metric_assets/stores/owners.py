"""Owners: what a statement or private table of ours says of the attempt that it belongs to.

Belongs here: writing an owner down and reading it again. Does not belong here: finding statements
and tables (target).
"""

from __future__ import annotations

import json
from contextlib import suppress

from metric_assets.ranges import IdRange
from metric_assets.stores.ports import Scope

#: Begins every log comment and table comment of ours.
OWNER = "metric_assets "


def owner_of(table: str, scope: Scope, attempt: str, run: str, *, dry_run: bool) -> str:
    """What an attempt writes on its statements and tables."""
    return OWNER + json.dumps(
        {
            "target": table,
            "attempt": attempt,
            "run": run,
            "entity": scope.entity,
            "metrics": list(scope.metrics),
            "range": scope.ids.key,
            **({"dry_run": True} if dry_run else {}),
        }
    )


def owner_of_part(owner: str, part: IdRange, attempt: str) -> str:
    """What an attempt at one range writes, of several that ``owner`` works on together."""
    said = json.loads(owner.removeprefix(OWNER))
    return OWNER + json.dumps({**said, "attempt": attempt, "range": part.key})


def concerns(owner: str, table: str, scope: Scope) -> bool:
    """Whether an owner is at any pair and id of a scope of ``table``, or owned by nobody."""
    if owner == OWNER:
        return True  # Owned by nobody any more.
    try:
        other = json.loads(owner.removeprefix(OWNER))
        return (
            other["target"] == table
            and other["entity"] == scope.entity
            and not set(other["metrics"]).isdisjoint(scope.metrics)
            and IdRange.parse(other["range"]).overlaps(scope.ids)
        )
    except (ValueError, KeyError, TypeError):
        return False


def attempt_of(owner: str) -> str | None:
    """The attempt that an owner names, if it names one."""
    with suppress(ValueError, KeyError, TypeError):
        return str(json.loads(owner.removeprefix(OWNER))["attempt"])
    return None


def dry_run_of(owner: str) -> str | None:
    """The attempt of a dry run that an owner names; None for any other owner."""
    with suppress(ValueError, KeyError, TypeError, AttributeError):
        other = json.loads(owner.removeprefix(OWNER))
        return str(other["attempt"]) if other.get("dry_run") else None
    return None
