"""A Celery worker that executes runs: `python -m metric_assets.orchestration.celery_worker`.

Belongs here: a worker made from the launcher of the instance's dagster.yaml, so that both read one
configuration. Does not belong here: the launcher (celery_launcher).
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from celery import Celery
from dagster_celery.tasks import create_execute_job_task, create_resume_job_task

from metric_assets.errors import SettingsError
from metric_assets.home import dagster_home
from metric_assets.orchestration.celery_launcher import CeleryLauncher
from metric_assets.orchestration.dagster_private import InstanceRef

#: Each run in a fresh process: what it leaves in memory ends with it. A worker takes no run that it
#: cannot begin at once, so that none is lost with it; workers need nothing of each other.
_ARGUMENTS = (
    "worker",
    "--max-tasks-per-child=1",
    "--disable-prefetch",
    "--without-mingle",
    "--without-gossip",
    "--loglevel=INFO",
)


def build_app() -> Celery:
    """The Celery application of DAGSTER_HOME's launcher, with the tasks that execute runs.

    Dagster's storage is not opened: processes forked from this one must not share its connections.
    Raises SettingsError where dagster.yaml names another launcher.
    """
    home = dagster_home()
    launcher = InstanceRef.from_dir(str(home)).run_launcher
    if not isinstance(launcher, CeleryLauncher):
        raise SettingsError(
            f"DAGSTER_HOME: {home / 'dagster.yaml'} launches runs by {type(launcher).__name__};"
            f" expected run_launcher: {{module: {CeleryLauncher.__module__},"
            f" class: {CeleryLauncher.__name__}}}, as deploy/celery/dagster.yaml has it"
        )
    create_execute_job_task(launcher.celery)
    create_resume_job_task(launcher.celery)
    return launcher.celery


def main(arguments: Sequence[str]) -> None:
    """Work until SIGTERM; runs under way are finished first. Takes options of `celery worker`."""
    build_app().worker_main([*_ARGUMENTS, *arguments])


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except SettingsError as error:
        sys.exit(f"{error}")
