"""Dagster's instance as our commands open it: its errors told in a sentence, dead runs ended.

Belongs here: what happens around an instance, and whether its storage answers at all.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg
import sqlalchemy.exc

from metric_assets.connect import open_dagster_storage
from metric_assets.errors import (
    MetricAssetsError,
    SettingsError,
    UnavailableError,
    UnreachableError,
)
from metric_assets.home import dagster_home
from metric_assets.orchestration.dagster_private import (
    IN_PROGRESS_RUN_STATUSES,
    DagsterPostgresException,
)
from metric_assets.orchestration.processes import HOST, PROCESS, is_gone
from metric_assets.orchestration.storage import keep_connections, show_pools
from metric_assets.settings import DAGSTER_POSTGRES_URL
from metric_assets.sql import load

#: States of a run that nobody may be working on any more.
_OPEN = [*IN_PROGRESS_RUN_STATUSES, dg.DagsterRunStatus.NOT_STARTED]
_STORAGE = (sqlalchemy.exc.SQLAlchemyError, DagsterPostgresException)


def dagster_answers() -> None:
    """Raise before an instance is opened, which would try for long, if its storage does not answer.

    Where DAGSTER_HOME has a dagster.yaml with another storage, Dagster itself finds out.
    """
    file = dagster_home() / "dagster.yaml"
    try:
        configured = file.read_text(encoding="utf-8") if file.exists() else ""
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"DAGSTER_HOME: {file} cannot be read: {error}") from None
    if DAGSTER_POSTGRES_URL not in configured:
        return
    given = os.environ.get(DAGSTER_POSTGRES_URL)
    try:
        with open_dagster_storage(given) as storage:
            storage.frame(load("postgres/alive"), {})
    except SettingsError:
        raise
    except MetricAssetsError as error:
        raise UnreachableError(
            f"{DAGSTER_POSTGRES_URL}: Dagster's storage does not answer: {error}"
        ) from None


@contextmanager
def open_instance() -> Iterator[dg.DagsterInstance]:
    """The instance of DAGSTER_HOME.

    Raises SettingsError if it cannot be opened, UnavailableError if its storage breaks off.
    """
    try:
        instance = dg.DagsterInstance.get()
    except _STORAGE as error:
        raise _broken(error) from None
    except MetricAssetsError:
        raise
    except Exception as error:
        raise SettingsError(
            f"DAGSTER_HOME: Dagster's instance cannot be opened: {type(error).__name__}:"
            f" {_first_line(error)}. Look at the dagster.yaml in it"
        ) from None
    with instance:
        keep_connections(instance)
        try:
            show_pools(instance)
            yield instance
        except _STORAGE as error:
            raise _broken(error) from None


def end_dead_runs(instance: dg.DagsterInstance) -> list[str]:
    """End the runs of commands whose process is gone without having said so; in words.

    A run of another machine is named only: nobody here can tell whether it is alive.
    """
    sentences = []
    for run in instance.get_runs(dg.RunsFilter(statuses=_OPEN)):
        process = run.tags.get(PROCESS, "")
        if not process or run.parent_run_id:
            # A run that the UI made of another has its tags, and a process of its own.
            continue
        gone = is_gone(process)
        host = run.tags.get(HOST, "another machine")
        if gone:
            ended = f"its process {process.split()[1]} on {host} was killed"
            instance.report_run_failed(run, f"{ended}; a later command noticed and ended the run")
            sentences.append(f"run {run.run_id}: {ended}, so the run was ended")
        elif gone is None:
            sentences.append(
                f"run {run.run_id}: {run.status.value} on {host}; if nothing works on it there any"
                " more, terminate it in the UI"
            )
    return sentences


def _broken(error: Exception) -> UnavailableError:
    cause = getattr(error, "orig", None) or error.__cause__ or error
    return UnavailableError(
        f"{DAGSTER_POSTGRES_URL}: Dagster's storage cannot be reached or broke off:"
        f" {_first_line(cause)}. What was loaded is kept; run the same command again"
    )


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
