"""The command `metric-assets`: the group, its errors and exit codes.

Belongs here: what all commands share. Does not belong here: a command (a module each), or how one
ends (exits).
"""

from __future__ import annotations

import gc
import logging
import os
import sys

import click

from metric_assets.cli import (
    backfill,
    catalog,
    doctor,
    explain,
    local,
    ranges,
    reconcile,
    report,
    ui,
    undo,
)
from metric_assets.cli.environment import load_environment
from metric_assets.cli.exits import INTERRUPTED, end
from metric_assets.orchestration.interruptions import handled, ignore_signals


class _Group(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every command, in the order of a first day."""
        del ctx
        return list(self.commands)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="metric-assets")
def cli() -> None:
    """Backfill entity metric events into ClickHouse, and check that the counters are right."""
    load_environment()


for _command in (
    local.demo,
    ui.ui,
    backfill.backfill,
    reconcile.reconcile,
    report.report,
    explain.explain,
    undo.undo,
    local.local,
    doctor.doctor,
    catalog.list_,
    catalog.show,
    ranges.ranges,
):
    cli.add_command(_command)


def main() -> None:
    """The console script."""
    # Imports and definitions make hundreds of thousands of objects that stay: looking for garbage
    # among them every 700 objects would take half a second of a command.
    gc.set_threshold(100_000, 50, 100)
    os.environ.setdefault("DAGSTER_DISABLE_TELEMETRY", "1")
    # Planned and recorded materializations of a range go to Dagster's storage together.
    os.environ.setdefault("DAGSTER_EVENT_BATCH_SIZE", "500")
    # What the driver logs of an error, the error itself says better.
    logging.getLogger("clickhouse_connect").addHandler(logging.NullHandler())
    # Commands say themselves what differs; alerts are for those who do not look.
    logging.getLogger("metric_assets.alerts").addHandler(logging.NullHandler())
    with handled():
        code = end(lambda: cli.main(standalone_mode=False))
        if code == INTERRUPTED:
            ignore_signals()
    sys.exit(code)
