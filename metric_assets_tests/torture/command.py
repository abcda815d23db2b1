"""`metric-assets backfill` in a process of its own, which strikes at a point of its own work.

Belongs here: the real command with a trap before and after whatever Dagster records as
materialized. Does not belong here: anything the command would not do by itself.
"""

from __future__ import annotations

import contextlib
import faulthandler
import io
import json
import logging
import os
import sys
from typing import Any

import dagster as dg

from metric_assets_tests.torture.child import Point, Trap, say

_RECORD = "dagster/record"


def watched(trap: Trap) -> None:
    """Have Dagster's instances take a step of the trap with every materialization they record."""
    record = dg.DagsterInstance.handle_new_event

    def recording(instance: dg.DagsterInstance, event: Any, *more: Any, **named: Any) -> Any:
        inner = event.dagster_event
        if inner is None or inner.event_type is not dg.DagsterEventType.ASSET_MATERIALIZATION:
            return record(instance, event, *more, **named)
        with trap.around(_RECORD):
            return record(instance, event, *more, **named)

    dg.DagsterInstance.handle_new_event = recording  # type: ignore[assignment]


def main() -> None:
    """Wait for an order on standard input, then be the command."""
    faulthandler.enable()
    logging.disable(logging.CRITICAL)
    line = sys.stdin.readline()
    if not line:
        return
    order = json.loads(line)
    os.environ.update(order["environ"])
    watched(Trap(Point(**order["point"]) if order["point"] else None))
    # Definitions are made when this is imported, from the variables as they are by then.
    from metric_assets.cli import main as command

    sys.argv = ["metric-assets", "backfill", *order["pairs"]]
    code: object = 0
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        try:
            command()
        except SystemExit as left:
            code = left.code
    say(finished=code)


if __name__ == "__main__":
    main()
