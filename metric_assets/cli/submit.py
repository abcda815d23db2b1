"""`metric-assets backfill --submit`: what is told of work that was handed to Dagster's daemon.

Does not belong here: what the daemon is given (orchestration/submitting).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from metric_assets.cli.documents import echo_document

if TYPE_CHECKING:
    # Imported where they are used: Dagster costs seconds that `--help` need not pay.
    from metric_assets.operations.backfill import Work
    from metric_assets.settings import Settings

_NO_DAEMON = (
    "no daemon of Dagster has been heard of in the last two minutes: nothing is begun before one"
    " runs on this instance; `metric-assets ui` starts one"
)


def submit(work: Sequence[Work], settings: Settings, *, heal: bool, as_json: bool) -> None:
    """Hand the work to the daemon and say so; raises what orchestration's submit() raises."""
    from metric_assets.orchestration import submitting
    from metric_assets.orchestration.instance import dagster_answers
    from metric_assets.orchestration.running import quiet_dagster

    dagster_answers()
    quiet_dagster()
    handed = submitting.submit(work, settings, heal=heal)
    sentence = (
        f"{len(handed.submitted)} backfills wait for Dagster's daemon, which makes their runs; see"
        " them in `metric-assets ui`, and what came of them by `metric-assets reconcile`"
    )
    remarks = [] if handed.daemon else [_NO_DAEMON]
    if as_json:
        echo_document(
            {
                "sentence": sentence,
                "heal_live": heal,
                "submitted": [one.as_dict() for one in handed.submitted],
                "daemon": handed.daemon,
                "remarks": remarks,
            },
            0,
        )
        return
    for one in handed.submitted:
        click.echo(one.sentence)
    for remark in remarks:
        click.echo(remark, err=True)
    click.echo(sentence)
